"""Units as Python objects, for code that looks into smacv2's inner environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.errors import InputError
from envs.sc2api.ids import TYPE_IDS
from envs.scenario import MAP_SIZE, Scenario
from envs.smac.arrays import Records
from envs.teams import BattleSetup
from envs.units import UNIT_NAMES


class Position(NamedTuple):
    """Map units."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit as the API last showed it; `health` 0 means dead. Numbers are float32 values, `weapon_cooldown` in game loops."""

    unit_type: int
    owner: int
    pos: Position
    health: float
    health_max: float
    shield: float
    shield_max: float
    energy: float
    weapon_cooldown: float


def type_ids(side: int) -> dict[str, int]:
    """The API's unit type numbers by unit name; side 0: the allies' copies, 1: stock units."""
    return dict(zip(UNIT_NAMES, TYPE_IDS[side], strict=False))


def unit_views(seen: Records, lo: int, hi: int) -> dict[int, UnitView]:
    """The rows [lo, hi) of a snapshot, numbered from 0; allies are the rows that begin at 0."""
    side = int(lo > 0)
    views = {}
    for i in range(lo, hi):
        row = seen[i]
        numbers = (float(row[name]) for name in ("health", "health_max", "shield", "shield_max", "energy", "cooldown"))
        views[i - lo] = UnitView(
            TYPE_IDS[side][row["kind"]], side + 1, Position(float(row["x"]), float(row["y"])), *numbers
        )
    return views


def visibility(seen: Records, n_agents: int) -> NDArray[np.bool_]:
    """smacv2's visibility matrix: bool[n_agents, n_agents + n_enemies]."""
    x, y = seen["x"].astype(np.float64), seen["y"].astype(np.float64)
    alive = seen["health"] > 0
    spans = np.sqrt((x[None, :] - x[:n_agents, None]) ** 2 + (y[None, :] - y[:n_agents, None]) ** 2)
    near = (spans < seen["sight"][:n_agents, None]) & alive[None, :] & alive[:n_agents, None]
    later = np.triu(near[:, :n_agents], 1)
    near[:, :n_agents] = later | later.T
    visible: NDArray[np.bool_] = near
    return visible


def setup_of(scenario: Scenario, config: Mapping[str, Any]) -> BattleSetup:
    """The battle that an episode configuration describes: `team_gen` with `ally_team` and `enemy_team`, both start positions and,
    if some of the enemies' features are to be hidden, `enemy_mask`.

    Raises:
        InputError: a part is missing, or does not fit the scenario.
    """
    try:
        teams = [list(config["team_gen"][f"{side}_team"]) for side in ("ally", "enemy")]
        places = [np.asarray(config[f"{side}_start_positions"]["item"], np.float64) for side in ("ally", "enemy")]
    except (KeyError, TypeError, ValueError):
        raise InputError(
            "episode_config: give team_gen (ally_team, enemy_team), ally_start_positions, enemy_start_positions"
        ) from None
    for team, where, count in zip(teams, places, (scenario.n_units, scenario.n_enemies), strict=True):
        strangers = set(team) - set(scenario.unit_types)
        if len(team) != count or where.shape != (count, 2) or strangers:
            raise InputError(
                f"episode_config: a side has {count} units of {', '.join(scenario.unit_types)}, each with one place [x, y]"
            )
        if not np.all((where >= 0) & (where <= MAP_SIZE)):
            raise InputError(f"episode_config: start positions lie off the map; give coordinates from 0 to {MAP_SIZE}")
    types = np.array([UNIT_NAMES.index(name) for team in teams for name in team], np.int64)
    enemy_mask = _mask_of(config["enemy_mask"], scenario) if config.get("enemy_mask") else None
    return BattleSetup(types, np.concatenate(places).astype(np.float32), scenario.n_units, enemy_mask)


def _mask_of(config: Any, scenario: Scenario) -> NDArray[np.uint8]:
    shape = scenario.n_units, scenario.n_enemies
    try:
        item = np.asarray(config["item"], np.float64)
    except (KeyError, TypeError, ValueError):
        item = np.empty(0)
    if item.shape != shape or not np.all((item == 0) | (item == 1)):
        raise InputError(
            f"episode_config: enemy_mask: give an item of {shape[0]} rows of {shape[1]} numbers, 1 to hide an enemy, else 0"
        )
    return item.astype(np.uint8)
