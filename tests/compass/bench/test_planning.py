"""What planning is worth: the search for the best skills that never change."""

from __future__ import annotations

from collections.abc import Sequence

from compass.bench.planning import Search, SkillByType

SHELVES = {"marine": ["a", "b", "c"], "marauder": ["a", "b"], "medivac": ["h"]}
START = {"marine": "a", "marauder": "a", "medivac": "h"}


def search(wins: dict[tuple[str, str], int]) -> tuple[SkillByType, list[int], list[list[SkillByType]]]:
    """What a search finds where (marine's, marauder's skill) win as told: the best, the trials' wins, the groups played."""
    groups: list[list[SkillByType]] = []

    def count_wins(candidates: Sequence[SkillByType]) -> list[int]:
        groups.append(list(candidates))
        return [wins.get((skills["marine"], skills["marauder"]), 0) for skills in candidates]

    found = Search(SHELVES, count_wins)
    best = found.best(START)
    played = [skills for group in groups for skills in group]
    assert played == [trial.skills for trial in found.trials]
    assert all(skills not in played[:at] for at, skills in enumerate(played)), "nothing is played twice"
    return best, [trial.wins for trial in found.trials], groups


def test_one_unit_type_is_changed_at_a_time_and_the_winner_kept() -> None:
    best, wins, groups = search({("a", "a"): 5, ("b", "a"): 7, ("c", "a"): 6, ("b", "b"): 9, ("a", "b"): 8})
    assert best == {"marine": "b", "marauder": "b", "medivac": "h"}
    assert wins == [5, 7, 6, 9, 8, 0]  # the second round tries the marine's other skills beside the marauder's new one
    assert [len(group) for group in groups] == [3, 1, 2]


def test_a_later_round_can_return_to_what_an_earlier_one_left() -> None:
    best, *_ = search({("a", "a"): 5, ("b", "a"): 7, ("b", "b"): 9, ("a", "b"): 10})
    assert best == {"marine": "a", "marauder": "b", "medivac": "h"}


def test_equals_change_nothing() -> None:
    best, wins, _ = search({(marine, marauder): 4 for marine in "abc" for marauder in "ab"})
    assert best == START
    assert wins == [4] * 4
