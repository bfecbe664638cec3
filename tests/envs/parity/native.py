"""The native side: `envs.skirmish.Skirmish` with upstream's observation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.scenario import Scenario
from envs.skirmish import Frame, Skirmish
from tests.envs.parity.traces import Turn


class Native:
    """One native environment for all episodes of a scenario."""

    def __init__(self, scenario: Scenario, **options: object) -> None:
        self.skirmish = Skirmish(scenario, observation="upstream", **options)

    def reset(self, seed: int) -> Turn:
        """Begin the battle of that seed."""
        frame = self.skirmish.reset(seed)
        return Turn(frame.obs, frame.state, frame.available)

    def step(self, actions: NDArray[np.int64]) -> Turn:
        """Play one step."""
        frame = self.skirmish.step(actions)
        return Turn(frame.obs, frame.state, frame.available, frame.reward, frame.terminated, info(frame))


def info(frame: Frame) -> dict[str, object]:
    """What smacv2's `step` gives as info."""
    return {"battle_won": frame.battle_won, "dead_allies": frame.dead_allies, "dead_enemies": frame.dead_enemies}
