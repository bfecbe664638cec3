"""The cells of the benchmark: each a name, and a function that measures it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

from compass.bench.loop import loop_steps_per_second
from compass.errors import unknown
from compass.evaluate.workers import cores
from compass.skills.library import default_library_folder, load_library
from compass.trial.arena import Arena
from envs.random_play import RandomBatch, single_speed
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish, Skirmish

REPETITIONS = 5
UNIT, TRIAL_UNIT = "env steps/s", "episodes/s"
TRIAL_CELL = "trial_5v5"
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
    with closing(BatchedSkirmish(load_scenario(scenario), _BATCH, observation, threads=cores())) as skirmish:
        return RandomBatch(skirmish).play(rounds).steps_per_second


def _trial(scenario: str, episodes: int, observation: str) -> float:
    library = load_library(default_library_folder())
    with Arena(load_scenario(scenario), observation) as arena:
        arena.play(library, range(2 * arena.workers))  # starts the workers
        start = perf_counter()
        arena.play(library, range(episodes))
        return episodes / (perf_counter() - start)


CELLS: dict[str, Callable[[str], float]] = {
    "env_5v5_single": partial(_single, "protoss_5_vs_5", 600),
    "env_10v10_single": partial(_single, "protoss_10_vs_10", 300),
    "env_20v20_single": partial(_single, "protoss_20_vs_20", 150),
    "env_5v5_batch256": partial(_batched, "protoss_5_vs_5", 800),
    "env_10v10_batch256": partial(_batched, "protoss_10_vs_10", 400),
    "env_20v20_batch256": partial(_batched, "protoss_20_vs_20", 150),
    "loop_5v5": partial(loop_steps_per_second, "protoss_5_vs_5", 64),
    "loop_20v23": partial(loop_steps_per_second, "protoss_20_vs_23", 12),
    TRIAL_CELL: partial(_trial, "protoss_5_vs_5_epo", 192),
}
"""By name: a function of the observation setting. The counts of battles and rounds give measurements of about a second."""


def run_cells(names: Sequence[str], observation: str) -> Iterator[Cell]:
    """Measure the cells of these names (none: all), one after the other.

    `env_*_single`: one battle, one Python call per step, random play, with observations, state and masks. `env_*_batch256`:
    256 battles at once on all cores. `loop_*`: what `evaluate` does with one worker and the scripted team, sandbox and all.
    `trial_*`: whole battles of the `_epo` twin, as trials of skills play them on all cores.

    Raises:
        InputError: there is no such cell.
    """
    for name in names:
        if name not in CELLS:
            raise unknown("cell", name, CELLS)
    return (_measure(name, observation) for name in names or CELLS)


def _measure(name: str, observation: str) -> Cell:
    unit = TRIAL_UNIT if name == TRIAL_CELL else UNIT
    CELLS[name](observation)  # compiles, or loads what is compiled
    return Cell(name, median(CELLS[name](observation) for _ in range(REPETITIONS)), unit)
