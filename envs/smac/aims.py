"""Whom the enemies attack: what no observation of SMACv2 shows, for those who are to know everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.engine.state import ATTACK
from envs.jit import jit
from envs.smac.arrays import Records


@jit
def fill_aims(units: Records, seen: Records, n_agents: int, aims: NDArray[np.int64]) -> None:
    """Into aims, int64[E], the agent that each enemy is ordered to attack, or attacks by itself; -1 for nobody.

    units UNIT[N], seen SEEN[N]: those of one battle.
    """
    for e in range(aims.shape[0]):
        unit = units[seen[n_agents + e].slot]
        target = unit.target if unit.order == ATTACK else unit.acquired
        aims[e] = -1
        if unit.alive != 0:
            for agent in range(n_agents):
                if seen[agent].slot == target and seen[agent].health > 0.0:
                    aims[e] = agent
