"""The global state vector: allies, enemies (the dead as zeros), one-hot last actions, and the time step if asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.jit import jit
from envs.layout import TYPE_BITS
from envs.smac.arrays import Record, Records


@jit
def fill_state(settings: Record, seen: Records, step: int, state: NDArray[np.float32]) -> None:
    """Write one battle's state into state float32[state_size]."""
    state[:] = 0.0
    centre, size = settings.map_size / 2.0, settings.map_size
    at = 0
    for i in range(settings.n_agents + settings.n_enemies):
        row = seen[i]
        ally = i < settings.n_agents
        width = settings.ally_state if ally else settings.enemy_state
        if row.health > 0.0:
            place = at + 1
            state[at] = row.health_part
            if ally:
                spent = row.energy if row.heals else row.cooldown
                state[place] = np.float64(spent) / row.cooldown_max
                place += 1
            state[place] = (np.float64(row.x) - centre) / size
            state[place + 1] = (np.float64(row.y) - centre) / size
            if settings.ally_shield if ally else settings.enemy_shield:
                state[place + 2] = row.shield_part
            state[at + width - TYPE_BITS + row.bit] = 1.0
        at += width
    if settings.state_last_action:
        for agent in range(settings.n_agents):
            if seen[agent].action >= 0:
                state[at + seen[agent].action] = 1.0
            at += settings.n_actions
    if settings.state_timestep_number:
        state[at] = step / settings.episode_limit
