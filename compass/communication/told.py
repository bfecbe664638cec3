"""What agents are told, in SMACv2's own form: rows of their observation vectors that their own eyes leave empty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compass.knowledge import DISTANCE, DX, DY, HEALTH, SHIELD, TYPE
from envs.jit import jit
from envs.layout import Layout
from envs.scenario import Scenario

_RECEIVER, _SLOT = 2, 3  # columns of deliveries


class ToldRows:
    """Writes deliveries into observation vectors.

    A message of this step fills the row of the entity that it tells of, for this one step: distance and offset from the agent over
    its own sight range (beyond 1, or within and yet not seen), health, shield and type. Feature 0 stays the agent's own: of an
    enemy its availability, of an ally (visible) 0. News of a death leaves the row empty. How old a report is has no place in it.
    """

    def __init__(self, scenario: Scenario) -> None:
        layout = Layout.of(scenario)
        self._sight = np.array([scenario.sight_range(kind) for kind in scenario.unit_types])
        rows = (
            layout.enemies_at,
            layout.enemy_row,
            layout.enemy_shield,
            layout.allies_at,
            layout.ally_row,
            layout.ally_shield,
        )
        self._shape = np.array([layout.n_agents, *rows])

    def write(
        self,
        obs: NDArray[np.float32],
        available: NDArray[np.uint8],
        table: NDArray[np.float64],
        deliveries: NDArray[np.int64],
    ) -> None:
        """Fill rows of obs, float32[agents, obs_size], in place.

        available: uint8[agents, n_actions]; table and deliveries: as in `compass.communication.Exchange`.
        """
        _write(obs, available, table, deliveries, self._shape, self._sight)


@jit
def _write(
    obs: NDArray[np.float32],
    available: NDArray[np.uint8],
    table: NDArray[np.float64],
    deliveries: NDArray[np.int64],
    shape: NDArray[np.int64],
    sights: NDArray[np.float64],
) -> None:
    n_agents = shape[0]
    for i in range(deliveries.shape[0]):
        a, slot = deliveries[i, _RECEIVER], deliveries[i, _SLOT]
        entity, sight = table[a, slot], sights[int(table[a, a, TYPE])]
        enemy = slot >= n_agents
        at, width, shield = (shape[1], shape[2], shape[3]) if enemy else (shape[4], shape[5], shape[6])
        place = slot - n_agents if enemy else (slot if slot < a else slot - 1)
        row = obs[a, at + place * width : at + (place + 1) * width]
        if entity[HEALTH] <= 0.0:
            continue
        row[0] = available[a, 6 + place] if enemy else 0.0
        row[1], row[2], row[3] = entity[DISTANCE] / sight, entity[DX] / sight, entity[DY] / sight
        row[4] = entity[HEALTH]
        if shield:
            row[5] = entity[SHIELD]
        row[5 + shield + int(entity[TYPE])] = 1.0
