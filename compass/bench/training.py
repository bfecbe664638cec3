"""Trainings on the embedded engine beside SMACv2's published curves: how often they win after so many steps, how long it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from compass.baselines.folder import Point, TrainFolder
from compass.errors import InputError

DATA_FILE = Path(__file__).with_name("published_curves.yaml")
SHIPPED = Path(__file__).parents[1] / "baselines" / "trained"
AT = (1_000_000, 2_000_000)
"""Environment steps at which win rates are compared."""
WINDOW = 120_000
"""Measurements within so many steps of these count as theirs: a single one of 200 battles is off by .03 as often as not."""
_WHAT = (
    *("algorithm", "scenario_hash", "observation", "hops", "open_loop", "recurrent", "agent_ids", "hyper_parameters"),
    "rules",
)
FAR = 0.10
"""A difference beyond this asks for a reason."""


@dataclass(frozen=True)
class Training:
    """What one training came to. win_rates and published: at the steps of `AT`; None where there is none.

    learnt_from: how often a step was learnt from, on average. seconds: of the whole, its measurements included;
    until_published: of these, those until it won as often as the published curve does after the last of `AT`. shares: of collecting
    (the engine, and the network at play), updating and measuring.
    """

    name: str
    manifest: Mapping[str, Any]
    win_rates: tuple[float | None, ...]
    published: tuple[float | None, ...]
    learnt_from: float
    seconds: float
    until_published: float | None
    shares: Mapping[str, float]


def trainings(beside: Sequence[Path] = ()) -> list[Training]:
    """Those that ship, and those in the folders given.

    Raises:
        InputError: a folder holds no training.
    """
    return [read_training(TrainFolder(path)) for path in (*sorted(SHIPPED.iterdir()), *beside)]


@dataclass(frozen=True)
class Seeds:
    """Trainings that differ by the seed alone: at each of the steps of `AT` the mean of those that got there, and their range."""

    name: str
    seeds: tuple[int, ...]
    means: tuple[float | None, ...]
    ranges: tuple[tuple[float, float] | None, ...]
    published: tuple[float | None, ...]


def by_seeds(found: Iterable[Training]) -> list[Seeds]:
    """Those of which there are several."""
    groups: dict[str, list[Training]] = {}
    for training in found:
        apart = {key: training.manifest[key] for key in _WHAT}
        groups.setdefault(orjson.dumps(apart, option=orjson.OPT_SORT_KEYS).decode(), []).append(training)
    return [_seeds(group) for group in groups.values() if len(group) > 1]


def _seeds(group: Sequence[Training]) -> Seeds:
    reached = [
        [rate for rate in rates if rate is not None] for rates in zip(*(each.win_rates for each in group), strict=True)
    ]
    first = group[0]
    return Seeds(
        f"{first.manifest['algorithm']}, {first.manifest['scenario']}",
        tuple(sorted(training.manifest["seed"] for training in group)),
        tuple(sum(rates) / len(rates) if rates else None for rates in reached),
        tuple((min(rates), max(rates)) if rates else None for rates in reached),
        first.published,
    )


def read_training(folder: TrainFolder) -> Training:
    """What the training in a folder came to.

    Raises:
        InputError: it holds none, or a damaged one.
    """
    manifest, points = folder.content(), folder.points()
    published = _published(manifest)
    if len(points) < 2:
        raise InputError(f"{folder.path} has measured nothing yet but the beginning")
    goal, timings = published[-1], points[-1]["timings"]
    return Training(
        folder.path.name,
        manifest,
        tuple(win_rate(points, at) for at in AT),
        published,
        _learnt_from(manifest["hyper_parameters"]),
        points[-1]["seconds"],
        None if goal is None else _seconds_until(points, goal),
        {name: seconds / sum(timings.values()) for name, seconds in timings.items()},
    )


def win_rate(points: Sequence[Point], at: int) -> float | None:
    """The mean over the measurements within `WINDOW` steps; None where the curve ends before."""
    near = [point["win_rate"] for point in points if abs(point["steps"] - at) <= WINDOW]
    return sum(near) / len(near) if near and points[-1]["steps"] >= at else None


def _seconds_until(points: Sequence[Point], goal: float) -> float | None:
    for point in points:
        reached = win_rate(points, point["steps"])
        if reached is not None and reached >= goal:
            return float(point["seconds"])
    return None


def _learnt_from(hyper: Mapping[str, Any]) -> float:
    """PPO goes over every batch so many times; Q-learning draws minibatches from all that it remembers."""
    return float(hyper["epochs"] if "epochs" in hyper else hyper["updates"] * hyper["minibatch"] / hyper["batch"])


@cache
def published_curves() -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Win rates by scenario and algorithm at the steps of `AT`."""
    data = yaml.safe_load(DATA_FILE.read_text())
    places = [data["steps"].index(at) for at in AT]
    return {
        scenario: {name: [rates[place] for place in places] for name, rates in curves.items()}
        for scenario, curves in data["win_rates"].items()
    }


def _published(manifest: Mapping[str, Any]) -> tuple[float | None, ...]:
    """What was published of the same thing: no communication, and the observation that the published runs had."""
    same = manifest["observation"] == "repaired" and not manifest["hops"]
    name = "open loop" if manifest["open_loop"] else manifest["algorithm"]
    curve = published_curves().get(manifest["scenario"], {}).get(name) if same else None
    return tuple(curve) if curve is not None else (None,) * len(AT)
