"""The cells of the benchmark: each a name, and a function that measures it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from compass.bench.loop import loop_steps_per_second
from compass.errors import unknown
from compass.evaluate.workers import cores
from envs.random_play import batched_speed, single_speed
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish, Skirmish

REPETITIONS = 5
UNIT = "env steps/s"
_BATCH = 256


@dataclass(frozen=True)
class Cell:
    """One figure: the median of `REPETITIONS` measurements."""

    name: str
    value: float
    unit: str


def _single(scenario: str, battles: int, observation: str) -> float:
    return single_speed(Skirmish(load_scenario(scenario), observation), range(battles)).steps_per_second


def _batched(scenario: str, rounds: int, observation: str) -> float:
    skirmish = BatchedSkirmish(load_scenario(scenario), _BATCH, observation, threads=cores())
    try:
        return batched_speed(skirmish, rounds).steps_per_second
    finally:
        skirmish.close()


CELLS: dict[str, Callable[[str], float]] = {
    "env_5v5_single": partial(_single, "protoss_5_vs_5", 600),
    "env_10v10_single": partial(_single, "protoss_10_vs_10", 300),
    "env_20v20_single": partial(_single, "protoss_20_vs_20", 150),
    "env_5v5_batch256": partial(_batched, "protoss_5_vs_5", 800),
    "env_10v10_batch256": partial(_batched, "protoss_10_vs_10", 400),
    "env_20v20_batch256": partial(_batched, "protoss_20_vs_20", 150),
    "loop_5v5": partial(loop_steps_per_second, "protoss_5_vs_5", 64),
    "loop_20v23": partial(loop_steps_per_second, "protoss_20_vs_23", 12),
}
"""By name: a function of the observation setting. The counts of battles and rounds give measurements of about a second."""


def run_cells(names: Sequence[str], observation: str) -> Iterator[Cell]:
    """Measure the cells of these names (none: all), one after the other.

    `env_*_single`: one battle, one Python call per step, random play, with observations, state and masks. `env_*_batch256`:
    256 battles at once on all cores. `loop_*`: what `evaluate` does with one worker and the scripted team, sandbox and all.

    Raises:
        InputError: there is no such cell.
    """
    for name in names:
        if name not in CELLS:
            raise unknown("cell", name, CELLS)
    return (_measure(name, observation) for name in names or CELLS)


def _measure(name: str, observation: str) -> Cell:
    CELLS[name](observation)  # compiles, or loads what is compiled
    return Cell(name, median(CELLS[name](observation) for _ in range(REPETITIONS)), UNIT)
