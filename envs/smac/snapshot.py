"""What StarCraft II's API would have returned: float32 values of living units; a dead unit keeps its last ones, with health 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.jit import jit
from envs.smac.arrays import Record, Records


@jit
def _precedes(units: Records, i: int, j: int) -> bool:
    """Whether unit i stands before unit j in SMACv2's order of agents: by unit type, then x, then y, as the API reports them."""
    if units[i].type != units[j].type:
        return bool(units[i].type < units[j].type)
    xi, xj = np.float32(units[i].x), np.float32(units[j].x)
    if xi != xj:
        return bool(xi < xj)
    return bool(np.float32(units[i].y) < np.float32(units[j].y))


@jit
def _assign_slots(settings: Record, units: Records, seen: Records) -> None:
    """Agents in sorted order (stable, by insertion), enemies in creation order."""
    n_agents = settings.n_agents
    for slot in range(n_agents):
        place = slot
        while place > 0 and _precedes(units, slot, seen[place - 1].slot):
            seen[place].slot = seen[place - 1].slot
            place -= 1
        seen[place].slot = slot
    for slot in range(n_agents, n_agents + settings.n_enemies):
        seen[slot].slot = slot


@jit
def look_again(units: Records, seen: Records) -> None:
    """Take over what the units show now."""
    for i in range(seen.shape[0]):
        row = seen[i]
        unit = units[row.slot]
        row.previous_health = row.health
        row.previous_shield = row.shield
        if unit.alive == 0:
            row.health = 0.0
            continue
        row.x = unit.x
        row.y = unit.y
        row.health = unit.health
        row.shield = unit.shield
        row.energy = unit.energy
        row.cooldown = unit.cooldown
        row.health_part = np.float64(row.health) / row.health_max
        if row.shield_max > 0.0:
            row.shield_part = np.float64(row.shield) / row.shield_max


@jit
def _mask(settings: Record, enemy_mask: NDArray[np.uint8], seen: Records) -> None:
    for e in range(settings.n_enemies):
        bits = np.uint64(0)
        for agent in range(settings.n_agents):
            if enemy_mask[agent, e] != 0:
                bits |= np.uint64(1) << np.uint64(agent)
        seen[settings.n_agents + e].masked_from = bits


@jit
def look_first(settings: Record, traits: Records, units: Records, enemy_mask: NDArray[np.uint8], seen: Records) -> None:
    """Give the units just created their places among `seen`, and take over what they show. enemy_mask: uint8[A, E]."""
    _assign_slots(settings, units, seen)
    _mask(settings, enemy_mask, seen)
    for i in range(settings.n_agents + settings.n_enemies):
        row = seen[i]
        row.kind = units[row.slot].type
        trait = traits[1 if i >= settings.n_agents else 0, row.kind]
        row.health_max = trait.health_max
        row.shield_max = trait.shield_max
        row.cooldown_max = trait.cooldown_max
        row.sight = trait.sight
        row.shoot = trait.shoot
        row.bit = trait.bit
        row.heals = trait.heals
        row.action = -1
        row.tracker = -1
        row.x, row.y = units[row.slot].x, units[row.slot].y  # of those too whom the first loop has killed already
        row.health, row.shield = 0.0, 0.0
    look_again(units, seen)
