"""Who stands in whose way: units of one layer never share a place at rest; idle comrades give way."""

from __future__ import annotations

import math

from envs.engine.arena import enter
from envs.engine.neighbours import gather, move_to
from envs.engine.records import at, row_of
from envs.engine.state import NONE, Battle, Table, Units
from envs.jit import jit

TOUCH = 1e-6  # squared lengths closer than this are equal
CLEARANCE = 1e-4  # how far beyond contact a unit that gives way goes


@jit
def gives_way(units: Units, slot: int) -> bool:
    """Whether the unit is idle, so that comrades may push it aside."""
    unit = at(units, slot)
    return bool(unit.order == NONE and unit.acquired < 0 and unit.victim < 0)


@jit
def blocker(units: Units, table: Table, near: int, slot: int, step_x: float, step_y: float) -> int:
    """The first unit around that a step would run into and that does not give way, or -1. Leaving an overlap is free."""
    unit = at(units, slot)
    body = row_of(table, unit).body
    x, y = unit.x + step_x, unit.y + step_y
    following = near
    while following >= 0:
        other, seen = following, at(units, following)
        following = seen.near_next
        if seen.side == unit.side and gives_way(units, other):
            continue
        limit = body + row_of(table, seen).body
        dx, dy = seen.x - x, seen.y - y
        nearing = step_x * (seen.x - unit.x) + step_y * (seen.y - unit.y) > 0.0
        if nearing and dx * dx + dy * dy < limit * limit - TOUCH:
            return int(other)
    return -1


@jit
def shift(units: Units, battle: Battle, table: Table, slot: int, from_x: float, from_y: float, length: float) -> None:
    """Moves a unit straight away from a point, within the map (along the x axis from its own place)."""
    unit = at(units, slot)
    dx, dy = unit.x - from_x, unit.y - from_y
    distance = math.sqrt(dx * dx + dy * dy)
    if distance > 0.0:
        dx, dy = dx / distance, dy / distance
    else:
        dx = 1.0
    x, y = enter(table, row_of(table, unit), unit.x, unit.y, unit.x + dx * length, unit.y + dy * length)
    move_to(units, battle, slot, x, y)


@jit
def push(units: Units, battle: Battle, table: Table, near: int, slot: int) -> None:
    """After a step: idle comrades in the way move aside."""
    unit = at(units, slot)
    row = row_of(table, unit)
    following = near
    while following >= 0:
        other, seen = following, at(units, following)
        following = seen.near_next
        limit = row.body + row_of(table, seen).body
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if distance < limit * limit - TOUCH:
            if seen.side == unit.side and gives_way(units, other):
                shift(units, battle, table, other, unit.x, unit.y, limit - math.sqrt(distance))
                seen.loose = 1
            unit.loose = 1


@jit
def settle(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """A unit at rest that overlaps others makes room: fully for a busy unit, by half for one as idle or busy as itself."""
    unit = at(units, slot)
    row = row_of(table, unit)
    idle = gives_way(units, slot)
    near = gather(units, battle, table, slot, 0.0)
    unit.loose = 0
    following = near
    while following >= 0:
        other, seen = following, at(units, following)
        following = seen.near_next
        limit = row.body + row_of(table, seen).body
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if distance >= limit * limit - TOUCH:
            continue
        unit.loose, seen.loose = 1, 1
        other_idle = gives_way(units, other)
        if idle or not other_idle:
            share = 0.5 if idle == other_idle else 1.0
            shift(units, battle, table, slot, seen.x, seen.y, share * (limit - math.sqrt(distance)) + CLEARANCE)
