"""Who stands in whose way: units of one layer never share a place at rest; idle comrades give way."""

from __future__ import annotations

import math

from envs.engine.arena import MAP_SIZE, clamp, lower_edge, upper_edge
from envs.engine.state import NONE, Battle, Integers, Table, Units
from envs.jit import jit

CELL = 2.0  # more than two bodies and a step, so that whoever can touch a unit is in its cell or one beside it
SIDE = int(MAP_SIZE / CELL)
VALID = SIDE * SIDE  # index of the flag that says whether the lists are this loop's
TOUCH = 1e-6  # squared lengths closer than this are equal
CLEARANCE = 1e-4  # how far beyond contact a unit that gives way goes

Space = tuple[Integers, Integers, Integers]
"""Scratch of a run: first slot of each cell and the flag, next slot of each slot, slots found around a unit."""


@jit
def fill_cells(units: Units, battle: Battle, space: Space) -> None:
    """Sorts the living units into cells."""
    heads, links, _ = space
    heads[:VALID] = -1
    for slot in range(battle.count):
        unit = units[slot]
        if unit.alive != 0:
            cell = int(unit.y / CELL) * SIDE + int(unit.x / CELL)
            links[slot] = heads[cell]
            heads[cell] = slot
    heads[VALID] = 1


@jit
def gather(units: Units, battle: Battle, table: Table, space: Space, slot: int, reach: float) -> int:
    """Lists who stands within `reach` of the unit's body in its layer; returns how many."""
    heads, links, around = space
    if heads[VALID] == 0:
        fill_cells(units, battle, space)
    unit = units[slot]
    row = table[unit.side, unit.type]
    x, y, layer, near = unit.x, unit.y, row.layer, row.body + reach
    column, line = int(x / CELL), int(y / CELL)
    found = 0
    for cell_y in range(max(line - 1, 0), min(line + 2, SIDE)):
        for cell_x in range(max(column - 1, 0), min(column + 2, SIDE)):
            other = heads[cell_y * SIDE + cell_x]
            while other >= 0:
                seen = units[other]
                dx, dy = seen.x - x, seen.y - y
                distance = dx * dx + dy * dy
                if distance < CELL * CELL and other != slot and seen.alive != 0:
                    body = table[seen.side, seen.type]
                    limit = near + body.body
                    if body.layer == layer and distance < limit * limit:
                        around[found] = other
                        found += 1
                other = links[other]
    return found


@jit
def gives_way(units: Units, slot: int) -> bool:
    """Whether the unit is idle, so that comrades may push it aside."""
    unit = units[slot]
    return bool(unit.order == NONE and unit.acquired < 0 and unit.victim < 0)


@jit
def blocker(units: Units, table: Table, around: Integers, found: int, slot: int, step_x: float, step_y: float) -> int:
    """The first unit around that a step would run into and that does not give way, or -1. Leaving an overlap is free."""
    unit = units[slot]
    body = table[unit.side, unit.type].body
    x, y = unit.x + step_x, unit.y + step_y
    for index in range(found):
        other = around[index]
        seen = units[other]
        if seen.side == unit.side and gives_way(units, other):
            continue
        limit = body + table[seen.side, seen.type].body
        dx, dy = seen.x - x, seen.y - y
        nearing = step_x * (seen.x - unit.x) + step_y * (seen.y - unit.y) > 0.0
        if nearing and dx * dx + dy * dy < limit * limit - TOUCH:
            return int(other)
    return -1


@jit
def outside(units: Units, table: Table, slot: int, step_x: float, step_y: float) -> bool:
    """Whether a step leaves the unit's part of the map."""
    unit = units[slot]
    layer = table[unit.side, unit.type].layer
    low, high = lower_edge(layer), upper_edge(layer)
    x, y = unit.x + step_x, unit.y + step_y
    return bool(x < low or x > high or y < low or y > high)


@jit
def shift(units: Units, slot: int, layer: int, from_x: float, from_y: float, length: float) -> None:
    """Moves a unit straight away from a point, within the map (along the x axis from its own place)."""
    unit = units[slot]
    dx, dy = unit.x - from_x, unit.y - from_y
    distance = math.sqrt(dx * dx + dy * dy)
    if distance > 0.0:
        unit.x = clamp(unit.x + dx / distance * length, layer)
        unit.y = clamp(unit.y + dy / distance * length, layer)
    else:
        unit.x = clamp(unit.x + length, layer)


@jit
def push(units: Units, table: Table, around: Integers, found: int, slot: int) -> None:
    """After a step: idle comrades in the way move aside."""
    unit = units[slot]
    row = table[unit.side, unit.type]
    for index in range(found):
        other = around[index]
        seen = units[other]
        limit = row.body + table[seen.side, seen.type].body
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if distance < limit * limit - TOUCH:
            if seen.side == unit.side and gives_way(units, other):
                shift(units, other, row.layer, unit.x, unit.y, limit - math.sqrt(distance))
                seen.loose = 1
            unit.loose = 1


@jit
def settle(units: Units, battle: Battle, table: Table, space: Space, slot: int) -> None:
    """A unit at rest that overlaps others makes room: fully for a busy unit, by half for one as idle or busy as itself."""
    unit = units[slot]
    row = table[unit.side, unit.type]
    idle = gives_way(units, slot)
    found = gather(units, battle, table, space, slot, 0.0)
    around = space[2]
    unit.loose = 0
    for index in range(found):
        other = around[index]
        seen = units[other]
        limit = row.body + table[seen.side, seen.type].body
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if distance >= limit * limit - TOUCH:
            continue
        unit.loose, seen.loose = 1, 1
        other_idle = gives_way(units, other)
        if idle or not other_idle:
            share = 0.5 if idle == other_idle else 1.0
            shift(units, slot, row.layer, seen.x, seen.y, share * (limit - math.sqrt(distance)) + CLEARANCE)
