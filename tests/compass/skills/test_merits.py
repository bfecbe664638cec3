"""What is known of a library's texts, from its store or from a run's copy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.errors import InputError
from compass.skills.library import Merit, load_library
from compass.skills.merits import FILE, copy_of, known_library, merits_hash
from compass.skills.store import Candidate, Judgement, Store
from tests.compass.skills.making import skill, text_of, write

TRIAL = {"pairs": 160, "candidate_wins": 90, "difference": 0.12, "interval": [0.041, 0.2]}


@pytest.fixture
def folder(tmp_path):
    """Twelve skills for any unit, of which one was admitted after a trial and one edited by hand since the last look."""
    folder = write(tmp_path / "library", (skill(f"s{at:02}", tasks=["engage"]) for at in range(12)))
    store = Store(folder)
    parent = skill("s03", tasks=["engage"]).sha256
    candidate = Candidate("s03", text_of("s03", tasks=["engage"], says="wins"), "scripted", parent, "", None, None, {})
    assert store.judge(store.submit(candidate), Judgement("admitted", "", {}, TRIAL, 320)).verdict == "admitted"
    (folder / "s05.py").write_text(text_of("s05", tasks=["engage"], says="by hand"))
    return folder


def test_the_trial_of_a_text_proves_its_lower_end_and_edits_are_not_known(folder):
    library = known_library(folder)
    known = {each.name: library.merits.get(each.sha256) for each in library.skills.values()}
    assert known["s05"] is None
    assert known["s03"].proven == 0.041 and known["s00"].proven == 0.0
    assert known["s03"].since >= known["s00"].since > "2026"
    assert Store(folder).live().merits[library.skills["s03"].sha256] == known["s03"]


def test_a_text_that_comes_back_keeps_its_proof_and_one_that_replaced_it_has_none(folder):
    store = Store(folder)
    proven = load_library(folder).skills["s03"].sha256
    (folder / "s03.py").write_text(text_of("s03", tasks=["engage"], says="edited"))
    store.notice()
    library = known_library(folder)
    assert library.merits[library.skills["s03"].sha256].proven == 0.0
    store.revert("s03", 2)
    assert known_library(folder).merits[proven].proven == 0.041


def test_an_edit_by_hand_that_was_tried_has_proven_as_much_as_its_trial_says(folder):
    store = Store(folder)
    store.notice()
    store.record_trial("s05", 2, Judgement("admitted", "", {}, TRIAL, 320))
    library = known_library(folder)
    assert library.merits[library.skills["s05"].sha256].proven == 0.041
    store.record_trial("s05", 2, Judgement("undecided", "", {}, TRIAL, 320))
    assert known_library(folder).merits[library.skills["s05"].sha256].proven == 0.0


def test_a_text_that_came_back_proves_nothing_by_beating_what_replaced_it(folder):
    good = (folder / "s06.py").read_text()
    store = Store(folder)
    for text in (text_of("s06", tasks=["engage"], says="worse"), good):
        (folder / "s06.py").write_text(text)
        store.notice()
    store.record_trial("s06", 3, Judgement("admitted", "", {}, TRIAL, 320))
    library = known_library(folder)
    assert library.merits[library.skills["s06"].sha256].proven == 0.0


@pytest.mark.parametrize(
    "trial", [None, {"pairs": 4}, {"interval": []}, {"interval": "wide"}, {"interval": [-0.3, 0.1]}]
)
def test_a_trial_that_shows_no_gain_proves_nothing(folder, trial):
    store = Store(folder)
    text = text_of("s07", tasks=["engage"], says="other")
    parent = load_library(folder).skills["s07"].sha256
    proposed = Candidate("s07", text, "scripted", parent, "", None, None, {})
    store.judge(store.submit(proposed), Judgement("admitted", "", {}, trial, 0))
    library = known_library(folder)
    assert library.merits[library.skills["s07"].sha256].proven == 0.0


def test_where_all_skills_are_offered_nothing_else_is_read(folder):
    (folder / ".library" / "format").write_text("99")
    assert known_library(folder, top_k=12).merits == {}
    with pytest.raises(InputError, match="of format 99"):
        known_library(folder, top_k=11)


def test_a_copy_has_the_same_merits_and_a_plain_library_no_file_of_them(folder, tmp_path):
    library = known_library(folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, text in copy_of(library).items():
        (copy / name).write_text(text)
    again = known_library(copy)
    assert again.merits == library.merits and merits_hash(again) == merits_hash(library) is not None
    plain = load_library(folder)
    assert FILE not in copy_of(plain) and merits_hash(plain) is None
    assert merits_hash(replace(plain, merits={"a": Merit(0.1)})) != merits_hash(
        replace(plain, merits={"a": Merit(0.2)})
    )


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {"proven": "much", "since": ""}}', '{"a": {}}'])
def test_a_damaged_file_of_merits_is_named(folder, tmp_path, content):
    copy = write(tmp_path / "copy", known_library(folder).skills.values())
    (copy / FILE).write_text(content)
    with pytest.raises(InputError, match=r"merits\.json is damaged"):
        known_library(copy)
