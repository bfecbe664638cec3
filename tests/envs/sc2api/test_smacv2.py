"""Unmodified smacv2 plays on the embedded engine: every scenario, episode after episode, and its other options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from envs.layout import Layout
from envs.scenario_file import load_scenario, scenario_names

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from smacv2.env import StarCraftCapabilityEnvWrapper

from envs.sc2api import inprocess
from tests.envs.parity.oracle import options


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SC2PATH", raising=False)
    inprocess.install()
    yield
    inprocess.uninstall()


def make(scenario: str, **changes: Any) -> StarCraftCapabilityEnvWrapper:
    return StarCraftCapabilityEnvWrapper(**(options(load_scenario(scenario)) | changes))


def play(env: StarCraftCapabilityEnvWrapper, rng: np.random.Generator, limit: int = 200) -> dict[str, Any]:
    """Random legal actions to the end, or for `limit` steps; the last info."""
    env.reset()
    info: dict[str, Any] = {}
    for _ in range(limit):
        actions = [int(rng.choice(np.flatnonzero(mask))) for mask in env.get_avail_actions()]
        _, terminated, info = env.step(actions)
        env.get_obs()
        if terminated:
            break
    return info


@pytest.mark.parametrize("scenario", scenario_names())
def test_episodes_of_every_scenario(scenario: str) -> None:
    env, rng = make(scenario, seed=4), np.random.default_rng(0)
    info = play(env, rng)
    assert set(info) == {"battle_won", "dead_allies", "dead_enemies"}
    layout = Layout.of(load_scenario(scenario))
    assert (env.get_obs_size(), env.get_state_size()) == (layout.obs_size, layout.state_size)
    assert env.get_total_actions() == layout.n_actions
    play(env, rng, limit=3)  # a soft reset, on the same game
    stats = env.get_stats()
    assert (stats["battles_game"], stats["restarts"]) == (1, 0)
    assert env.env._controller.game.world.battles == 2
    env.close()


def test_many_soft_resets() -> None:
    env, rng = make("zerg_5_vs_5"), np.random.default_rng(1)
    for _ in range(6):
        play(env, rng)
    world = env.env._controller.game.world
    assert (env.get_stats()["battles_game"], world.battles) == (6, 6)
    assert world.loop > 6 * 8 * 5
    env.close()


def test_a_full_restart_launches_another_game() -> None:
    env, rng = make("terran_5_vs_5"), np.random.default_rng(1)
    play(env, rng)
    first = env.env._controller.game
    env.full_restart()
    play(env, rng)
    assert env.env._controller.game is not first
    assert env.get_stats()["restarts"] == 1
    env.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"conic_fov": True},
        {"heuristic_ai": True},
        {"heuristic_ai": True, "heuristic_rest": True},
        {"obs_pathing_grid": True, "obs_terrain_height": True, "obs_timestep_number": True},
        {"reward_sparse": True, "continuing_episode": True, "state_timestep_number": True},
        {"obs_last_action": True, "use_unit_ranges": False, "obs_own_pos": False},
        {"prob_obs_enemy": 0.5, "fully_observable": True, "step_mul": 4},
        {"difficulty": "A", "game_version": "4.10", "window_size_x": 640},
    ],
    ids=str,
)
def test_options(changes: dict[str, Any]) -> None:
    env = make("terran_5_vs_5", **changes)
    play(env, np.random.default_rng(2))
    assert env.get_stats()["battles_game"] == 1
    env.close()
