"""The batched TorchRL environment: TorchRL's own checks, the same battles as the engine's, fresh ones at every reset."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torchrl", reason="the extra `baselines` is not installed")

import torch
from torchrl.envs import check_env_specs

from envs.draws import EVALUATION, TRAINING
from envs.errors import InputError
from envs.skirmish import Skirmish
from envs.torchrl_env import SkirmishEnv

NAME = "terran_5_vs_6"


def last_legal(td):
    """The last legal action of every agent: a policy without draws."""
    mask = td["agents", "action_mask"]
    width = mask.shape[-1]
    return width - 1 - mask.flip(-1).int().argmax(-1)


@pytest.mark.parametrize("name", [NAME, "protoss_5_vs_5_epo", "3m"])
@pytest.mark.parametrize("agent_ids", [False, True])
def test_it_passes_the_checks_of_torchrl(name, agent_ids):
    check_env_specs(SkirmishEnv(name, 3, agent_ids=agent_ids))


def test_it_shows_what_the_engine_shows():
    env, skirmish = SkirmishEnv(NAME, 2, seed=3), Skirmish(NAME)
    td, frame = env.reset(), skirmish.reset((3 << 32) + 1, TRAINING)
    while not frame.terminated:
        assert np.array_equal(td["agents", "observation"][1].numpy(), frame.obs)
        assert np.array_equal(td["state"][1].numpy(), frame.state)
        assert np.array_equal(td["agents", "action_mask"][1].numpy(), frame.available.astype(bool))
        action = last_legal(td)
        td = env.step(td.set(("agents", "action"), action))["next"]
        frame = skirmish.step(action[1].tolist())
        assert td["agents", "reward"][1].flatten().tolist() == pytest.approx([frame.reward] * 5)
    assert td["done"][1] and td["terminated"][1] and "truncated" not in td
    assert td["info", "battle_won"][1] == frame.battle_won
    assert td["info", "dead_enemies"][1] == frame.dead_enemies


def test_a_partial_reset_begins_new_battles_and_leaves_the_others():
    env = SkirmishEnv(NAME, 4)
    td = env.reset()
    td = env.step(td.set(("agents", "action"), last_legal(td)))["next"]
    before = td["agents", "observation"].clone()
    marked = torch.tensor([[False], [True], [False], [True]])
    after = env.reset(td.set("_reset", marked))["agents", "observation"]
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    skirmish = Skirmish(NAME)
    for place, seed in ((1, 4), (3, 5)):
        assert np.array_equal(after[place].numpy(), skirmish.reset(seed, TRAINING).obs)
    assert env.begun == 6


def test_it_plays_on_with_battles_that_no_other_has_played():
    env, other = SkirmishEnv(NAME, 2), SkirmishEnv(NAME, 2)
    env.reset()
    other.begun = env.begun
    assert not torch.equal(env.reset()["state"], SkirmishEnv(NAME, 2).reset()["state"])
    other.reset()
    assert env.begun == other.begun == 4


def test_seeds_and_streams_are_different_battles():
    states = [SkirmishEnv(NAME, 1, **k).reset()["state"] for k in ({}, {"seed": 1}, {"stream": EVALUATION})]
    assert not any(torch.equal(a, b) for a, b in ((states[0], states[1]), (states[0], states[2])))


def test_the_time_limit_terminates():
    env = SkirmishEnv(NAME, 1)
    td, stop = env.reset(), 1
    for _ in range(env.episode_limit):
        alive = ~td["agents", "action_mask"][..., 0]
        assert not td["done"].any()
        td = env.step(td.set(("agents", "action"), torch.where(alive, stop, 0)))["next"]
        if td["done"].any():
            break
    assert td["terminated"].all()


def test_agents_may_know_who_they_are():
    shown = SkirmishEnv(NAME, 2, agent_ids=True).reset()["agents", "observation"]
    plain = SkirmishEnv(NAME, 2).reset()["agents", "observation"]
    assert torch.equal(shown[..., :-5], plain)
    assert torch.equal(shown[..., -5:], torch.eye(5).expand(2, 5, 5))


def test_seeds_out_of_range_are_refused():
    with pytest.raises(InputError, match="seed"):
        SkirmishEnv(NAME, 1, seed=1 << 32)


class Steps:
    """Rows of another size: how long each battle lasts."""

    size = 2

    def __init__(self) -> None:
        self.begun: list[int] = []

    def begin(self, places):
        self.begun += places

    def read(self, batch):
        return np.broadcast_to(batch.step[:, None, None], (len(batch.step), 5, 2)).astype(np.float32)


@pytest.mark.parametrize("agent_ids", [False, True])
def test_agents_may_read_other_rows(agent_ids):
    rows = Steps()
    env = SkirmishEnv(NAME, 3, agent_ids=agent_ids, rows=rows)
    td = env.reset()
    assert rows.begun == [0, 1, 2]
    td = env.step(td.set(("agents", "action"), last_legal(td)))["next"]
    assert (
        td["agents", "observation"][..., :2].eq(1).all() and td["agents", "observation"].shape[-1] == 2 + 5 * agent_ids
    )
    env.reset(td.set("_reset", torch.tensor([[False], [True], [False]])))
    assert rows.begun == [0, 1, 2, 1]
    check_env_specs(SkirmishEnv(NAME, 3, agent_ids=agent_ids, rows=Steps()))
