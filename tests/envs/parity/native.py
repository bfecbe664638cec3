"""The native side: `envs.skirmish.Skirmish` with upstream's observation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.skirmish import Frame, Skirmish
from tests.envs.parity.traces import Rules, Turn


class Native:
    """One native environment for all episodes under the same rules."""

    def __init__(self, rules: Rules, observation: str = "upstream") -> None:
        self.skirmish = Skirmish(rules.scenario, observation, **rules.options)

    def reset(self, seed: int) -> Turn:
        """Begin the battle of that seed."""
        frame = self.skirmish.reset(seed)
        return Turn(frame.obs, frame.state, frame.available)

    def step(self, actions: NDArray[np.int64]) -> Turn:
        """Play one step."""
        frame = self.skirmish.step(actions)
        return Turn(frame.obs, frame.state, frame.available, frame.reward, frame.terminated, self._info(frame))

    def look(self) -> NDArray[np.float32]:
        """Observe once more since the last step."""
        return self.skirmish.observe()

    def _info(self, frame: Frame) -> dict[str, object]:
        """What smacv2's `step` gives as info."""
        info = {"battle_won": frame.battle_won, "dead_allies": frame.dead_allies, "dead_enemies": frame.dead_enemies}
        limit = {"episode_limit": True} if frame.timeout and self.skirmish.options.continuing_episode else {}
        return info | limit
