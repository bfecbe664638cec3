"""Turning and walking: straight to the goal, round whoever stands in the way."""

from __future__ import annotations

import math

from envs.engine.arena import clamp_x, clamp_y, enter, outside
from envs.engine.collision import blocker, push
from envs.engine.neighbours import gather, move_to
from envs.engine.paths import next_point
from envs.engine.records import at, row_of
from envs.engine.state import NONE, Battle, Table, Units
from envs.jit import jit
from envs.units import RULES

TURN_COSINE, TURN_SINE = RULES.turn_cosine, RULES.turn_sine
VEER_COSINE, VEER_SINE = 0.9238795325112867, 0.3826834323650898  # 22.5 degrees
VEERS = 5  # a unit looks for a way up to 112.5 degrees off its goal
DETOUR, STUCK, STUCK_PER_UNIT = RULES.detour_loops, RULES.stuck_loops, RULES.stuck_loops_per_unit
ARRIVED = 1e-8  # squared distance


@jit
def turn(units: Units, table: Table, slot: int, to_x: float, to_y: float) -> float:
    """Turns the unit towards a unit vector as far as one loop allows; returns the cosine of what is left."""
    unit = at(units, slot)
    if row_of(table, unit).turns == 0:
        return 1.0
    x, y = unit.heading_x, unit.heading_y
    if x * to_x + y * to_y >= TURN_COSINE:
        unit.heading_x, unit.heading_y = to_x, to_y
        return 1.0
    sine = TURN_SINE if x * to_y - y * to_x >= 0.0 else -TURN_SINE
    unit.heading_x = x * TURN_COSINE - y * sine
    unit.heading_y = x * sine + y * TURN_COSINE
    return float(unit.heading_x * to_x + unit.heading_y * to_y)


@jit
def follows(units: Units, slot: int, other: int, to_x: float, to_y: float) -> bool:
    """Whether `other` walks ahead of the unit in the same direction, so that waiting is better than walking round it."""
    unit, seen = at(units, slot), at(units, other)
    if seen.side != unit.side or seen.pace <= 0.0 or seen.heading_x * to_x + seen.heading_y * to_y < 0.5:
        return False
    dx, dy = seen.x - unit.x, seen.y - unit.y
    ahead = dx * to_x + dy * to_y
    return bool(ahead > 0.0 and ahead * ahead > 0.5 * (dx * dx + dy * dy))


@jit
def way_round(
    units: Units,
    table: Table,
    near: int,
    slot: int,
    first: int,
    to_x: float,
    to_y: float,
    step: float,
) -> tuple[float, float, bool]:
    """A free direction past the blocker `first`: along its edge, else the smallest of the veers, one side before the other."""
    unit, seen = at(units, slot), at(units, first)
    dx, dy = seen.x - unit.x, seen.y - unit.y
    distance = math.sqrt(dx * dx + dy * dy)
    if unit.side_step == 0:
        unit.side_step = -1 if to_x * dy - to_y * dx > 0.0 else 1
    unit.detour = DETOUR
    for _ in range(2):
        side = unit.side_step
        edge_x, edge_y = -dy / distance * side, dx / distance * side
        if edge_x * to_x + edge_y * to_y > 0.0 and is_way(units, table, near, slot, edge_x * step, edge_y * step):
            return edge_x, edge_y, True
        x, y = to_x, to_y
        for _ in range(VEERS):
            x, y = x * VEER_COSINE - y * VEER_SINE * side, x * VEER_SINE * side + y * VEER_COSINE
            if is_way(units, table, near, slot, x * step, y * step):
                return x, y, True
        unit.side_step = -side
    return to_x, to_y, False


@jit
def is_way(units: Units, table: Table, near: int, slot: int, step_x: float, step_y: float) -> bool:
    """Whether a step is free of blockers and stays on the map."""
    unit = at(units, slot)
    if outside(table, row_of(table, unit), unit.x + step_x, unit.y + step_y):
        return False
    return blocker(units, table, near, slot, step_x, step_y) < 0


@jit
def stride(units: Units, table: Table, slot: int, remaining: float) -> float:
    """The length of this loop's step: as fast as the unit has become, slowing down in time for the goal."""
    unit = at(units, slot)
    row = row_of(table, unit)
    pace = min(row.speed, unit.pace + row.acceleration)
    if row.acceleration < row.speed:
        pace = min(pace, math.sqrt(2.0 * row.acceleration * remaining))
    return float(min(pace, remaining))


@jit
def walk(units: Units, battle: Battle, table: Table, slot: int, goal_x: float, goal_y: float, stop: float) -> float:
    """One loop of walking, round walls, until `stop` from the goal; returns by how much nearer the unit came to it, or to the next
    point of its way round."""
    unit = at(units, slot)
    row = row_of(table, unit)
    if row.walled != 0:
        to_x, to_y = next_point(table, unit.x, unit.y, goal_x, goal_y)
        if to_x != goal_x or to_y != goal_y:
            goal_x, goal_y, stop = to_x, to_y, 0.0
    dx, dy = goal_x - unit.x, goal_y - unit.y
    distance = math.sqrt(dx * dx + dy * dy)
    if distance <= stop or distance <= 0.0:
        unit.pace = 0.0
        return 0.0
    to_x, to_y = dx / distance, dy / distance
    step = stride(units, table, slot, distance - stop)
    x, y = to_x, to_y
    near = gather(units, battle, table, slot, step)
    if unit.detour > 0:
        unit.detour -= 1
        if unit.detour == 0:
            unit.side_step = 0
    if near >= 0:
        first = blocker(units, table, near, slot, x * step, y * step)
        if first >= 0:
            free = False
            if not follows(units, slot, first, x, y):
                x, y, free = way_round(units, table, near, slot, first, x, y, step)
            if not free:
                turn(units, table, slot, x, y)
                unit.pace = 0.0
                return 0.0
    facing = turn(units, table, slot, x, y)
    if facing < 1.0:
        x, y = unit.heading_x, unit.heading_y
        step *= max(facing, 0.0)
        if near >= 0 and blocker(units, table, near, slot, x * step, y * step) >= 0:
            step = 0.0
    unit.pace = step
    old_x, old_y = unit.x, unit.y
    new_x, new_y = enter(table, row, old_x, old_y, old_x + x * step, old_y + y * step)
    move_to(units, battle, slot, new_x, new_y)
    if near >= 0:
        push(units, battle, table, near, slot)
    return float((unit.x - old_x) * to_x + (unit.y - old_y) * to_y)


@jit
def march(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """One loop of a move or attack-move: it ends on arrival, or where the unit is when others were in its way for long."""
    unit = at(units, slot)
    row = row_of(table, unit)
    goal_x, goal_y = clamp_x(row, unit.goal_x), clamp_y(row, unit.goal_y)
    advance = walk(units, battle, table, slot, goal_x, goal_y, 0.0)
    if advance <= 0.25 * min(row.acceleration, row.speed):
        unit.stuck += 1
    dx, dy = goal_x - unit.x, goal_y - unit.y
    left = dx * dx + dy * dy
    if left < ARRIVED or (unit.stuck >= STUCK and unit.stuck >= STUCK + STUCK_PER_UNIT * math.sqrt(left)):
        unit.order, unit.stuck = NONE, 0
