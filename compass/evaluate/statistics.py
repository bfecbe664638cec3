"""How often a policy wins, and how sure that is: Wilson intervals, paired differences, means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean

from compass.types import EpisodeResult, Outcome

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Statistics:
    """What a set of finished episodes amounts to.

    `win_rate` (0..1) and its 95 % interval count the episodes that ended by the game's rules: a crash of the environment is
    nobody's loss. All figures but `episodes` and `outcomes` are None when no such episode exists. Returns are sums of the scaled
    rewards (a full win is worth about 20), lengths are in environment steps.
    """

    episodes: int
    outcomes: dict[str, int]
    win_rate: float | None
    win_rate_ci: Interval | None
    return_mean: float | None
    length_mean: float | None


def statistics_of(results: Iterable[EpisodeResult]) -> Statistics:
    """The statistics of finished episodes, in whatever order they come."""
    ordered = sorted(results, key=lambda result: result.seed)
    counts = Counter(result.outcome for result in ordered)
    outcomes = {outcome.value: counts[outcome] for outcome in Outcome}
    played = [result for result in ordered if result.outcome is not Outcome.ENV_CRASH]
    if not played:
        return Statistics(len(ordered), outcomes, None, None, None, None)
    wins = counts[Outcome.WIN]
    return Statistics(
        episodes=len(ordered),
        outcomes=outcomes,
        win_rate=wins / len(played),
        win_rate_ci=wilson(wins, len(played)),
        return_mean=fmean(result.returned for result in played),
        length_mean=fmean(result.length for result in played),
    )


def wilson(wins: int, episodes: int) -> Interval:
    """Wilson's score interval (95 %) of a rate of `wins` in `episodes` > 0."""
    from scipy.stats import binomtest  # half a second to load, which only the end of a run needs

    interval = binomtest(wins, episodes).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class PairedDifference:
    """Win rate of one run minus that of another over the `pairs` seeds that both played, with its 95 % interval.

    `first_only` and `second_only` count the seeds that just one of them won.
    """

    pairs: int
    difference: float
    interval: Interval
    first_only: int
    second_only: int


def paired_difference(first: Sequence[EpisodeResult], second: Sequence[EpisodeResult]) -> PairedDifference | None:
    """Compare two runs on their common seeds; None when they have none. Seeds where either crashed are left out.

    The interval is the adjusted Wald interval of Bonett and Price (Statistics in Medicine 31, 2012) for paired proportions.
    """
    wins = [
        {result.seed: result.outcome is Outcome.WIN for result in run if result.outcome is not Outcome.ENV_CRASH}
        for run in (first, second)
    ]
    seeds = wins[0].keys() & wins[1].keys()
    if not seeds:
        return None
    first_only = sum(wins[0][seed] and not wins[1][seed] for seed in seeds)
    second_only = sum(wins[1][seed] and not wins[0][seed] for seed in seeds)
    n = len(seeds)
    p, q = (first_only + 1) / (n + 2), (second_only + 1) / (n + 2)
    half = _Z * sqrt((p + q - (p - q) ** 2) / (n + 2))
    interval = (max(-1.0, p - q - half), min(1.0, p - q + half))
    return PairedDifference(n, (first_only - second_only) / n, interval, first_only, second_only)
