"""The content of a scenario file turned into a `Scenario`, with one clear line about every wrong key or value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from envs.arenas import FLAT, arena_names
from envs.enemy_rules import ENEMY_RULES
from envs.errors import InputError, unknown
from envs.layout import TYPE_BITS
from envs.scenario import (
    EPISODE_LIMIT,
    LEAST_SHARE,
    MAP_SIZE,
    RANGES,
    SETTINGS,
    START_RULES,
    EnemyOrder,
    Scenario,
    StartPositions,
    Teams,
    has_regulars,
)
from envs.units import RACES, RULES, UNIT_NAMES, UNITS

MOST_LISTED = 1000  # units of a team, far above any that a battle holds
LONGEST = 10_000  # steps of an episode: an hour and more of game time


def read_scenario(path: Path, content: Mapping[str, Any]) -> Scenario:
    """The scenario in the content of the file at that path, which gives it its name.

    Raises:
        InputError: a wrong key or value (named, with what is allowed).
    """
    return _Reader(path, content).scenario()


def with_sizes(content: dict[str, Any]) -> dict[str, Any]:
    """The content with the teams' sizes where it lists teams and no sizes."""
    teams = content.get("teams")
    if not isinstance(teams, dict):
        return content
    sizes = {"n_units": _listed(teams.get("allies")), "n_enemies": _listed(teams.get("enemies"))}
    return {key: len(units) for key, units in sizes.items() if isinstance(units, list)} | content


def _listed(team: Any) -> Any:
    """A team as a list of units, if it was given as a mapping from unit to count; anything else as it is."""
    if not isinstance(team, dict) or not all(_is_count(number) for number in team.values()):
        return team
    if sum(team.values()) > MOST_LISTED:
        return team
    return [unit for unit, number in team.items() for _ in range(number)]


