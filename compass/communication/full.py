"""Full information in the place of communication: a labelled setting, which tells what knowing more could gain at most.

Every agent knows at every step all living units of both sides as they are, what its allies did last, and whom each enemy attacks or
is ordered to attack. What can be attacked, and which actions are legal, stays as the game has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compass.communication.channel import Channel
from compass.knowledge import ACTION, ACTION_SEEN, AIM, HEALTH, HOPS, ORIGIN, SEEN, SHIELD, TYPE, X, Y
from envs.jit import jit
from envs.skirmish import Skirmish
from envs.smac.arrays import Records


class FullInformation(Channel):
    """What a channel is to agents that communicate; here the table comes from the battle itself, and nothing is told."""

    def __init__(self, env: Skirmish) -> None:
        super().__init__(env.scenario, 0, repaired=True)
        self._env = env

    def _share(
        self, obs: NDArray[np.float32], available: NDArray[np.uint8], last_actions: NDArray[np.int64], step: int
    ) -> tuple[int, int, NDArray[np.float64]]:
        _reveal(self.table, self._env.seen, self._env.aims(), last_actions, step)
        self._relate(available, step, by_sight=False)
        return 0, 0, self.table


@jit
def _reveal(
    table: NDArray[np.float64], seen: Records, aims: NDArray[np.int64], last_actions: NDArray[np.int64], step: int
) -> None:
    """Write what each unit is into the parts of all living agents. seen: SEEN[A + E]; aims: int64[E]; last_actions: int64[A]."""
    n_agents = table.shape[0]
    for a in range(n_agents):
        table[a, :, SEEN] = -1.0
        if seen[a].health <= 0.0:
            continue
        for slot in range(table.shape[1]):
            entity, unit = table[a, slot], seen[slot]
            entity[SEEN], entity[HOPS], entity[ORIGIN] = step, 0.0, a
            entity[X], entity[Y], entity[TYPE] = unit.x, unit.y, unit.bit
            alive = unit.health > 0.0
            entity[HEALTH] = unit.health_part if alive else 0.0
            entity[SHIELD] = unit.shield_part if alive else 0.0
            if slot >= n_agents:
                entity[AIM] = aims[slot - n_agents]
            else:
                entity[ACTION] = last_actions[slot]
                entity[ACTION_SEEN] = step if last_actions[slot] >= 0 else -1
