"""Battles on SMAC v1's maps: masks know the walls, vectors give shields by side, limits and ranges are the scenario's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from envs.layout import Layout
from envs.scenario_file import load_scenario, scenario_names
from envs.skirmish import Skirmish
from envs.smacv2_api import make
from envs.teams import BattleSetup
from envs.units import UNIT_NAMES

NORTH, SOUTH, EAST, WEST = 2, 3, 4, 5


@pytest.mark.parametrize("name", scenario_names("smac"))
def test_every_map_plays_to_an_end_within_its_limit(name: str) -> None:
    env, rng = Skirmish(name), np.random.default_rng(5)
    frame = env.reset(5)
    while not frame.terminated:
        frame = env.step([int(rng.choice(np.flatnonzero(mask))) for mask in frame.available])
    assert 0 < frame.step <= env.episode_limit == load_scenario(name).episode_limit


def test_moves_into_a_wall_are_masked() -> None:
    env = Skirmish("3m")
    marine = UNIT_NAMES.index("marine")
    places = np.array([[9, 24.5], [12, 7.5], [29.5, 16], [20, 10], [22, 10], [24, 10]], np.float32)
    frame = env.reset_to(BattleSetup(np.full(6, marine), places, 3))
    blocked = [set(np.flatnonzero(mask[NORTH : WEST + 1] == 0) + NORTH) for mask in frame.available]
    assert blocked == [{NORTH}, {SOUTH}, {EAST}]
    assert (frame.obs[:, :4] == frame.available[:, NORTH : WEST + 1]).all()


def test_every_unit_sees_9_and_shoots_6_unless_told_otherwise() -> None:
    env = Skirmish("3s_vs_3z")
    env.reset(0)
    assert set(env.seen["sight"]) == {9.0} and set(env.seen["shoot"]) == {6.0}
    env = Skirmish("3s_vs_3z", use_unit_ranges=True)
    env.reset(0)
    assert sorted(set(env.seen["shoot"])) == [2.0, 6.0] and sorted(set(env.seen["sight"])) == [9.0, 10.0]


def test_time_is_up_at_the_scenarios_limit() -> None:
    env = Skirmish(replace(load_scenario("3s_vs_3z"), episode_limit=3), obs_timestep_number=True)
    frame = env.reset(1)
    assert [frame := env.step([1, 1, 1]) for _ in range(2)] and not frame.terminated
    assert frame.obs[0, -1] == np.float32(2 / 3)
    assert env.step([1, 1, 1]).timeout


@pytest.mark.parametrize(
    ("name", "shields"), [("6h_vs_8z", (0, 1)), ("corridor", (1, 0)), ("3m", (0, 0)), ("2s3z", (1, 1))]
)
def test_rows_have_a_shield_where_their_side_is_protoss(name: str, shields: tuple[int, int]) -> None:
    layout, env = Layout.of(load_scenario(name)), Skirmish(name)
    frame, (ally, enemy) = env.reset(3), shields
    assert layout.obs_size == 4 + layout.n_enemies * (8 + enemy) + (layout.n_agents - 1) * (8 + ally) + 6 + ally
    assert frame.obs.shape == (layout.n_agents, layout.obs_size)
    units = layout.n_agents * (7 + ally) + layout.n_enemies * (6 + enemy)
    assert frame.state.shape == (units + layout.n_agents * layout.n_actions,)
    allies = frame.state[: layout.n_agents * (7 + ally)].reshape(layout.n_agents, -1)
    enemies = frame.state[allies.size : units].reshape(layout.n_enemies, -1)
    for rows, shield, at in ((allies, ally, 4), (enemies, enemy, 3)):
        assert (rows[:, 0] == 1).all() and (not shield or (rows[:, at] == 1).all())
        assert (rows[:, at + shield :].sum(axis=1) == 1).all()


def test_only_medivacs_make_actions_of_allies() -> None:
    assert Skirmish("2m_vs_1z").n_actions == 7
    assert Skirmish("MMM2").n_actions == 18


@pytest.mark.parametrize("name", ["2s_vs_1sc", "6h_vs_8z", "MMM"])
def test_smacv2s_interface_plays_them_and_names_every_feature(name: str) -> None:
    env = make(name, seed=4)
    obs, state = env.reset()
    assert len(env.get_obs_feature_names()) == len(obs[0]) == env.get_obs_size()
    assert len(env.get_state_feature_names()) == len(state) == env.get_state_size()
    layout, info = Layout.of(load_scenario(name)), env.get_env_info()
    assert len(info["agent_features"]) == layout.ally_state and len(info["enemy_features"]) == layout.enemy_state
    assert len(env.get_unit_types()) == layout.n_agents + layout.n_enemies and env.map_name == name
    for _ in range(3):
        _, terminated, _ = env.step([1] * layout.n_agents)
    assert not terminated
