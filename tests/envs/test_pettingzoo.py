"""The PettingZoo environment passes PettingZoo's own tests and keeps its promises."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pettingzoo")

from pettingzoo.test import parallel_api_test, parallel_seed_test

from envs.errors import InputError
from envs.pettingzoo_env import SkirmishParallelEnv
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

pytestmark = pytest.mark.filterwarnings("error::UserWarning")


@pytest.mark.parametrize("name", ["protoss_5_vs_5", "terran_5_vs_6_epo"])
def test_official_api_test(name):
    parallel_api_test(SkirmishParallelEnv(name, seed=1), num_cycles=250)


def test_official_seed_test():
    parallel_seed_test(lambda: SkirmishParallelEnv("zerg_5_vs_5"))


def test_one_observation_per_step_the_same_as_a_skirmish():
    env = SkirmishParallelEnv("protoss_5_vs_5_epo", observation="upstream")
    skirmish = Skirmish(load_scenario("protoss_5_vs_5_epo"), "upstream")
    observations, infos = env.reset(seed=9)
    frame = skirmish.reset(9)
    while env.agents:
        for agent in env.agents:
            i = int(agent.removeprefix("agent_"))
            assert np.array_equal(observations[agent]["observation"], frame.obs[i])
            assert np.array_equal(infos[agent]["action_mask"], frame.available[i])
            assert env.observation_space(agent).contains(observations[agent])
        assert np.array_equal(env.state(), frame.state)
        masks = {agent: observations[agent]["action_mask"] for agent in env.agents}
        actions = {agent: int(np.flatnonzero(mask)[-1]) for agent, mask in masks.items()}
        frame = skirmish.step([actions.get(f"agent_{i}", 0) for i in range(5)])
        observations, rewards, terminations, truncations, infos = env.step(actions)
        assert set(rewards.values()) == {frame.reward}
        assert not any(truncations.values())
        for agent, terminated in terminations.items():
            assert terminated == (frame.terminated or frame.available[int(agent[-1]), 0] == 1)
    assert frame.terminated
    assert all(info["battle_won"] == frame.battle_won for info in infos.values())


def test_time_limit_truncates():
    env = SkirmishParallelEnv("protoss_5_vs_5", seed=0)
    env.reset()
    env._skirmish._battles.tallies["step"] = 199
    _, _, terminations, truncations, _ = env.step(dict.fromkeys(env.agents, 1))
    assert all(truncations.values()) and not any(terminations.values())
    assert env.agents == []


def test_illegal_action_becomes_stop_and_is_told():
    env, other = SkirmishParallelEnv("protoss_5_vs_5"), SkirmishParallelEnv("protoss_5_vs_5")
    env.reset(seed=4)
    other.reset(seed=4)
    legal = dict.fromkeys(env.agents, 1)
    observations, *_, infos = env.step(legal | {"agent_2": 0})
    expected, *_, clean = other.step(legal)
    assert infos["agent_2"]["illegal_action"] and "illegal_action" not in infos["agent_1"]
    assert "illegal_action" not in clean["agent_2"]
    assert all(np.array_equal(observations[a]["observation"], expected[a]["observation"]) for a in expected)


def test_resets_without_seed_play_the_next_battles():
    env = SkirmishParallelEnv("protoss_5_vs_5", seed=7)
    first, second = env.reset()[0], env.reset()[0]
    assert np.array_equal(second["agent_0"]["observation"], env.reset(seed=8)[0]["agent_0"]["observation"])
    assert not np.array_equal(first["agent_0"]["observation"], second["agent_0"]["observation"])


def test_what_is_no_seed_and_no_action_is_refused():
    with pytest.raises(InputError, match="seed -1"):
        SkirmishParallelEnv("protoss_5_vs_5", seed=-1)
    env = SkirmishParallelEnv("protoss_5_vs_5", seed=7)
    env.reset()
    for action in (1.9, float("nan"), "1", None):
        with pytest.raises(TypeError):
            env.step(dict.fromkeys(env.agents, action))
    with pytest.raises(KeyError, match="agent_4"):
        env.step(dict.fromkeys(env.agents[:4], 1))
