"""Hits and times to kill: the arithmetic of damage, armor, bonuses and shields, and the clock of attacks.

`expected.json` gives, for each attacker and target, the hits, the attack cycles and the seconds (first attack at once, its
damage at the damage point; no flight or effect delays) that killing it takes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from envs.engine.effects import wound
from envs.units import UNIT_NAMES, UNITS

ALLY, ENEMY = 0, 1
KILLS = json.loads(Path(__file__).with_name("expected.json").read_text())["kills"]
CASES = [(attacker, target, *entry) for attacker, row in KILLS.items() for target, entry in row.items()]
TIMED = [case for case in CASES if case[4] is not None]


def pair(battle, attacker, target):
    """Attacker and target close to each other, on the sides that the table means; the target never acts."""
    side = ENEMY if target == "hydralisk_enemy" else ALLY
    target = target.split("_")[0]
    if side == ENEMY:
        battle.quiet(target)
    reach = UNITS[attacker].weapons[0].range
    gap = 2.0 if reach > 1.0 else 0.05
    victim = battle.put(target, side, 16.0, 16.0)
    shooter = battle.put(attacker, 1 - side, 16.0 - UNITS[attacker].radius - UNITS[target].radius - gap, 16.0)
    battle.face(shooter, victim)
    return shooter, victim


def test_every_pair_is_listed():
    assert len(CASES) == 5 * 9 + 3 * 10  # ground-only attackers have no entry for the medivac


@pytest.mark.parametrize(("attacker", "target", "hits", "cycles", "seconds"), CASES)
def test_hits_to_kill(exact, attacker, target, hits, cycles, seconds):
    battle = exact()
    shooter, victim = pair(battle, attacker, target)
    count = 0
    while battle.alive(victim):
        wound(battle.units, battle.battle[0], battle.table, shooter, 0, victim)
        count += 1
    assert count == hits


@pytest.mark.parametrize(("attacker", "target", "hits", "cycles", "seconds"), TIMED)
def test_time_to_kill(exact, attacker, target, hits, cycles, seconds):
    battle = exact()
    shooter, victim = pair(battle, attacker, target)
    assert battle.order_attack(shooter, victim)
    loops = battle.run_until(lambda: not battle.alive(victim))
    row = battle.rows[battle.units[shooter]["side"], UNIT_NAMES.index(attacker)]
    delay = 0.0
    if row["missile_speed"][0] > 0:
        delay = math.ceil(2.0 / row["missile_speed"][0])
    if row["beam_points"] > 0:  # the first point of each beam that touches the target, then the effect's delay
        body = UNITS[target.split("_")[0]].radius + row["beam_radius"]
        first = next(k for k in range(11) if abs(k * row["beam_spacing"] - 1.25) <= body)
        delay = row["beam_delay"] + first * row["beam_interval"]
    assert 0 <= loops - (16 * seconds + delay) <= 2
    assert cycles >= 2 or loops <= 16


def test_minimum_damage(exact):
    battle = exact(armor=100)
    shooter, victim = pair(battle, "marine", "marauder")
    wound(battle.units, battle.battle[0], battle.table, shooter, 0, victim)
    assert battle.life(victim) == 124.5


def test_what_breaks_a_shield_meets_armor(exact):
    battle = exact()
    shooter, victim = pair(battle, "zealot", "stalker")
    battle.units[victim]["shield"] = 3.0
    wound(battle.units, battle.battle[0], battle.table, shooter, 0, victim)
    assert (battle.units[victim]["shield"], battle.units[victim]["health"]) == (0.0, 80.0 - (8 - 3 - 1))


def test_bonus_counts_against_shields(exact):
    battle = exact()
    shooter, victim = pair(battle, "stalker", "stalker")
    wound(battle.units, battle.battle[0], battle.table, shooter, 0, victim)
    assert battle.units[victim]["shield"] == 80.0 - 18.0
