"""Creation and removal of units: the start of a battle."""

from __future__ import annotations

import numpy as np

from envs.draws import draw
from envs.engine.arena import clamp_x, clamp_y, outside, walkable
from envs.engine.records import Record, at, row_at, row_of
from envs.engine.state import COLOSSUS, NONE, PHASE_DRAW, WORDS, Battle, Table, Units
from envs.jit import jit
from envs.units import RULES, UNIT_NAMES

TYPES = len(UNIT_NAMES)
NEVER = -(1 << 40)  # a loop long before the battle
GRID = 0.25  # spacing of the places tried
MAX_RINGS = 256  # of that grid: beyond the map's diagonal
PERIOD = RULES.script_period_loops
HEADING_X, HEADING_Y = float(RULES.start_heading[0]), float(RULES.start_heading[1])


@jit
def begin(units: Units, battle: Battle, key: np.uint64) -> None:
    """Empties the battle and sets its key, from which the phase of the enemy script follows."""
    battle.key = key
    battle.loop = 0
    battle.phase = int(draw(battle.key ^ PHASE_DRAW, 0, 0) % PERIOD)
    battle.count = 0
    battle.bursts = 0
    battle.stale = 1
    for slot in range(units.shape[0]):
        at(units, slot).alive = 0


@jit
def create(units: Units, battle: Battle, table: Table, unit_type: int, side: int, x: float, y: float) -> int:
    """Creates a unit at full health on the free place nearest to (x, y); returns its slot, or -1 when there is no room."""
    slot = int(battle.count)
    if slot >= units.shape[0]:
        return -1
    row = row_at(table, side * TYPES + unit_type)
    x, y = clamp_x(row, x), clamp_y(row, y)
    place_x, place_y, found = free_place(at(units, 0), battle, at(table, 0), row, x, y)
    if not found:
        return -1
    battle.count = slot + 1
    unit = at(units, slot)
    unit.type, unit.side, unit.alive = unit_type, side, 1
    unit.row = side * TYPES + unit_type
    unit.x, unit.y = place_x, place_y
    unit.heading_x, unit.heading_y = HEADING_X, HEADING_Y
    unit.health, unit.shield, unit.energy = row.health, row.shield, row.energy_start
    unit.order, unit.target, unit.acquired = NONE, -1, -1
    unit.goal_x, unit.goal_y = place_x, place_y
    unit.hurt, unit.healed, unit.mends = NEVER, NEVER, 0
    unit.cooldown, unit.carry, unit.windup = 0.0, 0.0, 0.0
    unit.victim, unit.weapon = -1, 0
    unit.strike, unit.strike_target = 0.0, -1
    unit.missile, unit.missile_x, unit.missile_y = -1, 0.0, 0.0
    unit.beam, unit.beam_x, unit.beam_y, unit.beam_dx, unit.beam_dy = -1.0, 0.0, 0.0, 0.0, 0.0
    for word in range(2 * WORDS):
        unit.beam_hits[word] = 0
    unit.burst = 0
    unit.pace, unit.side_step, unit.detour, unit.stuck, unit.loose = 0.0, 0, 0, 0, 0
    unit.anchor_x, unit.anchor_y, unit.near_next = place_x, place_y, -1
    for word in range(WORDS):
        unit.around[word] = 0
    return slot


@jit
def kill(units: Units, battle: Battle, slot: int) -> None:
    """Removes a unit, as the game's debug command does: it does not burst."""
    unit = at(units, slot)
    unit.alive, unit.health, unit.shield = 0, 0.0, 0.0
    unit.order, unit.target, unit.acquired, unit.victim = NONE, -1, -1, -1
    unit.strike = 0.0
    if unit.burst == 1:
        unit.burst = 0
        battle.bursts -= 1


@jit
def is_free(units: Units, battle: Battle, table: Table, row: Record, x: float, y: float) -> bool:
    """Whether a unit of this row may begin at (x, y): on ground, unless it flies, where it would touch no living unit."""
    if outside(table, row, x, y) or (row.layer == COLOSSUS and not walkable(table, x, y)):
        return False
    for slot in range(battle.count):
        other = at(units, slot)
        if other.alive == 0:
            continue
        body = row_of(table, other)
        if body.layer != row.layer:
            continue
        dx, dy, reach = other.x - x, other.y - y, row.body + body.body
        if dx * dx + dy * dy < reach * reach:
            return False
    return True


@jit
def free_place(
    units: Units, battle: Battle, table: Table, row: Record, x: float, y: float
) -> tuple[float, float, bool]:
    """The free place nearest to (x, y) on a grid around it: searched ring by ring, ties in the order of the search."""
    if is_free(units, battle, table, row, x, y):
        return x, y, True
    best, best_x, best_y = 1e300, x, y
    for ring in range(1, MAX_RINGS):
        if ring * ring * GRID * GRID >= best:  # every place of this ring is at least as far
            break
        for step_y in range(-ring, ring + 1):
            stride = 1 if abs(step_y) == ring else 2 * ring
            for step_x in range(-ring, ring + 1, stride):
                distance = (step_x * step_x + step_y * step_y) * GRID * GRID
                place_x, place_y = x + step_x * GRID, y + step_y * GRID
                if distance < best and is_free(units, battle, table, row, place_x, place_y):
                    best, best_x, best_y = distance, place_x, place_y
    return best_x, best_y, best < 1e300
