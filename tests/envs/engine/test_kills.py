"""Hits and times to kill: the arithmetic of damage, armor, bonuses and shields, and the clock of attacks.

The expected values and their meaning: `envs/exact/expected.yaml`.
"""

from __future__ import annotations

import pytest

from envs.exact.expected import expected
from envs.exact.fights import attack_one, damage, effect_loops, hit, hits_to_kill, loops_to_kill

KILLS = expected().kills
TIMED = [kill for kill in KILLS if kill.seconds is not None]


def name_of(entry):
    return f"{entry.attacker}-{entry.target}"


def test_every_pair_is_listed():
    assert len({name_of(kill) for kill in KILLS}) == len(KILLS) == 6 * 10 + 3 * 11  # ground-only attackers: no medivac


@pytest.mark.parametrize("kill", KILLS, ids=name_of)
def test_hits_to_kill(exact, kill):
    battle = exact()
    assert hits_to_kill(battle, *attack_one(battle, kill.attacker, kill.target)) == kill.hits


@pytest.mark.parametrize("kill", TIMED, ids=name_of)
def test_time_to_kill(exact, kill):
    battle = exact()
    shooter, victim = attack_one(battle, kill.attacker, kill.target)
    loops = loops_to_kill(battle, shooter, victim) - effect_loops(battle, shooter, victim)
    assert 0 <= loops - 16 * kill.seconds <= 2


@pytest.mark.parametrize("wound", expected().wounds, ids=name_of)
def test_damage_of_a_hit(exact, wound):
    battle = exact()
    on_shield, on_life = damage(battle, *attack_one(battle, wound.attacker, wound.target))
    assert on_life == wound.life
    assert on_shield == (wound.life if wound.shield is None else wound.shield)


def test_minimum_damage(exact):
    battle = exact(armor=100)
    shooter, victim = attack_one(battle, "marine", "marauder")
    hit(battle, shooter, victim)
    assert battle.life(victim) == 124.5


def test_what_breaks_a_shield_meets_armor(exact):
    battle = exact()
    shooter, victim = attack_one(battle, "zealot", "stalker")
    battle.units[victim]["shield"] = 3.0
    hit(battle, shooter, victim)
    assert (battle.units[victim]["shield"], battle.units[victim]["health"]) == (0.0, 80.0 - (8 - 3 - 1))


def test_bonus_counts_against_shields(exact):
    battle = exact()
    shooter, victim = attack_one(battle, "stalker", "stalker")
    hit(battle, shooter, victim)
    assert battle.units[victim]["shield"] == 80.0 - 18.0
