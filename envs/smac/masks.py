"""Which actions SMACv2 allows, by the snapshot: 0 no-op (the dead only), 1 stop, 2-5 moves, then one per target."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from envs.engine.arena import pathing_grid
from envs.jit import jit
from envs.layout import N_ACTIONS_NO_ATTACK
from envs.smac.arrays import Record, Records

PATHING: NDArray[np.bool_] = pathing_grid()  # [x, y]
MAP_CELLS = PATHING.shape[0]


@jit
def distance(seen: Records, i: int, j: int) -> float:
    """Distance between the centres of two units, map units."""
    dx = np.float64(seen[j].x) - np.float64(seen[i].x)
    dy = np.float64(seen[j].y) - np.float64(seen[i].y)
    return math.sqrt(float(dx * dx + dy * dy))


@jit
def _free(x: float, y: float) -> bool:
    """Whether the cell of a point is on the map and walkable. Truncates toward zero, so that -0.3 counts as cell 0."""
    column, line = int(x), int(y)
    if column < 0 or column >= MAP_CELLS or line < 0 or line >= MAP_CELLS:
        return False
    return bool(PATHING[column, line])


@jit
def can_move(settings: Record, seen: Records, agent: int, action: int) -> bool:
    """Whether the cell half a move away in the direction of action 2 (north), 3 (south), 4 (east) or 5 (west) is free."""
    half = settings.move_amount / 2.0
    x, y = np.float64(seen[agent].x), np.float64(seen[agent].y)
    if action == 2:
        return _free(x, y + half)
    if action == 3:
        return _free(x, y - half)
    if action == 4:
        return _free(x + half, y)
    return _free(x - half, y)


@jit
def target_of(settings: Record, seen: Records, agent: int, k: int) -> int:
    """The row in `seen` of the agent's target k: an enemy, for a medivac an ally that is no medivac; -1 if there is none."""
    if seen[agent].heals:
        return k if k < settings.n_agents and not seen[k].heals else -1
    return settings.n_agents + k if k < settings.n_enemies else -1


@jit
def in_reach(seen: Records, agent: int, row: int) -> bool:
    """Whether that row's unit is within the agent's shoot range (the border belongs to it)."""
    return bool(distance(seen, agent, row) <= seen[agent].shoot)


@jit
def legal(settings: Record, seen: Records, agent: int, action: int) -> bool:
    """Whether the agent may choose the action: what its mask says."""
    if action < 0 or action >= settings.n_actions:
        return False
    if seen[agent].health <= 0.0:
        return action == 0
    if action < 2:
        return action == 1
    if action < N_ACTIONS_NO_ATTACK:
        return can_move(settings, seen, agent, action)
    row = target_of(settings, seen, agent, action - N_ACTIONS_NO_ATTACK)
    if row < 0 or seen[row].health <= 0.0:
        return False
    return bool(settings.action_mask == 0) or in_reach(seen, agent, row)


@jit
def fill_masks(settings: Record, seen: Records, masks: NDArray[np.uint8]) -> None:
    """Write 1 for each legal action and 0 for the others into masks uint8[n_agents, n_actions]."""
    for agent in range(settings.n_agents):
        for action in range(settings.n_actions):
            masks[agent, action] = legal(settings, seen, agent, action)