class _Reader:
    """Turns the content of one scenario file into a `Scenario`, naming file, key and allowed values where it cannot."""

    KEYS = (
        *("race", "enemy_race", "n_units", "n_enemies", "weights", "exception_unit_types", "teams", "start_positions"),
        *("setting", "arena", "enemy_order", "episode_limit", "ranges", "mask_probability"),
    )

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path = path
        self.content = content
        for key in content:
            if key not in self.KEYS:
                raise InputError(f"{path}: {unknown('key', str(key), self.KEYS)}")

    def bad(self, key: str, allowed: str) -> InputError:
        if key not in self.content:
            return InputError(f"{self.path}: {key} is missing; {allowed}")
        value = repr(self.content[key])
        shown = value if len(value) <= 60 else value[:57] + "..."
        return InputError(f"{self.path}: {key}: {shown} is not allowed; {allowed}")

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.content.get(key, default)
        if value not in choices:
            raise self.bad(key, f"choose from {', '.join(choices)}")
        return str(value)

    def scenario(self) -> Scenario:
        race = self.choice("race", tuple(RACES))
        enemy_race = self.choice("enemy_race", tuple(RACES), race)
        most = _units_that_fit((*RACES[race], *RACES[enemy_race]))
        n_units, n_enemies = self.count("n_units", most), self.count("n_enemies", most)
        if n_units + n_enemies > most:
            raise self.bad("n_enemies", f"at most {most} units fit on the map, both teams together")
        teams = self.teams(race, enemy_race, n_units, n_enemies)
        kinds = self.unit_types(race, teams)
        weights, exceptions = self.weights(RACES[race]), self.exceptions(RACES[race])
        if not teams.allies and not has_regulars(RACES[race], weights, exceptions):
            least = f"units of at least {LEAST_SHARE:g} of the weight must not be exceptions"
            raise self.bad("exception_unit_types", least)
        return Scenario(
            name=self.path.stem,
            race=race,
            n_units=n_units,
            n_enemies=n_enemies,
            unit_types=kinds,
            weights=weights if kinds == RACES[race] else _even(kinds),
            exception_unit_types=exceptions,
            teams=teams,
            start_positions=self.start_positions(n_units, n_enemies),
            setting=self.choice("setting", SETTINGS, "default"),
            arena=self.choice("arena", arena_names(), FLAT),
            enemy_order=self.enemy_order(),
            episode_limit=self.episode_limit(),
            ranges=self.choice("ranges", RANGES, RANGES[0]),
            enemy_race=enemy_race,
            mask_probability=self.probability("mask_probability", 1.0),
        )

    def count(self, key: str, most: int) -> int:
        value = self.content.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most - 1:
            raise self.bad(key, f"give a whole number from 1 to {most - 1}")
        return value

    def probability(self, key: str, default: float) -> float:
        value = self.content.get(key, default)
        if not _is_number(value) or not 0 <= value <= 1:
            raise self.bad(key, "give a probability from 0 to 1")
        return float(value)

    def weights(self, kinds: tuple[str, ...]) -> tuple[float, ...]:
        if "weights" not in self.content and self.content.get("teams") is not None:
            return _even(kinds)  # nothing is drawn
        value = self.content.get("weights")
        allowed = f"give a weight of 0 or more for each of {', '.join(kinds)}, not all 0"
        if not isinstance(value, dict) or not all(_is_number(w) and w >= 0 for w in value.values()):
            raise self.bad("weights", allowed)
        for kind in value:
            if kind not in kinds:
                raise InputError(f"{self.path}: weights: {unknown('unit', str(kind), kinds)}")
        try:
            numbers = [float(value.get(kind, 0)) for kind in kinds]
        except OverflowError:
            raise self.bad("weights", allowed) from None
        total = sum(numbers)
        if not 0 < total < float("inf"):
            raise self.bad("weights", allowed)
        return tuple(number / total for number in numbers)

    def exceptions(self, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return self.units("exception_unit_types", self.content.get("exception_unit_types", []), kinds)

    def units(self, key: str, value: Any, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InputError(f"{self.path}: {key}: give a list of units from {', '.join(kinds)}")
        for kind in value:
            if kind not in kinds:
                raise InputError(f"{self.path}: {key}: {unknown('unit', str(kind), kinds)}")
        return tuple(value)

    def teams(self, race: str, enemy_race: str, n_units: int, n_enemies: int) -> Teams:
        value, kinds = self.content.get("teams"), RACES[race]
        if value is None:
            if enemy_race != race:
                raise self.bad("enemy_race", f"teams that are drawn are both {race}; list other units under teams")
            return Teams()
        if not isinstance(value, dict) or set(value) != {"allies", "enemies"}:
            raise self.bad("teams", "give the keys allies and enemies, each a list of units or {unit: how many}")
        allies = self.units("teams.allies", _listed(value["allies"]), kinds)
        enemies = self.units("teams.enemies", _listed(value["enemies"]), _enemies_of(enemy_race))
        if len(allies) != n_units or len(enemies) != n_enemies:
            raise self.bad("teams", f"list {n_units} allies and {n_enemies} enemies, as n_units and n_enemies say")
        return Teams(allies, enemies)

    def unit_types(self, race: str, teams: Teams) -> tuple[str, ...]:
        """The unit types in type-bit order: SMACv2's where all are of the race's three, else those that occur, allies first."""
        occurring = tuple(dict.fromkeys(teams.allies + teams.enemies))
        if set(occurring) <= set(RACES[race]):
            return RACES[race]
        if len(occurring) > TYPE_BITS:
            raise self.bad("teams", f"there are type bits for {TYPE_BITS} unit types; list no more")
        return occurring

    def enemy_order(self) -> EnemyOrder:
        value = self.content.get("enemy_order", ENEMY_RULES[0])
        order = {"rule": value} if isinstance(value, str) else value
        allowed = f"choose from {', '.join(ENEMY_RULES)}; with a point: {{rule: attack, point: [x, y]}}"
        if not isinstance(order, dict) or not set(order) <= {"rule", "point"} or order.get("rule") not in ENEMY_RULES:
            raise self.bad("enemy_order", allowed)
        if ("point" in order) != (order["rule"] == "attack"):
            raise self.bad("enemy_order", allowed)
        if order["rule"] != "attack":
            return EnemyOrder(order["rule"])
        return EnemyOrder("attack", self.positions("enemy_order.point", order["point"], 1)[0])

    def episode_limit(self) -> int:
        value = self.content.get("episode_limit", EPISODE_LIMIT)
        if not _is_count(value) or value > LONGEST:
            raise self.bad("episode_limit", f"give 1 to {LONGEST} steps")
        return int(value)

    def start_positions(self, n_units: int, n_enemies: int) -> StartPositions:
        value = self.content.get("start_positions", {})
        keys = ("rule", "p", "allies", "enemies")
        if (
            not isinstance(value, dict)
            or not set(value) <= set(keys)
            or value.get("rule", START_RULES[0]) not in START_RULES
        ):
            raise self.bad("start_positions", f"give the keys rule ({', '.join(START_RULES)}), p, allies, enemies")
        rule, p = value.get("rule", START_RULES[0]), value.get("p", 0.5)
        if not _is_number(p) or not 0 <= p <= 1:
            raise self.bad("start_positions", "p is a probability from 0 to 1")
        if rule != "fixed":
            if "allies" in value or "enemies" in value:
                raise self.bad("start_positions", "allies and enemies are positions for the rule fixed only")
            return StartPositions(rule, float(p))
        allies = self.positions("start_positions.allies", value.get("allies"), n_units)
        return StartPositions(
            rule, float(p), allies, self.positions("start_positions.enemies", value.get("enemies"), n_enemies)
        )

    def positions(self, key: str, value: Any, count: int) -> tuple[tuple[float, float], ...]:
        allowed = f"give {count} positions [x, y], each coordinate from 0 to {MAP_SIZE}, or one for all"
        if isinstance(value, list) and len(value) == 2 and all(_is_number(c) for c in value):
            value = [value] * count
        if not isinstance(value, list) or len(value) != count:
            raise InputError(f"{self.path}: {key}: {allowed}")
        for pair in value:
            if (
                not isinstance(pair, list)
                or len(pair) != 2
                or not all(_is_number(c) and 0 <= c <= MAP_SIZE for c in pair)
            ):
                raise InputError(f"{self.path}: {key}: {pair!r} is off the map; {allowed}")
        return tuple((float(x), float(y)) for x, y in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _even(kinds: Sequence[str]) -> tuple[float, ...]:
    return tuple(1 / len(kinds) for _ in kinds)


def _enemies_of(race: str) -> tuple[str, ...]:
    """What a race's enemies may be: its three unit types, then those that only SMAC v1's maps have."""
    return (*RACES[race], *(name for name in UNIT_NAMES if UNITS[name].race == race and name not in RACES[race]))


def _units_that_fit(kinds: Sequence[str]) -> int:
    """How many of the largest of these units fit side by side on the walkable area."""
    side = MAP_SIZE - 2 * RULES.margin
    across = int(side / (2 * max(UNITS[kind].separation_radius for kind in kinds)))
    return across * across
