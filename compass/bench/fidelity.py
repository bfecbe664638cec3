"""How near random play on the embedded engine comes to random play on the real game, map by map of SMAC v1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from compass.evaluate.workers import cores
from envs.random_play import play_out
from envs.scenario import Scenario
from envs.skirmish import BatchedSkirmish

DATA_FILE = Path(__file__).with_name("real_random_play.yaml")
EPISODES = 2000
"""Of each map, unless told otherwise."""
LEAST_EPISODES = 500
"""Of each map, for a verdict on the sum."""
FLOOR = 0.05
"""Differences below this share of the real figure count as none: the logs mix builds."""
DRIFT = 0.025
"""Half of that share, as a standard deviation of the real figures beyond the chance of their episodes."""
GOAL = 0.01
"""The combined chi-square is to have a p above this."""

SIGNED: dict[str, Any] = {"reward_only_positive": False, "reward_negative_scale": 0.0}
"""The environment's options with which a reward is the damage to enemies and their deaths, less what they regained."""

_BATCH = 256


@dataclass(frozen=True)
class Mean:
    """A mean and its standard error."""

    mean: float
    se: float


@dataclass(frozen=True)
class Cell:
    """Random play on one map. Returns are SMAC's before 2022: the absolute value of each step's scaled reward; lengths are in
    environment steps."""

    map: str
    episodes: int
    return_mean: float
    return_se: float
    length_mean: float
    length_se: float

    def figures(self) -> dict[str, Mean]:
        """Its two figures by name."""
        return {"return": Mean(self.return_mean, self.return_se), "length": Mean(self.length_mean, self.length_se)}


@dataclass(frozen=True)
class Difference:
    """One figure of one map: `figure` is "return" or "length", `real` the real game's, `ours` the embedded engine's."""

    map: str
    figure: str
    real: Mean
    ours: Mean

    @property
    def share(self) -> float:
        """The difference over the real figure."""
        return (self.ours.mean - self.real.mean) / self.real.mean

    @property
    def errors(self) -> float:
        """The difference in standard errors, of both figures together."""
        return (self.ours.mean - self.real.mean) / sqrt(self.real.se**2 + self.ours.se**2)

    @property
    def within(self) -> bool:
        """Whether the difference is at most 5 % or at most 2 standard errors."""
        return abs(self.share) <= FLOOR or abs(self.errors) <= 2

    @property
    def chi_square(self) -> float:
        """The difference squared over its variance: both figures' chance, and 2.5 % of the real figure for its mixed builds."""
        variance = self.real.se**2 + self.ours.se**2 + (DRIFT * self.real.mean) ** 2
        return (self.ours.mean - self.real.mean) ** 2 / variance


@dataclass(frozen=True)
class Combined:
    """The sum of the chi-squares of `terms` differences, and the chance `p` of one as large if all true differences were none."""

    chi_square: float
    terms: int
    p: float


@cache
def real_figures() -> dict[str, Any]:
    """The real game's figures: see `real_random_play.yaml`."""
    content: dict[str, Any] = yaml.safe_load(DATA_FILE.read_text(encoding="utf-8"))
    return content


def measure(scenario: Scenario, episodes: int, seed: int) -> Cell:
    """Random play (each agent uniform over its legal actions) of the battles `seed` to `seed + episodes - 1` of a SMAC v1 map."""
    seeds = iter(range(seed, seed + episodes))
    played = []
    while batch := list(islice(seeds, _BATCH)):
        played.append(_play(scenario, batch))
    returns, lengths = (np.concatenate(figures) for figures in zip(*played, strict=True))
    of_returns, of_lengths = _mean(returns), _mean(lengths)
    return Cell(scenario.name, episodes, of_returns.mean, of_returns.se, of_lengths.mean, of_lengths.se)


def _play(scenario: Scenario, seeds: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns and lengths. Every battle of the batch is played to its own end: the first to finish would be the short ones."""
    skirmish = BatchedSkirmish(scenario, len(seeds), threads=cores(), **SIGNED)
    returns, win = np.zeros(len(seeds)), skirmish.options.reward_win
    try:
        for batch, running in play_out(skirmish, seeds):
            raw, bonus = batch.raw_reward, win * (batch.battle_won & running)
            scale = np.divide(batch.reward, raw, out=np.zeros_like(raw), where=raw != 0)
            returns += (np.abs(raw - bonus) + bonus) * scale
        return returns, batch.step.copy()
    finally:
        skirmish.close()


def _mean(figures: NDArray[Any]) -> Mean:
    return Mean(float(figures.mean()), float(figures.std(ddof=1)) / sqrt(len(figures)))


def differences(cell: Cell) -> list[Difference]:
    """Return and length of a map beside the real game's, or nothing where no real figure exists."""
    if cell.map not in real_figures()["maps"]:
        return []
    real = real_figures()["maps"][cell.map]
    return [Difference(cell.map, figure, Mean(*real[figure]), mean) for figure, mean in cell.figures().items()]


def combine(found: Iterable[Difference]) -> Combined:
    """The chi-square over the maps whose logs carry weight (`combined` in `real_random_play.yaml`)."""
    from scipy.stats import chi2  # half a second to load

    terms = [each.chi_square for each in found if each.map in real_figures()["combined"]]
    return Combined(sum(terms), len(terms), float(chi2.sf(sum(terms), len(terms))))
