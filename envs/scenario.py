"""Scenarios: which teams meet, where they start, and which of the two observation regimes holds.

A scenario is a YAML file; the 36 that ship are named as in SMACv2 (`protoss_5_vs_5`, ...) with an `_epo` twin each. Scenario plus
seed is one fully determined battle. Distributions: SMACv2 (Ellis et al. 2023), its `weighted_teams` and `surrounded_and_reflect`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from envs.errors import InputError
from envs.units import RULES

MAP_SIZE = RULES.map_size
EPISODE_LIMIT = 200
LEAST_SHARE = 1e-6  # a team of nothing but exceptions is drawn again: rarer others would hardly ever end that
START_RULES = ("surrounded_and_reflect", "surrounded", "reflect", "fixed")
SETTINGS = ("default", "epo")
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
class Scenario:
    """One kind of battle. `unit_types` stand in SMACv2's type-bit order and `weights` beside them sum to 1.

    `exception_unit_types` cannot make up a whole team (nor the whole of the extra enemies). `setting` is `default`, where every
    agent sees what is in its sight range, or `epo` (extended partial observability), where only the first to sight an enemy does.
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

    @property
    def prob_obs_enemy(self) -> float:
        """SMACv2's option: the chance that an agent sees an enemy which a team-mate discovered."""
        return 0.0 if self.setting == "epo" else 1.0

    @property
    def action_mask(self) -> bool:
        """SMACv2's option: whether attacks out of range are masked."""
        return self.setting != "epo"

    @property
    def map_name(self) -> str:
        """SMACv2's name of the map, which carries the race."""
        return f"10gen_{self.race}"

    @property
    def content_hash(self) -> str:
        """Hash of what determines the battles (not of the name): 16 hexadecimal digits."""
        content = asdict(self) | {"name": ""}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def capability_config(self) -> dict[str, Any]:
        """The `capability_config` that SMACv2's wrapper takes for this scenario (only for drawn teams and positions).

        Raises:
            InputError: the scenario has fixed teams or positions, which SMACv2's distributions cannot express.
        """
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
        return {"n_units": self.n_units, "n_enemies": self.n_enemies, "team_gen": team, "start_positions": start}


def has_regulars(kinds: Sequence[str], weights: Sequence[float], exceptions: Collection[str]) -> bool:
    """Whether enough of the weight belongs to units that are no exceptions, so that some allowed team is drawn soon."""
    regular = sum(weight for kind, weight in zip(kinds, weights, strict=True) if kind not in exceptions)
    return regular >= LEAST_SHARE * sum(weights)
