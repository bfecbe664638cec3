"""What an attack does once it is released: damage, second strikes, missiles, beams and bursts."""

from __future__ import annotations

import math

import numpy as np

from envs.engine.records import at, row_of
from envs.engine.state import MAIN, NONE, WORD, WORDS, Battle, Table, Units
from envs.engine.table import STRUCTURE
from envs.jit import jit
from envs.units import RULES

MINIMUM_DAMAGE = RULES.minimum_damage
ONE = np.uint64(1)


@jit
def die(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """The unit dies; a baneling is marked to burst."""
    unit = at(units, slot)
    unit.alive, unit.health, unit.shield = 0, 0.0, 0.0
    unit.order, unit.target, unit.acquired, unit.victim = NONE, -1, -1, -1
    unit.strike = 0.0
    if row_of(table, unit).burst_radius > 0.0:
        unit.burst = 1
        battle.bursts += 1


@jit
def wound(units: Units, battle: Battle, table: Table, attacker: int, weapon: int, target: int) -> None:
    """One hit: the bonus counts against shields too; shields first, the rest less armor, at least half a point."""
    source, unit = at(units, attacker), at(units, target)
    if unit.alive == 0:
        return
    arms, row = row_of(table, source), row_of(table, unit)
    damage = float(arms.damage[weapon])
    if arms.bonus_against[weapon] & row.attributes != 0:
        damage += arms.bonus[weapon]
    if arms.structure_damage > 0.0 and row.attributes & STRUCTURE != 0:
        damage = arms.structure_damage
    unit.hurt, unit.mends = battle.loop, 0
    if unit.shield > 0.0:
        absorbed = min(unit.shield, damage)
        unit.shield -= absorbed
        damage -= absorbed
        if damage <= 0.0:
            return
    unit.health -= max(damage - row.armor, MINIMUM_DAMAGE)
    if unit.health <= 0.0:
        die(units, battle, table, target)


@jit
def second_strike(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """The second strike of a double one, if its time has come."""
    unit = at(units, slot)
    unit.strike -= 1.0
    if unit.strike <= 0.0:
        unit.strike = 0.0
        wound(units, battle, table, slot, MAIN, unit.strike_target)


@jit
def launch(units: Units, table: Table, slot: int, target: int) -> None:
    """A missile leaves the attacker's edge."""
    unit, victim = at(units, slot), at(units, target)
    dx, dy = victim.x - unit.x, victim.y - unit.y
    distance = math.sqrt(dx * dx + dy * dy)
    part = min(row_of(table, unit).radius / distance, 1.0) if distance > 0.0 else 0.0
    unit.missile, unit.missile_x, unit.missile_y = target, unit.x + dx * part, unit.y + dy * part


@jit
def fly_missile(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """The missile follows its target to its edge; it vanishes when the target is dead."""
    unit = at(units, slot)
    target = int(unit.missile)
    victim = at(units, target)
    if victim.alive == 0:
        unit.missile = -1
        return
    speed = row_of(table, unit).missile_speed[0]
    reach = speed + row_of(table, victim).radius
    dx, dy = victim.x - unit.missile_x, victim.y - unit.missile_y
    distance = dx * dx + dy * dy
    if distance <= reach * reach:
        unit.missile = -1
        wound(units, battle, table, slot, MAIN, target)
        return
    part = speed / math.sqrt(distance)
    unit.missile_x += dx * part
    unit.missile_y += dy * part


@jit
def start_beams(units: Units, slot: int, target: int, late: float) -> None:
    """Two beams begin to sweep, across the line of fire, over the place where the target is now."""
    unit, victim = at(units, slot), at(units, target)
    dx, dy = victim.x - unit.x, victim.y - unit.y
    distance = math.sqrt(dx * dx + dy * dy)
    unit.beam, unit.beam_x, unit.beam_y = late, victim.x, victim.y
    unit.beam_dx, unit.beam_dy = 1.0, 0.0
    if distance > 0.0:
        unit.beam_dx, unit.beam_dy = -dy / distance, dx / distance
    for word in range(2 * WORDS):
        unit.beam_hits[word] = 0


@jit
def sweep_beams(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """The points whose damage falls due in this loop hit every enemy on the ground that they touch, once per beam."""
    unit = at(units, slot)
    row = row_of(table, unit)
    before = unit.beam
    unit.beam = before + 1.0
    middle = 0.5 * (row.beam_points - 1)
    for point in range(row.beam_points):
        due = row.beam_delay + point * row.beam_interval
        if before < due <= unit.beam:
            offset = (point - middle) * row.beam_spacing
            for beam in range(2):
                burn(units, battle, table, slot, beam, offset if beam == 0 else -offset)
    if unit.beam >= row.beam_delay + (row.beam_points - 1) * row.beam_interval:
        unit.beam = -1.0


@jit
def burn(units: Units, battle: Battle, table: Table, slot: int, beam: int, offset: float) -> None:
    """One point of one beam."""
    unit = at(units, slot)
    radius = row_of(table, unit).beam_radius
    x, y = unit.beam_x + offset * unit.beam_dx, unit.beam_y + offset * unit.beam_dy
    for other in range(battle.count):
        seen = at(units, other)
        if seen.alive == 0 or seen.side == unit.side:
            continue
        body = row_of(table, seen)
        dx, dy, reach = seen.x - x, seen.y - y, radius + body.radius
        if body.on_ground == 0 or dx * dx + dy * dy > reach * reach:
            continue
        word, bit = beam * WORDS + other // WORD, ONE << np.uint64(other % WORD)
        if unit.beam_hits[word] & bit == 0:
            unit.beam_hits[word] |= bit
            wound(units, battle, table, slot, MAIN, other)


@jit
def burst(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """Full damage to every enemy on the ground whose edge is within the radius."""
    unit = at(units, slot)
    radius = row_of(table, unit).burst_radius
    for other in range(battle.count):
        seen = at(units, other)
        if seen.alive == 0 or seen.side == unit.side:
            continue
        body = row_of(table, seen)
        dx, dy, reach = seen.x - unit.x, seen.y - unit.y, radius + body.radius
        if body.on_ground != 0 and dx * dx + dy * dy <= reach * reach:
            wound(units, battle, table, slot, MAIN, other)


@jit
def resolve_bursts(units: Units, battle: Battle, table: Table) -> None:
    """All bursts still to come, those they set off included."""
    while battle.bursts > 0:
        for slot in range(battle.count):
            if at(units, slot).burst == 1:
                at(units, slot).burst = 0
                battle.bursts -= 1
                burst(units, battle, table, slot)


@jit
def advance_effects(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """One loop of everything the unit has released; missiles and beams outlive it."""
    unit = at(units, slot)
    if unit.strike > 0.0:
        second_strike(units, battle, table, slot)
    if unit.missile >= 0:
        fly_missile(units, battle, table, slot)
    if unit.beam >= 0.0:
        sweep_beams(units, battle, table, slot)
    if battle.bursts > 0:
        resolve_bursts(units, battle, table)
