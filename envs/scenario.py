"""Scenarios: which teams meet, where they start, and which of the two observation regimes holds.

A scenario is a YAML file; the 36 that ship are named as in SMACv2 (`protoss_5_vs_5`, ...) with an `_epo` twin each. Scenario plus
seed is one fully determined battle. Distributions: SMACv2 (Ellis et al. 2023), its `weighted_teams` and `surrounded_and_reflect`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from envs.errors import InputError, unknown
from envs.units import RACES, RULES, UNITS

FOLDER = Path(__file__).parent / "scenarios"
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
    mask_probability: float = 1.0

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
        config = {"n_units": self.n_units, "n_enemies": self.n_enemies, "team_gen": team, "start_positions": start}
        if self.mask_probability < 1:
            config["enemy_mask"] = {"dist_type": "mask", "mask_probability": self.mask_probability}
        return config


def has_regulars(kinds: Sequence[str], weights: Sequence[float], exceptions: Collection[str]) -> bool:
    """Whether enough of the weight belongs to units that are no exceptions, so that some allowed team is drawn soon."""
    regular = sum(weight for kind, weight in zip(kinds, weights, strict=True) if kind not in exceptions)
    return regular >= LEAST_SHARE * sum(weights)


@cache
def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that ship, sorted by race and size."""
    return tuple(
        sorted(
            (p.stem for p in FOLDER.glob("*.yaml")), key=lambda n: [int(w) if w.isdigit() else w for w in n.split("_")]
        )
    )


def load_scenario(name: str | Scenario) -> Scenario:
    """The shipped scenario of that name, or the one in the YAML file at that path (a `Scenario` is given back).

    Raises:
        InputError: no such scenario or file, or a file with a wrong key or value (named, with what is allowed).
    """
    if isinstance(name, Scenario):
        return name
    if name.endswith((".yaml", ".yml")):
        return _load_file(Path(name))
    if name not in scenario_names():
        if os.path.exists(name):  # unlike Path's, false for names that are too long, too
            raise InputError(f"{name} is no scenario file: the name of one ends in .yaml")
        raise unknown("scenario", name, scenario_names(), listing="`compass scenarios list` shows all there are")
    return _load_file(FOLDER / f"{name}.yaml")


def _load_file(path: Path) -> Scenario:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read scenario file {path}: {error}") from None
    except (
        yaml.YAMLError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:  # all are yaml's words for it
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected keys such as race, n_units, n_enemies")
    content = _counted(content)
    if "extends" in content:
        base = _load_raw(str(content.pop("extends")), path)
        content = base | content
    return _Reader(path, content).scenario()


def _counted(content: dict[str, Any]) -> dict[str, Any]:
    """The content with the teams' sizes where it lists teams and no sizes."""
    teams = content.get("teams")
    if not isinstance(teams, dict):
        return content
    sizes = {"n_units": teams.get("allies"), "n_enemies": teams.get("enemies")}
    return {key: len(units) for key, units in sizes.items() if isinstance(units, list)} | content


def _load_raw(name: str, path: Path) -> dict[str, Any]:
    if name not in scenario_names():
        raise InputError(f"{path}: extends: {unknown('scenario', name, scenario_names())}")
    raw: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    if "extends" in raw:
        raise InputError(f"{path}: extends: {name} itself extends a scenario; extend that one")
    return raw


class _Reader:
    """Turns the content of one scenario file into a `Scenario`, naming file, key and allowed values where it cannot."""

    KEYS = (
        *("race", "n_units", "n_enemies", "weights", "exception_unit_types", "teams", "start_positions", "setting"),
        "mask_probability",
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
        kinds = RACES[race]
        most = _units_that_fit(kinds)
        n_units, n_enemies = self.count("n_units", most), self.count("n_enemies", most)
        if n_units + n_enemies > most:
            raise self.bad("n_enemies", f"at most {most} units of {race} fit on the map, both teams together")
        return Scenario(
            name=self.path.stem,
            race=race,
            n_units=n_units,
            n_enemies=n_enemies,
            unit_types=kinds,
            weights=self.weights(kinds),
            exception_unit_types=self.units(
                "exception_unit_types", self.content.get("exception_unit_types", []), kinds
            ),
            teams=self.teams(kinds, n_units, n_enemies),
            start_positions=self.start_positions(n_units, n_enemies),
            setting=self.choice("setting", SETTINGS, "default"),
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
        if "weights" not in self.content and "teams" in self.content:
            return tuple(1 / len(kinds) for _ in kinds)  # nothing is drawn
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

    def units(self, key: str, value: Any, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InputError(f"{self.path}: {key}: give a list of units from {', '.join(kinds)}")
        for kind in value:
            if kind not in kinds:
                raise InputError(f"{self.path}: {key}: {unknown('unit', str(kind), kinds)}")
        return tuple(value)

    def teams(self, kinds: tuple[str, ...], n_units: int, n_enemies: int) -> Teams:
        value = self.content.get("teams")
        if value is None:
            if not has_regulars(kinds, self.weights(kinds), self.content.get("exception_unit_types", [])):
                raise self.bad(
                    "exception_unit_types", f"units of at least {LEAST_SHARE:g} of the weight must not be exceptions"
                )
            return Teams()
        if not isinstance(value, dict) or set(value) != {"allies", "enemies"}:
            raise self.bad("teams", "give the keys allies and enemies, each a list of units")
        teams = Teams(*(self.units(f"teams.{side}", value[side], kinds) for side in ("allies", "enemies")))
        if len(teams.allies) != n_units or len(teams.enemies) != n_enemies:
            raise self.bad("teams", f"list {n_units} allies and {n_enemies} enemies, as n_units and n_enemies say")
        return teams

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
        allowed = f"give {count} positions [x, y], each coordinate from 0 to {MAP_SIZE}"
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


def _units_that_fit(kinds: tuple[str, ...]) -> int:
    """How many of the race's largest unit fit side by side on the walkable area."""
    side = MAP_SIZE - 2 * RULES.margin
    across = int(side / (2 * max(UNITS[kind].separation_radius for kind in kinds)))
    return across * across
