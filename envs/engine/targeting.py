"""What stock units without an order do by themselves: pick a target, or someone to heal."""

from __future__ import annotations

from envs.engine.orders import can_heal, can_hit
from envs.engine.records import at, row_of
from envs.engine.state import Battle, Table, Units
from envs.jit import jit


@jit
def threatens(units: Units, table: Table, slot: int, other: int) -> bool:
    """Whether `other` counts as a threat to `slot`: it can hit it, or its type always threatens."""
    unit = at(units, other)
    return bool(row_of(table, unit).threatens != 0 or can_hit(units, table, other, slot))


@jit
def in_scan(units: Units, table: Table, slot: int, other: int) -> bool:
    """Whether `other` stands within the scan range of `slot`, edge to edge."""
    unit, seen = at(units, slot), at(units, other)
    row = row_of(table, unit)
    reach = row.scan + row.radius + row_of(table, seen).radius
    dx, dy = seen.x - unit.x, seen.y - unit.y
    return bool(dx * dx + dy * dy <= reach * reach)


@jit
def acquire(units: Units, battle: Battle, table: Table, slot: int) -> int:
    """The enemy that an idle unit attacks by itself: threats first, then the nearest; -1 when none is in scan range.

    It keeps to that one while its weapon reaches it and looks again when it does not (pysc2's documentation), going on after the
    old one when it finds nobody.
    """
    unit = at(units, slot)
    best, best_threat, best_distance = -1, False, 1e300
    for other in range(battle.count):
        seen = at(units, other)
        if seen.alive == 0 or seen.side == unit.side or not in_scan(units, table, slot, other):
            continue
        if not can_hit(units, table, slot, other):
            continue
        threat = threatens(units, table, slot, other)
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if (threat and not best_threat) or (threat == best_threat and distance < best_distance):
            best, best_threat, best_distance = other, threat, distance
    return best


@jit
def acquire_patient(units: Units, battle: Battle, table: Table, slot: int) -> int:
    """Whom an idle medivac heals by itself: the lowest fraction of life in scan range, then the nearest; -1 for nobody."""
    unit = at(units, slot)
    row = row_of(table, unit)
    if unit.energy < row.heal_energy:
        return -1
    best, best_fraction, best_distance = -1, 2.0, 1e300
    for other in range(battle.count):
        if not can_heal(units, table, slot, other):
            continue
        seen = at(units, other)
        dx, dy = seen.x - unit.x, seen.y - unit.y
        distance = dx * dx + dy * dy
        if distance > row.heal_scan * row.heal_scan or seen.healed >= battle.loop - 1:  # another medivac heals it
            continue
        fraction = seen.health / row_of(table, seen).health
        if fraction < best_fraction or (fraction == best_fraction and distance < best_distance):
            best, best_fraction, best_distance = other, fraction, distance
    return best
