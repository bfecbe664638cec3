"""From SMACv2's integer actions to commands: positions rounded to float32 as the API does, nothing sent when out of range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.engine.orders import order_attack, order_heal, order_move, order_stop
from envs.jit import jit
from envs.layout import N_ACTIONS_NO_ATTACK
from envs.smac.arrays import Record, Records
from envs.smac.masks import in_reach, legal, target_of


@jit
def find_illegal(
    lo: int, hi: int, settings: Record, seen: Records, tallies: Records, actions: NDArray[np.int64]
) -> int:
    """The first illegal action among the battles [lo, hi) that still run, as battle * n_agents + agent; -1 if there is none."""
    n_agents: int = settings.n_agents
    for b in range(lo, hi):
        if tallies[b].terminated:
            continue
        for agent in range(n_agents):
            if not legal(settings, seen[b], agent, actions[b, agent]):
                return b * n_agents + agent
    return -1


@jit
def _move(settings: Record, units: Records, row: Record, action: int) -> None:
    x, y = np.float64(row.x), np.float64(row.y)
    if action == 2:
        y += settings.move_amount
    elif action == 3:
        y -= settings.move_amount
    elif action == 4:
        x += settings.move_amount
    else:
        x -= settings.move_amount
    order_move(units, row.slot, np.float64(np.float32(x)), np.float64(np.float32(y)))


@jit
def send(settings: Record, table: Records, units: Records, seen: Records, actions: NDArray[np.int64]) -> None:
    """Give the engine one battle's legal actions. A target out of reach (possible without action mask) gets no command at all,
    so that the unit's previous order goes on."""
    for agent in range(settings.n_agents):
        action = actions[agent]
        row = seen[agent]
        row.action = action
        if action == 1:
            order_stop(units, row.slot)
        elif 2 <= action < N_ACTIONS_NO_ATTACK:
            _move(settings, units, row, action)
        elif action >= N_ACTIONS_NO_ATTACK:
            target = target_of(settings, seen, agent, action - N_ACTIONS_NO_ATTACK)
            if in_reach(row, seen[target]):
                if row.heals:
                    order_heal(units, table, row.slot, seen[target].slot)
                else:
                    order_attack(units, table, row.slot, seen[target].slot)
