"""Attacks from the decision to the release: range, facing, wind-up and the weapon's period. What follows a
shot is animation only: a chase goes on at once, as orders do (the logs of the real game say so)."""

from __future__ import annotations

import math

from envs.draws import uniform
from envs.engine.effects import die, launch, start_beams, wound
from envs.engine.movement import turn, walk
from envs.engine.records import at, row_of
from envs.engine.state import DELAY_DRAW, Battle, Table, Units
from envs.jit import inlined, jit
from envs.units import RULES

ARC = RULES.arc_slop_cosine_squared
CHASE_MARGIN = RULES.chase_margin
SOON = 1e-6  # a second strike is never due in the loop of the first


@inlined
def tick(units: Units, slot: int) -> None:
    """One loop off the unit's timers. What a cooldown ran over is carried, so that periods keep their fractions."""
    unit = at(units, slot)
    if unit.cooldown > 0.0:
        unit.cooldown -= 1.0
        if unit.cooldown <= 0.0:
            unit.carry, unit.cooldown = unit.cooldown, 0.0
    elif unit.victim < 0:
        unit.carry = 0.0


@inlined
def faces(units: Units, table: Table, slot: int, dx: float, dy: float, distance: float) -> bool:
    """Whether the unit looks at a point (dx, dy) away, at this squared distance; turns it that way if not."""
    unit = at(units, slot)
    if row_of(table, unit).turns == 0 or distance <= 0.0:
        return True
    ahead = unit.heading_x * dx + unit.heading_y * dy
    if ahead > 0.0 and ahead * ahead >= ARC * distance:
        return True
    length = math.sqrt(distance)
    facing = turn(units, table, slot, dx / length, dy / length)
    return facing > 0.0 and facing * facing >= ARC


@jit
def reaches(units: Units, table: Table, slot: int, weapon: int, target: int, slop: float) -> bool:
    """Whether the target is within the weapon's range and `slop`, edge to edge."""
    unit, victim = at(units, slot), at(units, target)
    row = row_of(table, unit)
    reach = row.range[weapon] + row.radius + row_of(table, victim).radius + slop
    dx, dy = victim.x - unit.x, victim.y - unit.y
    return bool(dx * dx + dy * dy <= reach * reach)


@jit
def weapon_at_hand(units: Units, table: Table, slot: int, target: int) -> int:
    """The weapon to use now: a second, shorter one (against ground) wherever it reaches, else the main one."""
    last = int(row_of(table, at(units, slot)).weapons) - 1
    if last > 0 and row_of(table, at(units, target)).on_ground != 0 and reaches(units, table, slot, last, target, 0.0):
        return last
    return 0


@inlined
def engage(units: Units, battle: Battle, table: Table, slot: int, target: int) -> bool:
    """One loop of attacking a living target: aim and fire in range, else chase. Returns whether the unit walked."""
    unit, victim = at(units, slot), at(units, target)
    row = row_of(table, unit)
    reach = row.range[0] + row.radius + row_of(table, victim).radius
    dx, dy = victim.x - unit.x, victim.y - unit.y
    distance = dx * dx + dy * dy
    if distance <= reach * reach:
        if faces(units, table, slot, dx, dy, distance) and unit.cooldown <= 0.0:
            start(units, battle, table, slot, target, weapon_at_hand(units, table, slot, target))
        return False
    walk(units, battle, table, slot, victim.x, victim.y, reach - CHASE_MARGIN)
    return True


@jit
def start(units: Units, battle: Battle, table: Table, slot: int, target: int, weapon: int) -> None:
    """The wind-up begins, at the moment within this loop at which the weapon was ready."""
    unit = at(units, slot)
    unit.victim, unit.weapon = target, weapon
    unit.windup = row_of(table, unit).point[weapon] + unit.carry
    if unit.windup <= 0.0:
        release(units, battle, table, slot)


@jit
def wind_up(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """One loop of wind-up. The attack is lost when its target is dead, or too far at the moment of release."""
    unit = at(units, slot)
    unit.windup -= 1.0
    unit.carry -= 1.0
    if at(units, unit.victim).alive == 0:
        unit.victim, unit.carry = -1, 0.0
    elif unit.windup <= 0.0:
        slop = row_of(table, unit).slop[unit.weapon]
        if reaches(units, table, slot, unit.weapon, unit.victim, slop):
            release(units, battle, table, slot)
        else:
            unit.victim, unit.carry = -1, 0.0


@jit
def release(units: Units, battle: Battle, table: Table, slot: int) -> None:
    """The attack leaves the unit, and its next one becomes due one period and a random delay after the start of this one."""
    unit = at(units, slot)
    row = row_of(table, unit)
    weapon, target, late = int(unit.weapon), int(unit.victim), -float(unit.windup)
    chance = uniform(battle.key ^ DELAY_DRAW, battle.loop, slot)
    delay = row.delay_low + (row.delay_high - row.delay_low) * chance
    unit.cooldown = max(row.period[weapon] + delay + unit.carry, 0.0)
    unit.carry, unit.victim = 0.0, -1
    if row.burst_radius > 0.0:
        die(units, battle, table, slot)
    elif row.beam_points > 0:
        start_beams(units, slot, target, late)
    elif row.missile_speed[weapon] > 0.0:
        launch(units, table, slot, target)
    else:
        wound(units, battle, table, slot, weapon, target)
        if row.second_strike > 0.0:
            unit.strike, unit.strike_target = max(row.second_strike - late, SOON), target
