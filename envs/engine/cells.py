"""Who is near whom: the units of each cell of the map, in lists that follow every move.

The lists are in ascending order of slots, whatever the moves that led to them, so that a battle does not depend on how its
loops are divided into calls.
"""

from __future__ import annotations

from envs.engine.arena import clamp
from envs.engine.records import at, row_of
from envs.engine.state import CELL, CELLS, Battle, Table, Units
from envs.engine.table import FLYER
from envs.jit import jit


@jit
def enter(units: Units, battle: Battle, slot: int) -> None:
    """Puts the unit into the list of its cell."""
    unit = at(units, slot)
    unit.cell = int(unit.y / CELL) * CELLS + int(unit.x / CELL)
    following = int(battle.cells[unit.cell])
    if following < 0 or following > slot:
        unit.cell_next = following
        battle.cells[unit.cell] = slot
        return
    while at(units, following).cell_next >= 0 and at(units, following).cell_next < slot:
        following = at(units, following).cell_next
    unit.cell_next = at(units, following).cell_next
    at(units, following).cell_next = slot


@jit
def leave(units: Units, battle: Battle, slot: int) -> None:
    """Takes the unit out of the list that it is in."""
    unit = at(units, slot)
    following = int(battle.cells[unit.cell])
    if following == slot:
        battle.cells[unit.cell] = unit.cell_next
    else:
        while at(units, following).cell_next != slot:
            following = at(units, following).cell_next
        at(units, following).cell_next = unit.cell_next
    unit.cell = -1


@jit
def fill_cells(units: Units, battle: Battle) -> None:
    """Makes all lists anew: callers may have created, removed or displaced units, these even off the map."""
    for slot in range(battle.count):
        unit = at(units, slot)
        if unit.cell >= 0:
            battle.cells[unit.cell] = -1
            unit.cell = -1
    for slot in range(battle.count - 1, -1, -1):
        unit = at(units, slot)
        if unit.alive != 0:
            unit.x, unit.y = clamp(unit.x, FLYER), clamp(unit.y, FLYER)
            enter(units, battle, slot)


@jit
def move_to(units: Units, battle: Battle, slot: int, x: float, y: float) -> None:
    """Displaces a unit that is in a list."""
    unit = at(units, slot)
    unit.x, unit.y = x, y
    if unit.cell != int(y / CELL) * CELLS + int(x / CELL):
        leave(units, battle, slot)
        enter(units, battle, slot)


@jit
def gather(units: Units, battle: Battle, table: Table, slot: int, reach: float) -> int:
    """Lists who stands within `reach` of the unit's body in its layer: the first slot, or -1; `near_next` leads on."""
    unit = at(units, slot)
    row = row_of(table, unit)
    x, y, layer, near = unit.x, unit.y, row.layer, row.body + reach
    window = near + row.widest
    left, right = max(int((x - window) / CELL), 0), min(int((x + window) / CELL), CELLS - 1)
    low, high = max(int((y - window) / CELL), 0), min(int((y + window) / CELL), CELLS - 1)
    first = -1
    for line in range(low, high + 1):
        for cell in range(line * CELLS + left, line * CELLS + right + 1):
            other = int(battle.cells[cell])
            while other >= 0:
                seen = at(units, other)
                dx, dy = seen.x - x, seen.y - y
                body = row_of(table, seen)
                limit = near + body.body
                if dx * dx + dy * dy < limit * limit and body.layer == layer and other != slot and seen.alive != 0:
                    seen.near_next = first
                    first = other
                other = seen.cell_next
    return first
