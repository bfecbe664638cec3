"""From the keyword arguments of SMACv2's wrapper to a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envs.errors import InputError, unknown
from envs.scenario import LEAST_SHARE, MAP_SIZE, Scenario, StartPositions, has_regulars
from envs.units import RACES

MAPS = {f"10gen_{race}": race for race in RACES}
ALLY_START, ENEMY_START = (8.0, 16.0), (24.0, 16.0)  # where smacv2 creates the teams when no start positions are drawn
RULES = {"surrounded_and_reflect": "surrounded_and_reflect", "surrounded": "surrounded", "reflect_position": "reflect"}


def scenario_of(map_name: str, config: Mapping[str, Any], epo: bool) -> Scenario:
    """The scenario that a `map_name` and a `capability_config` describe; `epo` only names its setting.

    Raises:
        InputError: another map, or a distribution that is not implemented here.
    """
    if map_name not in MAPS:
        raise unknown("map", map_name, MAPS)
    race = MAPS[map_name]
    for key in config:
        if key not in ("n_units", "n_enemies", "team_gen", "start_positions", "enemy_mask"):
            raise InputError(
                f"capability_config: {key} is not implemented here; give team_gen, start_positions and enemy_mask"
            )
    n_units, n_enemies = (_count(config, key) for key in ("n_units", "n_enemies"))
    weights, exceptions = _team(config.get("team_gen"), RACES[race])
    return Scenario(
        name=f"{race}_{n_units}_vs_{n_enemies}{'_epo' if epo else ''}",
        race=race,
        n_units=n_units,
        n_enemies=n_enemies,
        unit_types=RACES[race],
        weights=weights,
        exception_unit_types=exceptions,
        start_positions=_start(config.get("start_positions"), n_units, n_enemies),
        setting="epo" if epo else "default",
        mask_probability=_mask_probability(config["enemy_mask"]) if "enemy_mask" in config else 1.0,
    )


def _count(config: Mapping[str, Any], key: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 64:
        raise InputError(f"capability_config: {key}: {value!r} is not allowed; give a whole number from 1 to 64")
    return value


def _team(config: Any, kinds: tuple[str, ...]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Weights in type-bit order, and the exception unit types."""
    if not isinstance(config, Mapping) or config.get("dist_type") != "weighted_teams":
        raise InputError("capability_config: team_gen: only the dist_type weighted_teams is implemented here")
    if config.get("observe") is not True:
        raise InputError(
            "capability_config: team_gen: observe must be True; hidden unit types are not implemented here"
        )
    try:
        given, exceptions = (list(config.get(key, [])) for key in ("unit_types", "exception_unit_types"))
        weights = [float(weight) for weight in config.get("weights", [])]
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            "capability_config: team_gen: unit_types, weights (numbers) and exception_unit_types are lists"
        ) from None
    for kind in (*given, *exceptions):
        if kind not in kinds:
            raise unknown("unit", str(kind), kinds)
    if not given or len(given) != len(weights) or min(weights) < 0 or abs(sum(weights) - 1) > 1e-8:
        raise InputError("capability_config: team_gen: give one weight per unit type, each 0 or more, with the sum 1")
    if not has_regulars(given, weights, exceptions):
        raise InputError(
            f"capability_config: team_gen: unit types of at least {LEAST_SHARE:g} of the weight must not be exceptions"
        )
    of = dict(zip(given, weights, strict=True))
    total = sum(of.get(kind, 0) for kind in kinds)
    return tuple(of.get(kind, 0) / total for kind in kinds), tuple(exceptions)


def _start(config: Any, n_units: int, n_enemies: int) -> StartPositions:
    if config is None:
        return StartPositions("fixed", allies=(ALLY_START,) * n_units, enemies=(ENEMY_START,) * n_enemies)
    kind = config.get("dist_type") if isinstance(config, Mapping) else config
    if not isinstance(kind, str) or kind not in RULES:
        raise InputError(
            f"capability_config: start_positions: dist_type {kind!r} is not implemented here; use {', '.join(RULES)}"
        )
    if any(config.get(key, MAP_SIZE) != MAP_SIZE for key in ("map_x", "map_y")):
        raise InputError(f"capability_config: start_positions: map_x and map_y must both be {MAP_SIZE}")
    p = config.get("p", 0.5)
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
        raise InputError(f"capability_config: start_positions: p {p!r} is not allowed; give a probability from 0 to 1")
    return StartPositions(RULES[kind], float(p))


def _mask_probability(config: Any) -> float:
    kind = config.get("dist_type") if isinstance(config, Mapping) else config
    if kind != "mask":
        raise InputError(f"capability_config: enemy_mask: dist_type {kind!r} is not implemented here; use mask")
    p = config.get("mask_probability")
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
        raise InputError(
            f"capability_config: enemy_mask: mask_probability {p!r} is not allowed; give a probability from 0 to 1"
        )
    return float(p)
