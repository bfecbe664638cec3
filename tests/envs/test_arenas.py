"""Arenas: walls where the maps have them, and every battle inside them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from envs.arenas import arena_names, load_arena
from envs.errors import InputError
from envs.scenario_file import load_scenario, scenario_names
from envs.units import UNITS


def rectangle(x: slice, y: slice) -> np.ndarray:
    grid = np.zeros((32, 32), np.bool_)
    grid[x, y] = True
    return grid


def test_flat_is_all_but_the_margin() -> None:
    assert (load_arena("flat") == rectangle(slice(2, 30), slice(2, 30))).all()


def test_the_strip_is_the_one_grid_that_the_real_game_was_seen_to_have() -> None:
    assert (load_arena("strip") == rectangle(slice(2, 30), slice(7, 25))).all()


def test_pictures_have_north_up_and_are_indexed_by_x_first() -> None:
    corridor = load_arena("corridor")
    assert corridor[27, 28] and corridor[5, 4] and not corridor[27, 4] and not corridor[5, 28]


@pytest.mark.parametrize("name", arena_names())
def test_arenas_are_maps_with_the_margin(name: str) -> None:
    grid = load_arena(name)
    assert grid.shape == (32, 32) and grid.dtype == np.bool_
    assert grid.any() and not grid[~rectangle(slice(2, 30), slice(2, 30))].any()


def test_unknown_arenas_name_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown arena 'strp': did you mean strip"):
        load_arena("strp")


@pytest.mark.parametrize("name", scenario_names("smac"))
def test_the_teams_of_a_map_can_reach_each_other_and_the_point_of_the_attack(name: str) -> None:
    scenario = load_scenario(name)
    parts, _ = ndimage.label(load_arena(scenario.arena))
    start, point = scenario.start_positions, scenario.enemy_order.point
    places = {*start.allies, *start.enemies, *([point] if point else [])}
    found = {parts[int(x), int(y)] for x, y in places}
    assert len(found) == 1 and 0 not in found


@pytest.mark.parametrize("name", ["2s_vs_1sc", "6h_vs_8z"])
def test_some_battles_are_walled_in_though_there_is_ground_outside(name: str) -> None:
    parts, count = ndimage.label(load_arena(name))
    assert count == 2
    assert parts[14, 14] != parts[2, 2] != 0


def test_two_colossi_have_a_wall_between_them_and_the_zerglings() -> None:
    grid = load_arena(load_scenario("2c_vs_64zg").arena)
    assert not grid[4:28, 12].any() and grid[2:4, 12:14].all() and grid[28:30, 12:14].all()
    assert UNITS["colossus"].collides_with == "colossus"
