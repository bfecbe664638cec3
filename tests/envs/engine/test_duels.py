"""Whole fights: mirrors are even, and known duels end as they should.

The ideal duels of `expected.json` have both sides in range from the start, instant arrival and focused fire.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from envs.draws import stream_key
from envs.units import UNIT_NAMES

ALLY, ENEMY = 0, 1
DUELS = json.loads(Path(__file__).with_name("expected.json").read_text())["duels"]
RANGED = {"marine": 4.0, "marauder": 4.0, "stalker": 4.0, "colossus": 4.0, "hydralisk": 4.0}


def fight(battle, key, one, two, distance):
    """Life left of both in a duel of an ally against an enemy, both ordered at once."""
    battle.begin(stream_key("duel", key))
    a, b = battle.put(one, ALLY, 16 - distance / 2, 16), battle.put(two, ENEMY, 16 + distance / 2, 16)
    battle.order_attack(a, b)
    battle.order_attack(b, a)
    for _ in range(120):
        battle.run(16)
        if not (battle.alive(a) and battle.alive(b)):
            break
    return battle.life(a), battle.life(b)


@pytest.mark.parametrize("name", [name for name in UNIT_NAMES if name not in ("baneling", "medivac")])
def test_mirrors_are_even(field, name):
    battle = field(capacity=2)
    index = UNIT_NAMES.index(name)
    battle.rows[ALLY, index]["health"] = battle.rows[ENEMY, index]["health"]
    ends = np.array([fight(battle, key, name, name, 9.0) for key in range(400)])
    wins, losses = (int((ends[:, side] > 0).sum()) for side in (0, 1))
    assert abs(wins - losses) < 3.5 * (wins + losses) ** 0.5  # standard deviations of a fair coin


def parsed(title):
    one, two = title.split(" vs ")
    return one.split("_")[0], two.split("_")[0]


@pytest.mark.parametrize("title", [title for title in DUELS if " in " not in title and "hydralisk_ally" not in title])
def test_ideal_duels(field, title):
    one, two = parsed(title)
    distance = 0.9 if "zealot" in title or "zergling" in title else RANGED[one]
    battle = field(capacity=2, regeneration=0)
    battle.rows[ALLY, UNIT_NAMES.index(one)]["health"] = battle.rows[ENEMY, UNIT_NAMES.index(one)]["health"]
    chance, left_one, left_two, _ = DUELS[title]
    ends = np.array([fight(battle, key, one, two, distance) for key in range(100)])
    wins, losses = ((ends[:, side] > 0).sum() for side in (0, 1))
    assert wins / (wins + losses) == pytest.approx(chance, abs=0.17)
    if chance in (0.0, 1.0):
        assert ends.mean(axis=0) == pytest.approx([left_one, left_two], abs=14)


@pytest.mark.parametrize("title", [title for title in DUELS if "all in range" in title][:5])
def test_numbers_win(field, title):
    many, few = int(title.split()[1]), int(title.split()[3])
    battle = field(capacity=many + few)
    ends = []
    for key in range(30):
        battle.begin(stream_key("duel", key))
        for index in range(many + few):
            side = int(index >= many)
            battle.create(UNIT_NAMES.index("marine"), side, 14 + 3 * side, 16)
        while len({int(unit["side"]) for unit in battle.units if unit["alive"]}) == 2:
            sides = [
                [slot for slot in range(battle.count) if battle.alive(slot) and battle.units[slot]["side"] == side]
                for side in (0, 1)
            ]
            for side in (0, 1):
                for slot in sides[side]:
                    battle.order_attack(slot, sides[1 - side][0])
            battle.run(4)
        ends.append(
            [
                sum(battle.life(slot) for slot in range(many + few) if battle.units[slot]["side"] == side)
                for side in (0, 1)
            ]
        )
    mean = np.mean(ends, axis=0)
    assert mean[1] < 5
    assert mean[0] == pytest.approx(DUELS[title][1], rel=0.25)
