"""The rule by which skills are ranked, and what planners are offered of a shelf."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.skills.library import Library, Merit, Skill, load_library
from compass.skills.retrieval import Shelf, Shelves, rank
from tests.compass.skills.making import skill, text_of, write

TASKS = ("engage", "kite", "flee", "area of effect")
KINDS = ("any", "stalker", "marine, stalker", "zealot")
MERITS = st.builds(Merit, st.sampled_from([0.0, 0.021, 0.1]), st.sampled_from(["", "2026-01-01", "2026-03-01"]))
TEXTS = st.sampled_from(["", "kite", "engage the near zealots", "flee now", "nothing of this", "area of effect"])


@st.composite
def skills_with_merits(draw: st.DrawFn, most: int = 16) -> tuple[list[Skill], dict[str, Merit]]:
    found = [
        skill(
            f"s{at}",
            draw(st.sampled_from(KINDS)),
            draw(st.lists(st.sampled_from(TASKS), max_size=3, unique=True)),
            draw(st.sampled_from(["kite and flee", "engage near zealots", "stand", "kite kite kite"])),
        )
        for at in range(draw(st.integers(1, most)))
    ]
    return draw(st.permutations(found)), {each.sha256: draw(MERITS) for each in found}


def names(found: object) -> list[str]:
    return [getattr(each, "skill", each).name for each in found]


@settings(max_examples=60)
@given(skills_with_merits(), TEXTS)
def test_a_ranking_is_a_permutation_that_no_order_of_the_skills_changes(made, text):
    skills, merits = made
    ranked = rank(skills, text, merits)
    assert sorted(names(ranked)) == sorted(each.name for each in skills)
    assert ranked == rank(sorted(skills, key=lambda each: each.name), text, merits)
    if text:
        assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)


@settings(max_examples=60)
@given(skills_with_merits(), TEXTS, st.integers(1, 12))
def test_a_shelf_offers_at_most_top_k_skills_for_its_unit_type(made, text, top_k):
    skills, merits = made
    library = Library(
        Path("made"), {each.name: each for each in sorted(skills, key=lambda each: each.name)}, (), merits
    )
    for unit_type in ("stalker", "zealot", "medivac"):
        shelf = Shelves(library, top_k).of(unit_type)
        fitting = library.for_unit(unit_type)
        assert tuple(shelf) == fitting
        for offered in (shelf.find(text), shelf.overview()):
            assert len(offered) == min(top_k, len(fitting)) and set(names(offered)) <= set(names(fitting))
            if shelf.all_offered:
                assert offered == fitting


@settings(max_examples=60)
@given(skills_with_merits(), st.integers(1, 12))
def test_a_skill_is_found_for_every_sub_task_that_any_serves(made, top_k):
    shelf = Shelf(*made[:1], top_k, made[1])
    for task in {task for each in shelf for task in each.tasks}:
        assert any(task in each.tasks for each in shelf.find(task))
    tasks = {task for each in shelf for task in each.tasks}
    if len(tasks) <= top_k:
        assert {task for each in shelf.overview() for task in each.tasks} == tasks


def test_skills_that_serve_the_sub_task_come_first_and_main_tasks_before_others():
    talks = skill("talks", "stalker", says="kite, kite and kite the zealot, kite")
    second = skill("second", "stalker, zealot", ["engage", "kite"])
    first = skill("first", "any", ["kite"])
    assert names(rank([talks, second, first], "kite")) == ["first", "second", "talks"]
    assert [each.task for each in rank([talks, second, first], "Kite the zealots")] == ["kite", "kite", None]
    alone = skill("alone", "stalker", ["engage", "kite"])
    assert names(rank([talks, second, first, alone], "kite")) == ["alone", "first", "second", "talks"]


def test_the_text_beyond_the_sub_task_tells_those_apart_that_serve_it():
    near = skill("near", "any", ["engage"], "fights whoever is near")
    area = skill("area", "any", ["engage"], "hits many with area damage")
    assert names(rank([near, area], "engage with area damage")) == ["area", "near"]
    assert names(rank([near, area], "engage whoever is near")) == ["near", "area"]


def test_at_equal_text_fewer_unit_types_come_first_then_the_proven_then_the_recent_then_the_name():
    kinds = {
        "d_one": "stalker",
        "c_two": "stalker, zealot",
        "b_any": "any",
        "a_any": "any",
        "e_any": "any",
        "f_any": "any",
    }
    skills = [skill(name, unit_types, ["kite"]) for name, unit_types in kinds.items()]
    sha = {each.name: each.sha256 for each in skills}
    merits = {sha["f_any"]: Merit(0.05, "2026-01-01"), sha["e_any"]: Merit(0.0, "2026-02-01")}
    merits |= {sha["a_any"]: Merit(0.0, "2026-01-01"), sha["b_any"]: Merit(0.0, "2026-01-01")}
    expected = ["d_one", "c_two", "f_any", "e_any", "a_any", "b_any"]
    assert names(rank(skills, "kite", merits)) == expected
    assert names(rank(skills, "nobody says this", merits)) == expected


def test_without_a_text_only_proof_and_recency_count():
    skills = [skill("a_stalker", "stalker", ["kite"]), skill("b_any"), skill("c_any"), skill("d_any")]
    known = (Merit(0.0, "2026-01-01"), Merit(0.051, "2026-01-01"), Merit(0.0, "2026-05-01"), Merit())
    merits = {each.sha256: merit for each, merit in zip(skills, known, strict=True)}
    assert names(rank(skills, " ", merits)) == ["b_any", "d_any", "c_any", "a_stalker"]


def test_a_hundredth_of_a_point_is_no_proof_but_a_newer_version_is_newer():
    old, new = skill("old"), skill("new")
    merits = {old.sha256: Merit(0.0504, "2026-01-01"), new.sha256: Merit(0.0501, "2026-01-02")}
    assert names(rank([old, new], "", merits)) == ["new", "old"]


def test_what_was_found_is_not_ranked_again():
    shelf = Shelf([skill(f"s{at}", tasks=["kite"]) for at in range(5)], top_k=2)
    assert shelf.find("kite") is shelf.find("kite") and len(shelf.find("kite")) == 2


def test_a_changed_file_is_found_by_what_it_says_now(tmp_path):
    many = [skill(f"s{at}", tasks=["engage"], says="fights") for at in range(6)]
    folder = write(tmp_path / "library", many)
    shelf = Shelves(load_library(folder), top_k=2).of("marine")
    assert "s5" not in names(shelf.find("juggle"))
    (folder / "s5.py").write_text(text_of("s5", tasks=["engage"], says="can juggle"))
    assert names(Shelves(load_library(folder), top_k=2).of("marine").find("juggle"))[0] == "s5"
    (folder / "s5.py").write_text(text_of("s5", tasks=["engage"], says="fights"))
    assert "s5" not in names(Shelves(load_library(folder), top_k=2).of("marine").find("juggle"))


@pytest.mark.parametrize("best", [0, 4])
def test_another_measure_of_fit_can_be_given(best):
    skills = [skill(f"s{at}", says="kite") for at in range(5)]
    scores = [0.9 if at == best else 0.3 for at in range(5)]
    assert names(Shelf(skills, top_k=2).find_by("kite", lambda text: scores))[0] == f"s{best}"
