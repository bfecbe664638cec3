"""The arena: many battles of one scenario, played by the scripted planner and any skill library, as fast as they go.

    with Arena(scenario) as arena:
        results = arena.play(library, range(100))

The results are those of `compass.episode.run_episode`, field by field. Worker processes stay from one call to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from compass.episode import EpisodeSettings
from compass.evaluate.player import compile_kernels
from compass.evaluate.settings import check_observation, check_workers
from compass.evaluate.workers import Crew, Play, Unfit, cores
from compass.observation.decode import check_readable
from compass.skills.library import Library
from compass.skills.nursery import NurseryEnded
from compass.trial.ring import TOGETHER, Episode, Ring
from compass.types import EpisodeResult
from envs.draws import TRIAL
from envs.jit import announce_compile
from envs.scenario import Scenario


@dataclass(frozen=True, eq=False)
class _Job:
    """What a worker plays at once; one is never equal to another."""

    library: Library
    seeds: tuple[int, ...]
    stream: str
    alone: bool


class Arena:
    """Plays battles of `scenario` in `workers` processes (None: one a core), started with the first battle. A context manager.

    Raises:
        InputError: an unknown observation setting, no worker, or a scenario whose vectors cannot be read.
    """

    def __init__(
        self,
        scenario: Scenario,
        observation: str = "repaired",
        episode: EpisodeSettings | None = None,
        workers: int | None = None,
    ) -> None:
        check_observation(observation)
        check_workers(workers)
        check_readable(scenario)
        self.scenario, self.observation = scenario, observation
        self.episode = episode or EpisodeSettings()
        self.workers = workers or cores()
        self.played = 0
        """Battles so far, with any library."""
        self._crew: Crew | None = None

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def play(self, library: Library, seeds: Sequence[int], stream: str = TRIAL) -> list[EpisodeResult]:
        """The results of the battles `seeds` of a stream, in that order; see `watch` for what is raised."""
        return [episode.result for episode in self.watch(library, seeds, stream)]

    def watch(self, library: Library, seeds: Sequence[int], stream: str = TRIAL, alone: bool = False) -> list[Episode]:
        """The same with what became of the skills.

        alone: never two battles in the same processes, which costs several times as much; the results are the same for skills that
        keep to the checker's rules.

        Raises:
            InputError: the library has no usable skill or none for a unit type, or this system cannot confine skills.
            RuntimeError: the workers that played a battle died.
        """
        jobs = [_Job(library, tuple(part), stream, alone) for part in _shares(seeds, self.workers)]
        found = {seed: episode for part in self._play(jobs) for seed, episode in part.items()}
        return [found[seed] for seed in seeds]

    def survey(self, libraries: Sequence[Library], seeds: Sequence[int], stream: str = TRIAL) -> list[list[Episode]]:
        """What each of many libraries makes of the same battles, in the order of both; raises what `watch` does.

        A worker plays a library at a time, so this is the way to play few battles with many.
        """
        parts = [seeds[at : at + TOGETHER] for at in range(0, len(seeds), TOGETHER)]
        jobs = [_Job(library, tuple(part), stream, False) for library in libraries for part in parts]
        played = iter(self._play(jobs))
        found = [{seed: episode for _ in parts for seed, episode in next(played).items()} for _ in libraries]
        return [[each[seed] for seed in seeds] for each in found]

    def _play(self, jobs: Sequence[_Job]) -> list[dict[int, Episode]]:
        """The battles of each job by seed."""
        if self._crew is None:
            if announce_compile():  # here, so that it is not done in every worker
                compile_kernels(self.scenario, self.observation, self.episode)
            make = partial(_ring, self.scenario, self.observation, self.episode)
            self._crew = Crew(make, self.workers)
        found: dict[_Job, dict[int, Episode]] = {}
        try:
            for each in self._crew.play(jobs):
                if each.value is None:
                    raise RuntimeError(f"the battles {list(each.seed.seeds)} crashed: {each.died}")
                self.played += len(each.value)
                found[each.seed] = dict(zip(each.seed.seeds, each.value, strict=True))
        except BaseException:
            self.close()  # its workers may have ended or still play
            raise
        return [found[job] for job in jobs]

    def close(self) -> None:
        """End the workers."""
        if self._crew is not None:
            self._crew.dismiss()
            self._crew = None


def _shares(seeds: Sequence[int], workers: int) -> Iterator[Sequence[int]]:
    """The seeds in equal parts, as few as keep every worker busy and none too large."""
    if not seeds:
        return
    rounds = -(-len(seeds) // (workers * TOGETHER))
    size = -(-len(seeds) // (workers * rounds))
    for at in range(0, len(seeds), size):
        yield seeds[at : at + size]


@contextmanager
def _ring(scenario: Scenario, observation: str, episode: EpisodeSettings) -> Iterator[Play]:
    with Ring(scenario, observation, episode) as ring:

        def play(job: _Job) -> list[Episode]:
            try:
                return ring.play(job.library, job.seeds, job.stream, job.alone)
            except NurseryEnded as error:
                raise Unfit("because the process that forks skills' processes was killed") from error

        yield play
