"""Which actions SMACv2 allows, by the snapshot: 0 no-op (the dead only), 1 stop, 2-5 moves, then one per target."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from envs.jit import jit
from envs.layout import N_ACTIONS_NO_ATTACK
from envs.scenario import MAP_SIZE
from envs.smac.arrays import Record, Records


@jit
def span(dx: float, dy: float, reach: float) -> float:
    """The length of (dx, dy), or infinity where it clearly exceeds `reach`: most pairs are far apart and spare us the root."""
    square = dx * dx + dy * dy
    return math.sqrt(square) if square <= 1.0001 * (reach * reach) else math.inf


@jit
def _free(settings: Record, x: float, y: float) -> bool:
    """Whether the cell of a point is on the map and walkable. Truncates toward zero, so that -0.3 counts as cell 0."""
    column, line = int(x), int(y)
    if column < 0 or column >= MAP_SIZE or line < 0 or line >= MAP_SIZE:
        return False
    return bool(settings.walkable[column, line])


@jit
def can_move(settings: Record, seen: Records, agent: int, action: int) -> bool:
    """Whether the cell half a move away in the direction of action 2 (north), 3 (south), 4 (east) or 5 (west) is free."""
    half = settings.move_amount / 2.0
    x, y = np.float64(seen[agent].x), np.float64(seen[agent].y)
    if action == 2:
        return _free(settings, x, y + half)
    if action == 3:
        return _free(settings, x, y - half)
    if action == 4:
        return _free(settings, x + half, y)
    return _free(settings, x - half, y)


@jit
def target_of(settings: Record, seen: Records, agent: int, k: int) -> int:
    """The row in `seen` of the agent's target k: an enemy, for a medivac an ally that is no medivac; -1 if there is none."""
    if seen[agent].heals:
        return k if k < settings.n_agents and not seen[k].heals else -1
    return settings.n_agents + k if k < settings.n_enemies else -1


@jit
def in_reach(me: Record, other: Record) -> bool:
    """Whether the other unit's centre is within the shoot range of `me` (the border belongs to it)."""
    dx, dy = np.float64(other.x) - np.float64(me.x), np.float64(other.y) - np.float64(me.y)
    return bool(span(dx, dy, me.shoot) <= me.shoot)


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
    return bool(settings.action_mask == 0) or in_reach(seen[agent], seen[row])


@jit
def fill_masks(settings: Record, seen: Records, masks: NDArray[np.uint8]) -> None:
    """Write 1 for each `legal` action and 0 for the others into masks uint8[n_agents, n_actions]."""
    n_agents = settings.n_agents
    for agent in range(n_agents):
        me, mask = seen[agent], masks[agent]
        mask[:] = 0
        if me.health <= 0.0:
            mask[0] = 1
            continue
        mask[1] = 1
        for action in range(2, N_ACTIONS_NO_ATTACK):
            mask[action] = can_move(settings, seen, agent, action)
        first, count = (0, n_agents) if me.heals else (n_agents, settings.n_enemies)
        for k in range(count):
            other = seen[first + k]
            if other.health > 0.0 and not (me.heals and other.heals):
                mask[N_ACTIONS_NO_ATTACK + k] = settings.action_mask == 0 or in_reach(me, other)
