"""Scenarios: which teams meet, where they start, and which of the two observation regimes holds.

Scenario plus seed is one fully determined battle. Distributions: SMACv2 (Ellis et al. 2023), its `weighted_teams` and
`surrounded_and_reflect`. Maps with walls, fixed teams and other orders: SMAC v1 (Samvelyan et al. 2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from envs.arenas import FLAT, arena_rows
from envs.errors import InputError
from envs.units import RACES, RULES, UNITS

MAP_SIZE = RULES.map_size
EPISODE_LIMIT = 200
LEAST_SHARE = 1e-6  # a team of nothing but exceptions is drawn again: rarer others would hardly ever end that
START_RULES = ("surrounded_and_reflect", "surrounded", "reflect", "fixed")
SETTINGS = ("default", "epo")
RANGES = ("smacv2", "smac")
SMAC_SIGHT, SMAC_SHOOT_RANGE = 9.0, 6.0  # of every unit, without smacv2's option use_unit_ranges
BACKENDS = ("embedded",)
"""Who simulates battles: the engine of this package."""


@dataclass(frozen=True)
class StartPositions:
    """How a battle's start positions are drawn; `p` is the probability of `reflect` under `surrounded_and_reflect`."""

    rule: str = "surrounded_and_reflect"
    p: float = 0.5
    allies: tuple[tuple[float, float], ...] = ()
    enemies: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Teams:
    """Teams that do not vary with the seed; empty tuples mean: drawn from the weights."""

    allies: tuple[str, ...] = ()
    enemies: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnemyOrder:
    """What the map orders the enemies.

    `closest` is SMACv2's map: every half game second, each enemy without an order is sent at the ally closest to it. The others are
    SMAC v1's maps: `attack` (all attack-move to `point`, map units, once, at the start) and `none`.
    """

    rule: str = "closest"
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Scenario:
    """One kind of battle. `unit_types` stand in type-bit order and `weights` beside them sum to 1.

    `exception_unit_types` cannot make up a whole team (nor the whole of the extra enemies). `setting` is `default`, where every
    agent sees what is in its sight range, or `epo` (extended partial observability), where only the first to sight an enemy does.
    `arena`: see `envs.arenas`. `episode_limit`: in environment steps. `ranges`: how far units see and shoot by the environment's
    rules, `smacv2` (each unit type its own) or `smac` (all the same). `enemy_race`: that of the allies unless told otherwise.
    `mask_probability`, under SMACv2's name for it: the chance that an agent is shown a given enemy's health, shield and type.
    """

    name: str
    race: str
    n_units: int
    n_enemies: int
    unit_types: tuple[str, ...]
    weights: tuple[float, ...]
    exception_unit_types: tuple[str, ...] = ()
    teams: Teams = field(default_factory=Teams)
    start_positions: StartPositions = field(default_factory=StartPositions)
    setting: str = "default"
    arena: str = FLAT
    enemy_order: EnemyOrder = field(default_factory=EnemyOrder)
    episode_limit: int = EPISODE_LIMIT
    ranges: str = "smacv2"
    enemy_race: str = ""
    mask_probability: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "enemy_race", self.enemy_race or self.race)

    @property
    def prob_obs_enemy(self) -> float:
        """SMACv2's option: the chance that an agent sees an enemy which a team-mate discovered."""
        return 0.0 if self.setting == "epo" else 1.0

    @property
    def action_mask(self) -> bool:
        """SMACv2's option: whether attacks out of range are masked."""
        return self.setting != "epo"

    @property
    def use_unit_ranges(self) -> bool:
        """SMACv2's option: whether each unit type has ranges of its own."""
        return self.ranges == "smacv2"

    def sight_range(self, unit_type: str) -> float:
        """How far a unit of this type sees, in map units between centres."""
        return float(UNITS[unit_type].smac_sight) if self.use_unit_ranges else SMAC_SIGHT

    def shoot_range(self, unit_type: str) -> float:
        """How far from a unit of this type its targets may be, in map units between centres."""
        return float(UNITS[unit_type].smac_shoot_range) if self.use_unit_ranges else SMAC_SHOOT_RANGE

    @property
    def on_smacv2_map(self) -> bool:
        """Whether smacv2 can play these battles: on its only map, under that map's script and limit, within one race."""
        plain = self.arena == FLAT and self.enemy_order == EnemyOrder() and self.episode_limit == EPISODE_LIMIT
        return plain and self.unit_types == RACES[self.race]

    @property
    def map_name(self) -> str:
        """SMACv2's name of the map, which carries the race; on other maps, the scenario's own."""
        return f"10gen_{self.race}" if self.on_smacv2_map else self.name

    @property
    def content_hash(self) -> str:
        """Hash of all that the scenario says but its name, and of its arena's cells: 16 hexadecimal digits."""
        content = asdict(self) | {"name": "", "arena": arena_rows(self.arena)}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def check_on_smacv2_map(self) -> None:
        """Make sure that smacv2 can play these battles.

        Raises:
            InputError: it cannot.
        """
        if not self.on_smacv2_map:
            raise InputError(
                f"{self.name} is not of smacv2's map (arena {self.arena}, enemy order {self.enemy_order.rule}, "
                f"{self.episode_limit} steps): smacv2 cannot play it; choose one of SMACv2's (`compass scenarios list`)"
            )

    def capability_config(self) -> dict[str, Any]:
        """The `capability_config` that SMACv2's wrapper takes for this scenario (only for drawn teams and positions).

        Raises:
            InputError: the scenario has fixed teams or positions, which SMACv2's distributions cannot express, or another map.
        """
        self.check_on_smacv2_map()
        if self.teams.allies or self.start_positions.rule == "fixed":
            raise InputError(
                f"{self.name}: fixed teams or positions have no capability_config; export the battles instead"
            )
        team: dict[str, Any] = {"dist_type": "weighted_teams", "unit_types": list(self.unit_types), "observe": True}
        team["weights"] = list(self.weights)
        team["exception_unit_types"] = list(self.exception_unit_types)
        rule = {"surrounded_and_reflect": self.start_positions.p, "surrounded": 0.0, "reflect": 1.0}
        start = {"dist_type": "surrounded_and_reflect", "p": rule[self.start_positions.rule]}
        start |= {"map_x": MAP_SIZE, "map_y": MAP_SIZE}
        config = {"n_units": self.n_units, "n_enemies": self.n_enemies, "team_gen": team, "start_positions": start}
        if self.mask_probability < 1:
            config["enemy_mask"] = {"dist_type": "mask", "mask_probability": self.mask_probability}
        return config


def has_regulars(kinds: Sequence[str], weights: Sequence[float], exceptions: Collection[str]) -> bool:
    """Whether enough of the weight belongs to units that are no exceptions, so that some allowed team is drawn soon."""
    regular = sum(weight for kind, weight in zip(kinds, weights, strict=True) if kind not in exceptions)
    return regular >= LEAST_SHARE * sum(weights)
