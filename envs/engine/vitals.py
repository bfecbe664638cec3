"""What bodies do by themselves, and what medivacs do for them: regeneration, shields, energy, healing."""

from __future__ import annotations

from envs.engine.movement import walk
from envs.engine.records import at, row_of
from envs.engine.state import Battle, Table, Units
from envs.jit import jit
from envs.units import RULES

CHASE_MARGIN = RULES.chase_margin


@jit
def regenerate(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """One loop of regeneration: life always, shields some loops after the last damage, energy always."""
    unit = at(units, slot)
    row = row_of(table, unit)
    if row.regeneration > 0.0 and unit.health < row.health:
        unit.health = min(unit.health + row.regeneration, row.health)
    if unit.shield < row.shield and battle.loop - unit.hurt >= row.shield_delay:
        unit.shield = min(unit.shield + row.shield_regeneration, row.shield)
    if unit.energy < row.energy_max:
        unit.energy = min(unit.energy + row.energy_regeneration, row.energy_max)


@jit
def tend(units: Units, battle: Battle, table: Table, slot: int, target: int) -> bool:
    """One loop of healing a patient that can be healed: follow it and heal it. Returns whether the unit moved."""
    unit, patient = at(units, slot), at(units, target)
    row = row_of(table, unit)
    dx, dy = patient.x - unit.x, patient.y - unit.y
    if dx * dx + dy * dy > row.heal_range * row.heal_range:
        walk(units, battle, table, slot, patient.x, patient.y, row.heal_range - CHASE_MARGIN)
        return True
    if patient.healed != battle.loop:
        life = min(row.heal, row_of(table, patient).health - patient.health)
        patient.health += life
        patient.healed = battle.loop
        unit.energy -= life * row.heal_cost
    return False
