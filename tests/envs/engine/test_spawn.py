"""Where units appear."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from envs.arenas import FLAT, load_arena
from envs.engine import Engine
from envs.engine.state import MAX_UNITS
from envs.errors import InputError
from envs.units import RACES, UNIT_NAMES

MARINE, MEDIVAC, COLOSSUS = (UNIT_NAMES.index(name) for name in ("marine", "medivac", "colossus"))


@pytest.mark.parametrize("place", [(16, 16), (2, 2), (0, 31), (29.9, 16)])
@pytest.mark.parametrize("race", RACES)
def test_many_units_wished_on_one_point_do_not_overlap(field, race, place):
    battle = field(capacity=43)
    for index in range(43):
        battle.create(UNIT_NAMES.index(RACES[race][index % 3]), index % 2, *place)
    assert battle.worst_gap() >= 0
    grid = load_arena(FLAT)
    ground = [unit for unit in battle.units if unit["type"] != MEDIVAC]
    assert all(grid[int(unit["x"]), int(unit["y"])] for unit in ground)


def test_a_free_wish_is_granted_and_the_nearest_place_found(field):
    battle = field()
    battle.create(MARINE, 0, 16.1, 16.2)
    assert (battle.units[0]["x"], battle.units[0]["y"]) == (16.1, 16.2)
    battle.create(MARINE, 0, 16.1, 16.2)
    assert 0.75 <= math.dist(*battle.units[:2][["x", "y"]].tolist()) <= 0.9


def test_layers_share_a_place(field):
    battle = field()
    for unit_type in (MARINE, MEDIVAC, COLOSSUS):
        battle.create(unit_type, 0, 16, 16)
    assert set(battle.units[:3]["x"]) == {16.0}


def test_creation_is_quick(field):
    battle = field(capacity=43)
    for _ in range(43):
        battle.create(MARINE, 0, 16, 16)
    battle.begin(2)
    start = time.perf_counter()
    for _ in range(43):
        battle.create(MARINE, 0, 16, 16)
    assert time.perf_counter() - start < 0.05


def test_new_units_are_whole(field):
    battle = field()
    hydralisk = UNIT_NAMES.index("hydralisk")
    for side in (0, 1):
        battle.create(hydralisk, side, 16, 16)
    battle.create(MEDIVAC, 0, 16, 16)
    assert battle.units["health"][:3].tolist() == [80, 90, 150]
    assert battle.units["energy"][2] == 50


def test_a_full_battle_says_so(field):
    battle = field(capacity=2)
    for _ in range(2):
        battle.create(MARINE, 0, 16, 16)
    with pytest.raises(InputError, match="no room"):
        battle.create(MARINE, 0, 16, 16)


@pytest.mark.parametrize("capacity", [0, MAX_UNITS + 1])
def test_capacity_is_limited(capacity):
    with pytest.raises(InputError, match=f"1 to {MAX_UNITS}"):
        Engine(capacity)


def test_an_unknown_override_names_the_nearest():
    with pytest.raises(InputError, match="regeneration"):
        Engine(2, {"regenration": 0})


def test_the_grid_has_a_margin_of_two_cells():
    grid = load_arena(FLAT)
    assert grid.shape == (32, 32) and grid.sum() == 28 * 28
    assert grid[2:30, 2:30].all() and grid.dtype == np.bool_


def test_slots_are_never_reused(field):
    battle = field()
    first = battle.create(MARINE, 0, 16, 16)
    battle.kill(first)
    assert battle.create(MARINE, 0, 16, 16) == first + 1
    assert battle.units[first]["alive"] == 0 and battle.count == 2
