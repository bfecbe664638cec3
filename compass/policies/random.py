"""Policy `random`: every living agent takes a legal action, all equally likely, drawn from the battle's seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compass.communication import Exchange
from compass.policies.base import Choice
from compass.types import NO_OP, Constants, Planned, Trigger
from envs.draws import stream_key, uniform


class RandomTeam:
    """Uniform over legal actions."""

    reproducible = True

    def begin(self, constants: Constants, seed: int) -> None:
        """Take the episode's key."""
        self._key = np.uint64(stream_key("random policy", seed))

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Nothing to plan."""
        return ()

    def act(self, exchange: Exchange) -> Choice:
        """One legal action per agent."""
        actions = [NO_OP] * exchange.constants.n_agents
        for agent in exchange.alive:
            legal = exchange.observation(agent).available
            actions[agent] = legal[int(uniform(self._key, exchange.step, agent) * len(legal))]
        return Choice(tuple(actions))

    def end(self) -> None:
        """Nothing to release."""
