"""What does not change during a battle, as the kernel reads it: the unit data, in loops instead of seconds, arena and script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.arenas import FLAT, load_arena
from envs.enemy_rules import ENEMY_RULES
from envs.engine.arena import Grid, edges
from envs.engine.paths import find_ways
from envs.engine.state import ARENA, COLOSSUS, FLYER, GROUND, Table
from envs.errors import unknown
from envs.units import RULES, UNIT_NAMES, UNITS, UnitType, Weapon

LAYERS = {"ground": GROUND, "colossus": COLOSSUS, "flyers": FLYER}
BIOLOGICAL, STRUCTURE = 1, 32
ATTRIBUTE_BITS = {
    "biological": BIOLOGICAL,
    "light": 2,
    "armored": 4,
    "mechanical": 8,
    "massive": 16,
    "structure": STRUCTURE,
}
MAX_WEAPONS = 2

ROW = np.dtype(
    [
        ("health", "f8"),
        ("shield", "f8"),
        ("armor", "f8"),
        ("radius", "f8"),  # for ranges
        ("body", "f8"),  # for collisions
        ("layer", "i8"),
        ("low_x", "f8"),  # the coordinates that the unit may have
        ("low_y", "f8"),
        ("high_x", "f8"),
        ("high_y", "f8"),
        ("walled", "i8"),  # 1: not all cells between these are walkable for it
        ("on_ground", "i8"),  # hit by weapons against ground
        ("in_air", "i8"),  # hit by weapons against air
        ("attributes", "i8"),
        ("speed", "f8"),
        ("acceleration", "f8"),
        ("turns", "i8"),
        ("regeneration", "f8"),
        ("shield_regeneration", "f8"),
        ("shield_delay", "i8"),
        ("energy_start", "f8"),
        ("energy_max", "f8"),
        ("energy_regeneration", "f8"),
        ("heal", "f8"),
        ("heal_cost", "f8"),  # energy per life
        ("heal_range", "f8"),  # between centres
        ("heal_scan", "f8"),
        ("heal_energy", "f8"),  # least energy of an automatic heal
        ("threatens", "i8"),
        ("passive", "i8"),  # never acts without an order
        ("delay_low", "f8"),
        ("delay_high", "f8"),
        ("weapons", "i8"),
        ("damage", "f8", (MAX_WEAPONS,)),  # the main weapon, then a shorter one
        ("bonus", "f8", (MAX_WEAPONS,)),
        ("bonus_against", "i8", (MAX_WEAPONS,)),
        ("range", "f8", (MAX_WEAPONS,)),
        ("slop", "f8", (MAX_WEAPONS,)),
        ("period", "f8", (MAX_WEAPONS,)),
        ("point", "f8", (MAX_WEAPONS,)),
        ("hits_ground", "i8", (MAX_WEAPONS,)),
        ("hits_air", "i8", (MAX_WEAPONS,)),
        ("missile_speed", "f8", (MAX_WEAPONS,)),
        ("scan", "f8"),  # of the first weapon, edge to edge
        ("second_strike", "f8"),
        ("burst_radius", "f8"),
        ("structure_damage", "f8"),  # of the first weapon, in the place of its damage; 0: none
        ("beam_points", "i8"),
        ("beam_spacing", "f8"),
        ("beam_radius", "f8"),
        ("beam_interval", "f8"),
        ("beam_delay", "f8"),
    ]
)
"""Times in loops, speeds in map units per loop, lengths in map units. Weapon fields hold one value per weapon."""


TABLE = np.dtype(
    [
        ("rows", ROW, (2 * len(UNIT_NAMES),)),  # by side (0 ally, 1 enemy), then unit type
        ("script", "i8"),  # the place in `ENEMY_RULES`
        ("point_x", "f8"),  # where the rule `attack` sends the enemies
        ("point_y", "f8"),
        ("arena", ARENA),
    ]
)


def make_table(
    overrides: Mapping[str, float] | None = None,
    grid: Grid | None = None,
    script: str = "closest",
    point: tuple[float, float] | None = None,
) -> Table:
    """The table of a battle, `TABLE[1]`.

    `overrides` sets a field of `ROW` to one value in every row, for tests that switch a rule off
    (`{"regeneration": 0, "delay_low": 0, "delay_high": 0}`). `grid`: the walkable cells, bool[32, 32] indexed [x, y] (none:
    SMACv2's map). `script`: `closest` (SMACv2's trigger), `attack` (the enemies attack-move to `point` at the start) or `none`.
    Raises `InputError` for an unknown field or script.
    """
    table = np.zeros(1, TABLE)
    rows = rows_of(table)
    grid = load_arena(FLAT) if grid is None else grid
    for index, name in enumerate(UNIT_NAMES):
        for side in (0, 1):
            place = edges(grid, LAYERS[UNITS[name].collides_with])
            for field, value in (_row(UNITS[name], ally=side == 0) | place).items():
                rows[side, index][field] = value
    names = ROW.names or ()
    for field, value in (overrides or {}).items():
        if field not in names:
            raise unknown("field of the unit data", field, names)
        rows[field] = value
    if script not in ENEMY_RULES:
        raise unknown("script", script, ENEMY_RULES)
    table["script"] = ENEMY_RULES.index(script)
    if point is not None:
        table["point_x"], table["point_y"] = point
    arena = table[0]["arena"]
    arena["cells"] = grid
    if rows["walled"].any():
        find_ways(arena["cells"], arena["ways"])
    return table


def rows_of(table: Table) -> Table:
    """The unit data of a table: a view `ROW[2, types]` by side and unit type."""
    rows: Table = table["rows"].reshape(2, len(UNIT_NAMES))
    return rows


def _row(unit: UnitType, ally: bool) -> dict[str, Any]:
    loops = RULES.loops_per_second
    acceleration = unit.ally_acceleration if ally else unit.acceleration
    row = {
        "health": unit.ally_health if ally else unit.health,
        "shield": unit.shield,
        "armor": unit.armor,
        "radius": unit.radius,
        "body": unit.separation_radius,
        "layer": LAYERS[unit.collides_with],
        "on_ground": "ground" in unit.planes,
        "in_air": "air" in unit.planes,
        "attributes": sum(ATTRIBUTE_BITS[attribute] for attribute in unit.attributes),
        "speed": (unit.ally_speed if ally else unit.speed) / loops,
        "acceleration": acceleration / (loops * loops),
        "turns": unit.body_turns,
        "regeneration": unit.regeneration_per_loop,
        "shield_regeneration": RULES.shield_regeneration_per_loop if unit.shield else 0.0,
        "shield_delay": RULES.shield_delay_loops,
        "energy_start": unit.energy_start,
        "energy_max": unit.energy_max,
        "energy_regeneration": unit.energy_regeneration / loops,
        "heal": unit.heal_per_second / loops,
        "heal_cost": unit.heal_energy_per_life,
        "heal_range": unit.heal_range + unit.radius,
        "heal_scan": unit.heal_scan_range + unit.radius,
        "heal_energy": unit.heal_minimum_energy,
        "threatens": unit.ally_always_threatens if ally else unit.always_threatens,
        "passive": ally,
        "delay_low": RULES.random_delay_loops[0],
        "delay_high": RULES.random_delay_loops[1],
        "weapons": len(unit.weapons),
    }
    return row | _weapon_fields(unit.weapons)


def _weapon_fields(weapons: tuple[Weapon, ...]) -> dict[str, Any]:
    loops = RULES.loops_per_second
    if not weapons:
        return {}
    per_weapon: dict[str, list[float]] = {
        "damage": [weapon.damage for weapon in weapons],
        "bonus": [weapon.bonus for weapon in weapons],
        "bonus_against": [ATTRIBUTE_BITS.get(weapon.bonus_against, 0) for weapon in weapons],
        "range": [weapon.range for weapon in weapons],
        "slop": [weapon.range_slop for weapon in weapons],
        "period": [weapon.period * loops for weapon in weapons],
        "point": [weapon.damage_point * loops for weapon in weapons],
        "hits_ground": [weapon.hits_ground for weapon in weapons],
        "hits_air": [weapon.hits_air for weapon in weapons],
        "missile_speed": [weapon.missile_speed / loops for weapon in weapons],
    }
    first = weapons[0]
    fields = {
        "scan": first.scan_range,
        "second_strike": first.second_strike * loops,
        "burst_radius": first.burst_radius,
        "structure_damage": first.structure_damage,
        "beam_points": first.beam_points,
        "beam_spacing": first.beam_spacing,
        "beam_radius": first.beam_radius,
        "beam_interval": first.beam_interval * loops,
        "beam_delay": first.beam_delay * loops,
    }
    return fields | {field: _padded(values) for field, values in per_weapon.items()}


def _padded(values: list[float]) -> tuple[float, ...]:
    return tuple(values + [0] * (MAX_WEAPONS - len(values)))
