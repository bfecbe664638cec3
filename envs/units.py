"""SMACv2's nine units, SMAC v1's spine crawler and the engine's constants, read from `units.yaml` (no numpy, no compiler)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DATA_FILE = Path(__file__).with_name("units.yaml")
SOURCES = ("XML", "API", "MAP", "SMAC", "LIQ", "LOGS", "PYSC2", "PROTO", "GUESS")  # the keys that `units.yaml` explains
SMAC_MIN_SHOOT_RANGE = 2.0  # smacv2's min_attack_range, the floor of every shoot range

COPIED = ("baneling", "colossus", "hydralisk", "marauder", "marine", "medivac", "stalker", "zealot", "zergling")
"""SMACv2's units, in the order of the map's own copies of them, which allied units are."""
UNIT_NAMES = (*COPIED, "spine_crawler")
"""The index of a unit type, everywhere."""

RACES: Mapping[str, tuple[str, str, str]] = {
    "protoss": ("stalker", "zealot", "colossus"),
    "terran": ("marine", "marauder", "medivac"),
    "zerg": ("zergling", "hydralisk", "baneling"),
}
"""The unit types of each race, in the order of SMACv2's type bits."""


@dataclass(frozen=True, slots=True)
class Weapon:
    """One weapon. Times in game seconds, lengths in map units; a zero means "has none" for every field with a default."""

    name: str
    damage: float
    range: float
    range_slop: float
    scan_range: float
    period: float
    damage_point: float
    hits_ground: bool
    hits_air: bool
    bonus: float = 0.0
    bonus_against: str = ""
    structure_damage: float = 0.0  # in the place of the damage
    missile_speed: float = 0.0
    second_strike: float = 0.0
    burst_radius: float = 0.0
    beam_points: int = 0
    beam_spacing: float = 0.0
    beam_radius: float = 0.0
    beam_interval: float = 0.0
    beam_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class UnitType:
    """One unit type. `ally_*` holds the value of the map's own copy, which allied units are; the rest is the stock unit's."""

    name: str
    race: str
    stock_id: int
    health: float
    ally_health: float
    attributes: frozenset[str]
    planes: frozenset[str]
    collides_with: str
    radius: float
    separation_radius: float
    sight: float
    speed: float
    ally_speed: float
    acceleration: float
    ally_acceleration: float
    weapons: tuple[Weapon, ...]
    smac_sight: float
    smac_shoot_range: float  # with its floor
    smac_attack_range: float  # without
    smac_max_cooldown: float
    shield: float = 0.0
    armor: float = 0.0
    regeneration_per_loop: float = 0.0
    body_turns: bool = True
    energy_start: float = 0.0
    energy_max: float = 0.0
    energy_regeneration: float = 0.0
    heal_per_second: float = 0.0
    heal_energy_per_life: float = 0.0
    heal_range: float = 0.0
    heal_scan_range: float = 0.0
    heal_minimum_energy: float = 0.0
    always_threatens: bool = False
    ally_always_threatens: bool = False

    @property
    def flying(self) -> bool:
        """Whether only weapons that reach the air can hit it."""
        return "ground" not in self.planes


@dataclass(frozen=True, slots=True)
class Rules:
    """The engine's constants; `units.yaml` explains each."""

    loops_per_second: int
    random_delay_loops: tuple[float, float]
    minimum_damage: float
    shield_regeneration_per_loop: float
    shield_delay_loops: int
    script_period_loops: int
    arc_slop_cosine_squared: float
    turn_cosine: float
    turn_sine: float
    map_size: int
    margin: int
    start_heading: tuple[float, float]
    chase_margin: float
    detour_loops: int
    stuck_loops: int
    stuck_loops_per_unit: int
    gathering_radius: float


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an entry, without the source keys that stand beside them."""
    return {key: value[0] if _sourced(value) else value for key, value in entry.items()}


def _sourced(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[1] in SOURCES


def _unit(name: str, entry: Mapping[str, Any]) -> UnitType:
    values = _values(entry)
    weapons = tuple(Weapon(**_values(weapon)) for weapon in values.pop("weapons"))
    ally = _values(values.pop("ally", {}))
    values["attributes"] = frozenset(values["attributes"])
    values["planes"] = frozenset(values.get("planes", ["ground"]))
    values.setdefault("collides_with", "ground")
    values["smac_attack_range"] = values["smac_shoot_range"]
    values["smac_shoot_range"] = max(values["smac_shoot_range"], SMAC_MIN_SHOOT_RANGE)
    for key in ("health", "speed", "acceleration", "always_threatens"):
        values[f"ally_{key}"] = ally.get(key, values.get(key, False))
    return UnitType(name=name, weapons=weapons, **values)


def _load() -> tuple[Rules, Mapping[str, UnitType]]:
    document = yaml.safe_load(DATA_FILE.read_text(encoding="utf-8"))
    rules: dict[str, Any] = _values(document["rules"])
    for key in ("random_delay_loops", "start_heading"):
        rules[key] = tuple(rules[key])
    return Rules(**rules), {name: _unit(name, document["units"][name]) for name in UNIT_NAMES}


RULES, UNITS = _load()
