"""Who may be near whom: for each unit a set of slots, wide enough to hold for several loops, made anew when somebody went far.

The sets only spare comparisons: whoever is left out is too far away to matter, so that a battle does not depend on when they were
made. (The technique is Verlet's neighbour list, Phys. Rev. 159, 98, 1967.)
"""

from __future__ import annotations

from envs.engine.arena import LAST
from envs.engine.records import at, row_of, trailing_zeros
from envs.engine.state import CELLS, WORD, WORDS, Battle, Table, Units
from envs.jit import jit
from envs.units import RULES, UNITS

SKIN = 3.0
"""How far beyond contact the sets reach, in map units: half of it, a unit may walk before they are made anew (about 8 loops)."""
LONGEST_STEP = max(max(unit.speed, unit.ally_speed) for unit in UNITS.values()) / RULES.loops_per_second
_END = CELLS - LAST
_REACH = SKIN + LONGEST_STEP
_FAR = (SKIN / 2) * (SKIN / 2)
_ONE = 1  # a signed 64-bit word: sets use all bits, the sign included


@jit
def forget(units: Units, battle: Battle) -> None:
    """For the start of a call: callers may have created, removed or displaced units, these even off the map."""
    for slot in range(battle.count):
        unit = at(units, slot)
        unit.x, unit.y = min(max(unit.x, 0.0), _END), min(max(unit.y, 0.0), _END)
    battle.stale = 1


@jit
def find_neighbours(units: Units, battle: Battle, table: Table) -> None:
    """Makes all sets anew."""
    count = battle.count
    for slot in range(count):
        unit = at(units, slot)
        unit.anchor_x, unit.anchor_y = unit.x, unit.y
        for word in range(WORDS):
            unit.around[word] = 0
    for slot in range(count):
        unit = at(units, slot)
        if unit.alive == 0:
            continue
        row = row_of(table, unit)
        x, y, layer, near = unit.x, unit.y, row.layer, row.body + _REACH
        for other in range(slot + 1, count):
            seen = at(units, other)
            body = row_of(table, seen)
            dx, dy, limit = seen.x - x, seen.y - y, near + body.body
            if dx * dx + dy * dy < limit * limit and body.layer == layer and seen.alive != 0:
                unit.around[other // WORD] |= _ONE << (other % WORD)
                seen.around[slot // WORD] |= _ONE << (slot % WORD)
    battle.stale = 0


@jit
def move_to(units: Units, battle: Battle, slot: int, x: float, y: float) -> None:
    """Displaces a unit."""
    unit = at(units, slot)
    unit.x, unit.y = x, y
    dx, dy = x - unit.anchor_x, y - unit.anchor_y
    if dx * dx + dy * dy > _FAR:
        battle.stale = 1


@jit
def gather(units: Units, battle: Battle, table: Table, slot: int, reach: float) -> int:
    """Lists who stands within `reach` (at most `LONGEST_STEP`) of the unit's body in its layer, by descending slot: the first slot,
    or -1; `near_next` leads on."""
    if battle.stale != 0:
        find_neighbours(units, battle, table)
    unit = at(units, slot)
    x, y, near = unit.x, unit.y, row_of(table, unit).body + reach
    first = -1
    for word in range(WORDS):
        left = unit.around[word]
        while left != 0:
            other = word * WORD + trailing_zeros(left)
            left &= left - _ONE
            seen = at(units, other)
            dx, dy, limit = seen.x - x, seen.y - y, near + row_of(table, seen).body
            if dx * dx + dy * dy < limit * limit and seen.alive != 0:
                seen.near_next = first
                first = other
    return first
