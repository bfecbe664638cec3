"""What bodies do by themselves, and what medivacs do for them: regeneration, shields, energy, healing."""

from __future__ import annotations

from envs.engine.movement import walk
from envs.engine.records import Record, at, row_of
from envs.engine.state import Battle, Table, Units
from envs.jit import inlined, jit
from envs.units import RULES

CHASE_MARGIN = RULES.chase_margin
IDLE = 1 << 40  # a loop long after the battle


@inlined
def regenerate(units: Units, battle: Battle, table: Table) -> None:
    """One loop of regeneration of everybody: life always, shields some loops after the last damage, energy always."""
    for slot in range(battle.count):
        unit = at(units, slot)
        if unit.mends <= battle.loop and unit.alive != 0:
            mend(battle, row_of(table, unit), unit)


@jit
def mend(battle: Battle, row: Record, unit: Record) -> None:
    """One unit's regeneration, and when there will be any again (damage and healing set `mends` back)."""
    unit.mends = IDLE
    if row.regeneration > 0.0 and unit.health < row.health:
        unit.health = min(unit.health + row.regeneration, row.health)
        unit.mends = 0
    if unit.shield < row.shield:
        if battle.loop - unit.hurt >= row.shield_delay:
            unit.shield = min(unit.shield + row.shield_regeneration, row.shield)
        unit.mends = min(unit.mends, unit.hurt + row.shield_delay)
    if unit.energy < row.energy_max:
        unit.energy = min(unit.energy + row.energy_regeneration, row.energy_max)
        unit.mends = 0


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
        unit.mends = 0
    return False
