"""How the time of a step grows with the number of units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from statistics import median

from compass.evaluate.workers import cores
from envs.random_play import RandomBatch, single_speed
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish, Skirmish

SIDES = (5, 10, 20, 40, 80)
REPETITIONS = 5
GOAL = 2.0  # the most that the exponent may be: quadratic growth
_BATCH = 64
WORK = 2000  # steps of an agent in one measurement of a single battle, and of each battle of a batch


@dataclass(frozen=True)
class Size:
    """Medians for battles of `units` a side, and the exponents of growth since the size before (None for the first).

    single, batch: env steps/s of one battle, and of a batch on all cores. An exponent of 2 means that twice the units take four
    times the time.
    """

    units: int
    single: float
    batch: float
    single_exponent: float | None
    batch_exponent: float | None


def measure(observation: str, sides: Sequence[int], work: int) -> Iterator[Size]:
    """Measure Protoss battles of these sizes, smallest first, under random play; `work`: see `WORK`.

    Raises:
        InputError: the engine does not hold so many units.
    """
    before: Size | None = None
    for units in sides:
        scenario = _scenario(units)
        single, batch = _single(scenario, observation, work), _batch(scenario, observation, work)
        growth: tuple[float | None, float | None] = None, None
        if before is not None:
            growth_in_units = math.log(units / before.units)
            growth = (
                math.log(before.single / single) / growth_in_units,
                math.log(before.batch / batch) / growth_in_units,
            )
        before = Size(units, single, batch, *growth)
        yield before


def _scenario(units: int) -> Scenario:
    known = load_scenario("protoss_20_vs_20")
    return replace(known, name=f"protoss_{units}_vs_{units}", n_units=units, n_enemies=units)


def _single(scenario: Scenario, observation: str, work: int) -> float:
    skirmish, battles = Skirmish(scenario, observation), range(max(1, work // scenario.n_units // 20))
    single_speed(skirmish, range(1))
    return median(single_speed(skirmish, battles).steps_per_second for _ in range(REPETITIONS))


def _batch(scenario: Scenario, observation: str, work: int) -> float:
    with closing(BatchedSkirmish(scenario, _BATCH, observation, threads=cores())) as skirmish:
        player, rounds = RandomBatch(skirmish), max(1, work // scenario.n_units)
        player.play(1)
        return median(player.play(rounds).steps_per_second for _ in range(REPETITIONS))
