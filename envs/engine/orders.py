"""Orders: what agents and the script may ask of a unit."""

from __future__ import annotations

from envs.engine.records import at, row_of
from envs.engine.state import ATTACK, ATTACK_MOVE, HEAL, MOVE, NONE, Table, Units
from envs.engine.table import BIOLOGICAL
from envs.jit import jit


@jit
def interrupt(units: Units, slot: int) -> None:
    """Ends what the unit is about: its target, wind-up and second strike. Missiles and beams go on."""
    unit = at(units, slot)
    unit.target, unit.acquired, unit.victim = -1, -1, -1
    unit.carry = 0.0
    unit.strike = 0.0
    unit.stuck = 0


@jit
def order_stop(units: Units, slot: int) -> None:
    """Ends the unit's order."""
    interrupt(units, slot)
    at(units, slot).order = NONE


@jit
def order_move(units: Units, slot: int, x: float, y: float) -> None:
    """Sends the unit to (x, y), or the nearest point it can enter."""
    interrupt(units, slot)
    unit = at(units, slot)
    unit.order, unit.goal_x, unit.goal_y = MOVE, x, y


@jit
def order_attack_move(units: Units, slot: int, x: float, y: float) -> None:
    """Sends the unit to (x, y); on the way it attacks, or heals, whom it would without an order."""
    order_move(units, slot, x, y)
    at(units, slot).order = ATTACK_MOVE


@jit
def can_hit(units: Units, table: Table, slot: int, target: int) -> bool:
    """Whether `slot` has a weapon and its main one hits the plane of `target`."""
    row, other = row_of(table, at(units, slot)), row_of(table, at(units, target))
    if row.weapons == 0:
        return False
    return bool(row.hits_ground[0] & other.on_ground | row.hits_air[0] & other.in_air)


@jit
def order_attack(units: Units, table: Table, slot: int, target: int) -> bool:
    """Sends the unit at an enemy until one of them dies. False (and the old order stays) when it cannot attack that unit.

    A healer, which has no weapon, follows the enemy and heals on its way. The order on the target the unit already attacks changes
    nothing: a wind-up goes on.
    """
    unit = at(units, slot)
    if unit.alive == 0 or at(units, target).alive == 0 or at(units, target).side == unit.side:
        return False
    # Healers take the game's attack command as a scan-move (pysc2's Scan_Move_unit), a script's too: in logs of the real game
    # MMM2 is won over a dead medivac, which had come along.
    if row_of(table, unit).heal <= 0.0 and not can_hit(units, table, slot, target):
        return False
    if unit.order == ATTACK and unit.target == target:
        return True
    if unit.order != NONE or unit.acquired != target:
        interrupt(units, slot)
    unit.order, unit.target, unit.acquired = ATTACK, target, -1
    return True


@jit
def can_heal(units: Units, table: Table, slot: int, target: int) -> bool:
    """Whether the unit can heal that one: a living, biological, hurt unit of its own side, and energy left for it."""
    unit, other = at(units, slot), at(units, target)
    row, patient = row_of(table, unit), row_of(table, other)
    if row.heal <= 0.0 or unit.alive == 0 or other.alive == 0 or other.side != unit.side or target == slot:
        return False
    if patient.attributes & BIOLOGICAL == 0 or other.health >= patient.health:
        return False
    return bool(unit.energy >= row.heal * row.heal_cost)


@jit
def order_heal(units: Units, table: Table, slot: int, target: int) -> bool:
    """Sends the unit to heal another until it is whole. False (and the old order stays) when it cannot heal that unit."""
    if not can_heal(units, table, slot, target):
        return False
    unit = at(units, slot)
    if unit.order == HEAL and unit.target == target:
        return True
    interrupt(units, slot)
    unit.order, unit.target = HEAL, target
    return True
