"""Trials of real libraries: better is admitted, worse is not, and what nobody chooses or what breaks ends at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from compass.errors import InputError
from compass.skills.library import Broken, Library, Merit, Skill
from compass.trial.arena import Arena
from compass.trial.sequential import PairedTest, Verdict
from compass.trial.trial import CHECKED, FIRST_LOOK, LOOK, changed_skills, try_candidate, with_skill
from compass.types import Outcome
from envs.scenario_file import load_scenario
from tests.compass.trial.libraries import FIGHT, library_of, unchecked

FIGHTERS = library_of(skill=FIGHT)
IDLE = library_of(skill="return stop()")


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena(load_scenario("protoss_5_vs_5"), workers=1) as made:
        yield made


def test_a_better_candidate_is_admitted_and_a_worse_one_rejected(arena: Arena) -> None:
    looks: list[int] = []
    better = try_candidate(arena, IDLE, FIGHTERS, seed=100, progress=lambda test: looks.append(test.pairs))
    assert better.verdict is Verdict.ADMITTED and better.changed == ("skill",) and better.difference > 0
    assert better.interval[0] >= 0 and better.candidate_only > better.parent_only
    assert looks == list(range(FIRST_LOOK, better.pairs, LOOK))
    assert (
        better.episodes == 2 * better.pairs + min(CHECKED, better.candidate_only)
        and better.chosen == better.plans > 0
        and not better.faults
    )
    seeds = range(100, 100 + better.pairs)
    ours, theirs = (arena.play(library, seeds) for library in (FIGHTERS, IDLE))
    assert better.steps > sum(result.length for result in ours + theirs)
    assert better.candidate_wins == sum(result.outcome is Outcome.WIN for result in ours)
    assert orjson.loads(orjson.dumps(asdict(better)))["verdict"] == "admitted"

    worse = try_candidate(arena, FIGHTERS, IDLE, seed=100)
    assert worse.verdict is not Verdict.ADMITTED and worse.difference < 0


def test_a_change_that_changes_nothing_stays_undecided(arena: Arena) -> None:
    same = library_of(skill="# the same, said otherwise\n" + FIGHT)
    result = try_candidate(arena, FIGHTERS, same, PairedTest(cap=FIRST_LOOK + 8))
    assert result.verdict is Verdict.UNDECIDED and result.pairs == FIRST_LOOK + 8
    assert result.candidate_only == result.parent_only == 0 and result.difference == 0.0
    with pytest.raises(InputError, match="has this very skill"):
        try_candidate(arena, FIGHTERS, FIGHTERS)
    with pytest.raises(InputError, match="seeds run from 0"):
        try_candidate(arena, FIGHTERS, same, seed=-1)


def test_a_skill_that_nobody_chooses_is_rejected_without_the_parents_battles(arena: Arena) -> None:
    spare = replace(FIGHTERS.skills["skill"], name="spare", tasks=(), sha256="other")
    result = try_candidate(arena, FIGHTERS, with_skill(FIGHTERS, spare))
    assert result.verdict is Verdict.REJECTED and result.reason == f"never chosen in {FIRST_LOOK} battles: spare"
    assert result.episodes == FIRST_LOOK and result.pairs == 0


def test_a_skill_that_loses_its_process_is_rejected(arena: Arena) -> None:
    greedy = library_of(skill="if obs.step == 3:\n    return len([0] * 10**9)\n" + FIGHT)
    result = try_candidate(arena, FIGHTERS, greedy, PairedTest(cap=4))
    assert result.verdict is Verdict.REJECTED and result.reason.startswith("lost its process (memory)")
    assert result.faults["memory"] > 0


def test_what_wins_only_among_other_battles_is_not_admitted(arena: Arena) -> None:
    """Hostile code can tell battles that share its process from one alone, and carry what it learns from one to another."""
    served = "len(random._os.sys._getframe(2).f_locals['self']._battles)"
    cheat = unchecked(f"if {served} == 1:\n    return stop()\n" + FIGHT)
    result = try_candidate(arena, IDLE, cheat, seed=100)
    assert result.verdict is Verdict.REJECTED and "goes otherwise when it is played alone" in result.reason
    assert result.candidate_only > result.parent_only and result.episodes == 2 * result.pairs + min(
        CHECKED, result.candidate_only
    )


def test_mistakes_that_cost_an_answer_are_counted_and_named(arena: Arena) -> None:
    clumsy = library_of(skill="if obs.step % 2:\n    return 99\n" + FIGHT)
    result = try_candidate(arena, FIGHTERS, clumsy, PairedTest(cap=4))
    assert set(result.faults) == {"illegal"} and "answered 99" in result.first_fault


def test_what_changed_and_how_a_library_takes_a_skill() -> None:
    other = library_of(skill="return stop()", another=FIGHT)
    assert changed_skills(FIGHTERS, other) == ("skill", "another")
    assert changed_skills(other, FIGHTERS) == ("skill",)
    broken = Broken("another.py", 3, "no good")
    library = Library(Path("made"), FIGHTERS.skills, (broken, Broken("left.py", 1, "no good")))
    added: Skill = other.skills["another"]
    mended = with_skill(library, added)
    assert list(mended.skills) == ["another", "skill"] and mended.broken == library.broken[1:]


def test_a_changed_skill_counts_for_what_it_replaces_until_it_has_proven_something() -> None:
    library, changed = library_of(fighter=FIGHT), library_of(fighter=f"{FIGHT}  # changed").skills["fighter"]
    known = {library.skills["fighter"].sha256: Merit(0.1, "2026-01-01")}
    library = replace(library, merits=known)
    assert with_skill(library, changed).merits[changed.sha256] == Merit(0.1, "2026-01-01")
    proven = replace(library, merits={**known, changed.sha256: Merit(0.2, "2026-02-01")})
    assert with_skill(proven, changed).merits[changed.sha256] == Merit(0.2, "2026-02-01")
    assert with_skill(library, replace(changed, name="another")).merits == known
