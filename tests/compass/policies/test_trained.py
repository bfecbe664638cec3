"""A trained team decides from each agent's own observation and mask alone, and remembers within a battle only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compass.communication import Channel
from compass.policies import TrainedTeam
from compass.types import NO_OP
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from tests.compass.policies.weights import random_policy

NAME = "terran_5_vs_6"
SCENARIO = load_scenario(NAME)


def played(team: TrainedTeam, seed: int, shadow: TrainedTeam | None = None, agent: int = 0) -> list[tuple[int, ...]]:
    """The actions of a battle. shadow: a team that is shown nonsense but for one agent, which must act the same."""
    env = Skirmish(SCENARIO)
    channel, frame = Channel(env.scenario, 0, repaired=True), env.reset(seed)
    rng, actions = np.random.default_rng(0), []
    for each in filter(None, (team, shadow)):
        each.begin(channel.constants, seed)
    while not frame.terminated:
        exchange = channel.exchange(frame.obs, frame.available, np.full(5, -1), frame.step)
        actions.append(team.act(exchange).actions)
        if shadow is not None:
            vectors, available = rng.permuted(exchange.vectors), rng.permuted(exchange.available)
            vectors[agent], available[agent] = exchange.vectors[agent], exchange.available[agent]
            other = replace(exchange, vectors=vectors, available=available, payloads=(b"",) * 5, alive=())
            assert shadow.act(other).actions[agent] == actions[-1][agent]
        frame = env.step(actions[-1])
    return actions


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("agent", [0, 3])
def test_an_agent_decides_from_nothing_but_its_own(recurrent, agent):
    policy = random_policy(NAME, recurrent)
    assert len(played(TrainedTeam(policy, SCENARIO), 4, TrainedTeam(policy, SCENARIO), agent)) > 5


def test_a_new_battle_begins_with_an_empty_memory():
    team = TrainedTeam(random_policy(NAME), SCENARIO)
    first = played(team, 2)
    played(team, 3)
    assert played(team, 2) == first


def test_it_remembers_and_knows_who_it_is():
    for recurrent, agent_ids in ((True, True), (False, False)):
        policy = random_policy(NAME, recurrent, agent_ids)
        inputs = policy.inputs(np.ones((5, policy.input_size - 5 * agent_ids), np.float32))
        once, memory = policy.scores(inputs, policy.begin(5))
        twice, _ = policy.scores(inputs, memory)
        assert np.array_equal(once, twice) != recurrent
        assert (len({row.tobytes() for row in once}) == 5) == agent_ids


def test_the_dead_do_nothing():
    env = Skirmish(SCENARIO)
    team = TrainedTeam(random_policy(NAME), SCENARIO)
    actions = played(team, 5)
    frame = env.reset(5)
    for step in actions:
        assert all((action == NO_OP) == bool(mask[NO_OP]) for action, mask in zip(step, frame.available, strict=True))
        frame = env.step(step)
