"""The exact checks: they hold, and say so when something does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.bench import exact
from envs.exact.expected import Duel, Kill, Outcome, Wound, expected


def given(monkeypatch, **changes):
    """The checks with other expected values."""
    monkeypatch.setattr(exact, "expected", lambda: replace(expected(), **changes))


def test_quanta_hold():
    found = list(exact.quanta())
    assert len(found) == 15
    assert [check for check in found if not check.holds] == []


def test_a_pair_that_needs_other_hits_or_another_time_fails(monkeypatch):
    right = next(kill for kill in expected().kills if (kill.attacker, kill.target) == ("stalker", "zealot"))
    wrong = [replace(right, hits=12), replace(right, seconds=right.seconds - 1), Kill("baneling", "marine", 1, None)]
    given(monkeypatch, kills=(right, *wrong))
    found = list(exact.kills())
    assert [check.holds for check in found] == [True, False, False, False]
    assert found[0].expected == "13 hits, 22.61 s" and found[0].measured.startswith("13 hits, 22.6")


def test_other_damage_and_other_regeneration_fail(monkeypatch):
    regeneration = {"zerg": 0.0625, "shields": 0.125, "delay": 16}
    wounds = (Wound("zealot", "stalker", 8, 8), *(each for each in expected().wounds if each.attacker != "zealot"))
    given(monkeypatch, wounds=wounds, regeneration=regeneration)
    fails = [check.name for check in exact.quanta() if not check.holds]
    assert fails[0] == "a hit of a zealot on a stalker, on life"
    assert "zergling: life per loop" in fails and "zealot: shield per loop, and the wait" in fails
    assert fails[-1] == "2s_vs_1sc: losses of a step"


def test_mirrors_are_of_all_who_walk_and_fight_twice(monkeypatch):
    monkeypatch.setattr(exact, "MIRRORS", 100)
    found = list(exact.mirrors())
    assert [check.name.split()[1] for check in found] == [
        *("colossus", "hydralisk", "marauder", "marine", "stalker", "zealot", "zergling")
    ]
    assert all(check.holds for check in found)
    monkeypatch.setattr(exact, "mirror", lambda battle, name, key: (1.0, 0.0) if key % 10 < 8 else (0.0, 1.0))
    assert not any(check.holds for check in exact.mirrors())


def test_duels_fail_by_chance_life_or_loops(monkeypatch):
    monkeypatch.setattr(exact, "DUELS", 100)
    right = Duel(1, "stalker", 1, "zealot", 0.0, 0.0, 63.0, 207.4)
    wrong = [replace(right, chance=0.2), replace(right, left_second=85.0), replace(right, loops=230.0)]
    given(monkeypatch, duels=(right, *wrong))
    assert [check.holds for check in exact.duels()] == [True, False, False, False]


def test_the_square_law_is_checked_on_its_duel(monkeypatch):
    monkeypatch.setattr(exact, "DUELS", 40)
    ten = next(duel for duel in expected().duels if (duel.n, duel.m) == (10, 9))
    given(monkeypatch, duels=(ten,))
    assert [check.holds for check in exact.duels()] == [True, True]
    given(monkeypatch, duels=(ten,), lanchester=expected().lanchester | {"left": 6.0})
    assert [check.holds for check in exact.duels()] == [True, False]


@pytest.mark.parametrize(
    ("attacker", "target", "attack"),
    [
        ("zealot", "marine", 16.0),
        ("colossus", "zealot", 30.0),
        ("stalker", "zealot", 13.0),
        ("marauder", "stalker", 20.0),
    ],
)
def test_one_attack_is_all_its_hits_with_their_bonus(attacker, target, attack):
    assert exact.one_attack(attacker, target) == attack


def test_crowds_and_outcomes_that_do_not_come_fail(monkeypatch):
    monkeypatch.setattr(exact, "CROWDS", 10)
    monkeypatch.setattr(exact, "MEETINGS", 10)
    assert all(check.holds for check in exact.crowds())
    around = expected().surround | {"capacity": 9}
    given(monkeypatch, surround=around, outcomes=(Outcome(((1, "marine"),), ((3, "zergling"),)),))
    assert not any(check.holds for check in exact.crowds())


def test_nothing_played_holds_nothing(monkeypatch):
    monkeypatch.setattr(exact, "play_out", lambda skirmish, seeds: iter([(skirmish.reset(seeds), None)]))
    found = list(exact.quanta())[-2:]
    assert [(check.measured, check.holds) for check in found] == [("0 of 0", False)] * 2
