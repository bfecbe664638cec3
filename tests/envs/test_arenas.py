"""Arenas: walls where the maps have them, and every battle inside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from envs.arenas import arena_names, load_arena
from envs.errors import InputError
from envs.scenario_file import load_scenario, scenario_names
from envs.skirmish import Skirmish
from envs.units import RACES, UNIT_NAMES, UNITS


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


@pytest.mark.parametrize("name", arena_names())
def test_all_ground_of_an_arena_hangs_together_by_edges(name: str) -> None:
    assert ndimage.label(load_arena(name))[1] == 1  # so that every unit on the ground can reach every other


def test_unknown_arenas_name_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown arena 'strp': did you mean strip"):
        load_arena("strp")


@pytest.mark.parametrize("name", scenario_names("smac"))
def test_the_teams_of_a_map_can_reach_each_other_and_the_point_of_the_attack(name: str) -> None:
    scenario = load_scenario(name)
    start, point = scenario.start_positions, scenario.enemy_order.point
    places = [*start.allies, *start.enemies, *([point] if point else [])]
    assert all(load_arena(scenario.arena)[int(x), int(y)] for x, y in places)  # of one part: see above


@pytest.mark.parametrize("name", ["2s_vs_1sc", "6h_vs_8z"])
def test_ground_beyond_the_walls_of_a_walled_battlefield_is_left_out(name: str) -> None:
    grid = load_arena(name)
    assert grid[14, 14] and not grid[2:6].any() and not grid[24:].any() and not grid[:, 2:6].any()


@pytest.mark.parametrize("race", ["protoss", "terran", "zerg"])
@pytest.mark.parametrize("arena", ["2s_vs_1sc", "6h_vs_8z", "2c_vs_64zg"])
def test_drawn_positions_are_moved_onto_the_ground_of_the_arena(race: str, arena: str) -> None:
    grid, env = load_arena(arena), Skirmish(replace(load_scenario(f"{race}_10_vs_10"), arena=arena))
    kinds = set()
    for seed in range(20):
        env.reset(seed)
        for unit in env.units:
            kind = UNITS[UNIT_NAMES[unit["type"]]]
            kinds.add(kind.name)
            assert kind.flying or grid[int(unit["x"]), int(unit["y"])]
    assert kinds == set(RACES[race])


@pytest.mark.parametrize(("race", "arena"), [("zerg", "6h_vs_8z"), ("protoss", "2s_vs_1sc")])
def test_battles_in_walled_arenas_come_to_an_end_before_the_time_is_up(race: str, arena: str) -> None:
    env = Skirmish(replace(load_scenario(f"{race}_5_vs_5"), arena=arena))
    for seed in range(20):
        frame = env.reset(seed)
        while not frame.terminated:
            frame = env.step([int(not mask[0]) for mask in frame.available])  # all stand and wait for the enemies
        assert not frame.timeout, seed


def test_two_colossi_have_a_wall_between_them_and_the_zerglings() -> None:
    grid = load_arena(load_scenario("2c_vs_64zg").arena)
    assert not grid[4:28, 12].any() and grid[2:4, 12:14].all() and grid[28:30, 12:14].all()
    assert UNITS["colossus"].collides_with == "colossus"
