"""What agents knew in a recorded episode, rebuilt from what the environment showed them and from their messages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compass.communication import Channel
from compass.errors import InputError
from compass.evaluate.records import EpisodeRecord
from compass.types import Observation
from envs.layout import Layout
from envs.scenario import Scenario


def knowledge(
    record: EpisodeRecord, scenario: Scenario, agent: int, hops: int, observation: str
) -> Iterator[Observation]:
    """What an agent knew at each step of its life, rebuilt from what all agents saw and the messages of a run with these `hops`.

    `observation` is the run's setting, `repaired` or `upstream`.

    Raises:
        InputError: the team has no such agent, or the record is of another scenario.
    """
    check_fits(record, scenario)
    n_agents = record.obs.shape[1]
    if not 0 <= agent < n_agents:
        raise InputError(f"there is no agent {agent}: choose 0 to {n_agents - 1}")
    channel = Channel(scenario, hops, repaired=observation == "repaired")
    last_actions = np.full(n_agents, -1, dtype=np.int64)
    for step, (vectors, masks) in enumerate(zip(record.obs, record.available, strict=True)):
        exchange = channel.exchange(vectors, masks, last_actions, step)
        if agent not in exchange.alive:
            return
        yield exchange.observation(agent)
        if step < len(record.actions):
            last_actions = record.actions[step].astype(np.int64)


def check_fits(record: EpisodeRecord, scenario: Scenario) -> None:
    """Make sure that a record is of a scenario; an `InputError` otherwise."""
    layout = Layout.of(scenario)
    steps, agents = len(record.actions), layout.n_agents
    expected = {
        "obs": (steps + 1, agents, layout.obs_size),
        "state": (steps + 1, layout.state_size),
        "available": (steps + 1, agents, layout.n_actions),
        "actions": (steps, agents),
        "rewards": (steps,),
    }
    for name, shape in expected.items():
        found = getattr(record, name).shape
        if found != shape:
            raise InputError(f"the record is no episode of {scenario.name}: its {name} have shape {found}, not {shape}")
