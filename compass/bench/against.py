"""COMPASS and SMAX side by side: the same machine, random legal actions, observations, states and masks included."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from statistics import median

from compass.bench.smax import Play, Smax
from compass.evaluate.workers import cores
from envs.random_play import RandomBatch, record, replay
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish, Skirmish

OPPONENTS = ("smax",)
SIDES = (5, 10, 20)
BATCHES = (32, 128, 512, 1024)  # COMPASS's sizes, and
SMAX_BATCHES = (16, 64, 256, 1024)  # SMAX's, of which each plays its best
REPETITIONS = 5
SECONDS = 1.0
TRIES = 3
_ROUNDS = 8


@dataclass(frozen=True)
class Pair:
    """One cell: medians of both in env steps/s, how they were played, and the median, least and greatest ratio of a repetition."""

    name: str
    compass: float
    compass_how: str
    smax: float
    smax_how: str
    ratio: float
    ratio_low: float
    ratio_high: float


def steps_per_second(play: Play, seconds: float) -> float:
    """How many environment steps a second a function plays that says how many it played; it is called for about so long."""
    steps, start = 0, time.perf_counter()
    while True:
        steps += play()
        spent = time.perf_counter() - start
        if spent >= seconds:
            return steps / spent


def compare(sides: Sequence[int], seconds: float) -> Iterator[Pair]:
    """Measure COMPASS and SMAX in turns, `REPETITIONS` times about so many seconds each: in a single battle, and in the batch that
    is the best of each.

    Raises:
        InputError: JaxMARL is not installed.
    """
    opponents = [(units, Smax(units)) for units in sides]
    return (pair for units, smax in opponents for pair in _cells(units, smax, seconds))


def _cells(units: int, smax: Smax, seconds: float) -> Iterator[Pair]:
    size = f"{units}v{units}"
    skirmish = Skirmish(load_scenario(f"protoss_{units}_vs_{units}"))
    games = [(seed, record(skirmish, seed)) for seed in range(8)]
    single = _warm(lambda: replay(skirmish, games))
    yield _pair(f"{size}_single", single, "single", _warm(smax.single(64)), "single", seconds)
    with ExitStack() as stack:
        ours = [_batch(stack, units, batch, threads) for batch in BATCHES for threads in sorted({1, cores()})]
        theirs = [(f"batch {batch}", _warm(smax.batch(batch))) for batch in SMAX_BATCHES]
        (how, best), (smax_how, smax_best) = _fastest(ours, seconds), _fastest(theirs, seconds)
        yield _pair(f"{size}_batch", best, how, smax_best, smax_how, seconds)


def _batch(stack: ExitStack, units: int, batch: int, threads: int) -> tuple[str, Play]:
    skirmish = BatchedSkirmish(load_scenario(f"protoss_{units}_vs_{units}"), batch, threads=threads)
    player = RandomBatch(stack.enter_context(closing(skirmish)))
    return f"batch {batch}, threads {threads}", _warm(lambda: player.play(_ROUNDS).steps)


def _warm(play: Play) -> Play:
    """After two calls everything is compiled and in the caches."""
    play()
    play()
    return play


def _fastest(players: Sequence[tuple[str, Play]], seconds: float) -> tuple[str, Play]:
    """The fastest by the best of its tries, which are taken in turns."""
    best = [0.0] * len(players)
    for _ in range(TRIES):
        for i, (_, play) in enumerate(players):
            best[i] = max(best[i], steps_per_second(play, seconds / TRIES))
    return players[best.index(max(best))]


def _pair(name: str, ours: Play, how: str, theirs: Play, smax_how: str, seconds: float) -> Pair:
    found = [(steps_per_second(ours, seconds), steps_per_second(theirs, seconds)) for _ in range(REPETITIONS)]
    ratios = sorted(mine / other for mine, other in found)
    mine, other = (median(column) for column in zip(*found, strict=True))
    return Pair(name, mine, how, other, smax_how, median(ratios), ratios[0], ratios[-1])
