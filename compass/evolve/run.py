"""A run of an evolution: its folder, its budget, and the curve of how often the library wins battles that it never sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import orjson

from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.manifest import origin
from compass.evaluate.run_folder import unused
from compass.evaluate.settings import check_observation, check_seeds, check_workers
from compass.evaluate.statistics import PairedDifference, paired_difference
from compass.evolve.base import Effort, Synthesizer
from compass.evolve.evolution import Evolution, Round, Watch, by_rules
from compass.evolve.folder import EvolveFolder
from compass.skills.library import Library
from compass.skills.store import Store
from compass.trial.arena import Arena
from compass.trial.sequential import Verdict
from compass.types import EpisodeResult, Outcome
from envs.draws import HELD_OUT, TRIAL
from envs.scenario import Scenario

FORMAT = 1
_SEEDS = 10**9  # nobody needs more, of rounds neither
_PARTS = ("bootstrap", "evolve", "synthesis", "trial")
_PACKAGES = ("compass-smac", "numba", "numpy")


@dataclass(frozen=True)
class EvolveSettings:
    """What is evolved, and for how long.

    skills: the folder that admitted skills go into. rounds, minutes: it ends after so many, whichever comes first; None for as many
    as there are. held_out: battles of a measurement in each scenario, always the same. seed: of all that is drawn; different seeds
    share no battle.
    """

    scenarios: tuple[Scenario, ...]
    skills: Path
    rounds: int | None = None
    minutes: float | None = None
    observation: str = "repaired"
    episode: EpisodeSettings = field(default_factory=EpisodeSettings)
    held_out: int = 200
    seed: int = 0
    workers: int | None = None
    effort: Effort = field(default_factory=Effort)

    def __post_init__(self) -> None:
        names = [scenario.name for scenario in self.scenarios]
        if len(set(names)) < len(names):
            raise InputError(f"a scenario is named twice: {', '.join(names)}")
        if self.minutes is not None and not 0 <= self.minutes < inf:
            raise InputError(f"the budget is {self.minutes} minutes; give 0 or more")
        if not 0 <= self.seed < _SEEDS:
            raise InputError(f"the seed is {self.seed}; give 0 to {_SEEDS - 1}")
        check_seeds(0, self.held_out)
        if self.rounds is not None and not 1 <= self.rounds < _SEEDS:
            raise InputError(f"rounds is {self.rounds}; give 1 or more")
        check_observation(self.observation)
        check_workers(self.workers)


@dataclass(frozen=True)
class Point:
    """How often the library won held-out battles after so many rounds. wins: of `battles` in each scenario, by its name; gains: how
    much more than before the first round, in the same battles.
    """

    rounds: int
    seconds: float
    episodes: int
    battles: int
    wins: dict[str, int]
    gains: dict[str, PairedDifference]
    library: str


class Progress(Protocol):
    """Whoever wants to see how it goes."""

    def told(self, words: str) -> None:
        """What is being done now."""

    def ended(self, found: Round) -> None:
        """A round has ended."""

    def measured(self, point: Point) -> None:
        """The library has played the held-out battles."""

    def stopped(self, limit: str) -> None:
        """The synthesizer's limit has ended it."""


def evolve(
    settings: EvolveSettings,
    synthesizer: Synthesizer,
    folder: EvolveFolder,
    progress: Progress,
    watch: Watch = by_rules,
) -> list[Point]:
    """Evolve until the budget is spent; the curve.

    Admitted skills go into the library at once, so whoever stops this, however, keeps them. watch: plays the battles that a round
    begins with.

    Raises:
        InputError: the folder cannot be written, the library cannot be changed, or it cannot play a scenario.
    """
    store = Store(settings.skills)
    store.notice()
    folder.begin(build_manifest(settings, synthesizer, store.live()))
    with ExitStack() as stack:
        play = (settings.observation, settings.episode, settings.workers)
        arenas = [stack.enter_context(Arena(scenario, *play)) for scenario in settings.scenarios]
        evolution = Evolution(store, arenas, synthesizer, settings.seed, settings.effort, watch, progress.told)
        curve: list[Point] = []
        held_out = _HeldOut(arenas, settings.held_out)
        began = monotonic()

        def measure() -> None:
            progress.told("playing the held-out battles")
            library, seconds = store.live(), monotonic() - began
            played = evolution.rounds, seconds, evolution.episodes, settings.held_out
            curve.append(Point(*played, *held_out.measure(library), library.content_hash))
            folder.add_point(asdict(curve[-1]), library)
            progress.measured(curve[-1])

        measure()
        for found in _rounds(evolution, settings, synthesizer, began):
            folder.add_round(asdict(found))
            progress.ended(found)
            if found.verdict == Verdict.ADMITTED:
                measure()
        limit = synthesizer.stopped()
        if limit is not None:
            progress.stopped(limit)
    return curve


def build_manifest(settings: EvolveSettings, synthesizer: Synthesizer, library: Library) -> dict[str, Any]:
    """What an evolution is of, as it is written before its first battle."""
    content = {
        "format": FORMAT,
        "synthesizer": synthesizer.name,
        "scenarios": [asdict(scenario) for scenario in settings.scenarios],
        "skills": str(settings.skills),
        "library": library.content_hash,
        "observation": settings.observation,
        "episode": asdict(settings.episode),
        "backend": "embedded",
        "stream": TRIAL,
        "held_out_stream": HELD_OUT,
        "held_out": settings.held_out,
        "seed": settings.seed,
        "rounds": settings.rounds,
        "minutes": settings.minutes,
        "workers": settings.workers,
        "effort": asdict(settings.effort),
        **synthesizer.about,
        **origin((*_PACKAGES, *synthesizer.packages), _PARTS),
    }
    return dict(orjson.loads(orjson.dumps(content)))


def default_evolve_path(settings: EvolveSettings, parent: Path = Path("runs")) -> Path:
    """A new folder for an evolution, named by its first scenario, seed and the time of day."""
    return unused(parent, f"evolve-{settings.scenarios[0].name}-{settings.seed}-{datetime.now():%Y%m%d-%H%M%S}")


def _rounds(evolution: Evolution, settings: EvolveSettings, synthesizer: Synthesizer, began: float) -> Iterator[Round]:
    """Rounds until the budget or the synthesizer's is spent; none is begun that, as long as the longest, would end too late."""
    longest = 0.0
    while (settings.rounds is None or evolution.rounds < settings.rounds) and synthesizer.stopped() is None:
        now = monotonic()
        if settings.minutes is not None and now - began + longest >= 60 * settings.minutes:
            return
        yield evolution.round()
        longest = max(longest, monotonic() - now)


class _HeldOut:
    """Plays the held-out battles, always the same, and remembers how the first library did in them."""

    def __init__(self, arenas: Sequence[Arena], battles: int) -> None:
        self._arenas, self._battles = arenas, battles
        self._first: dict[str, list[EpisodeResult]] = {}

    def measure(self, library: Library) -> tuple[dict[str, int], dict[str, PairedDifference]]:
        """As in `Point`: the wins and the gains."""
        found = {arena.scenario.name: arena.play(library, range(self._battles), HELD_OUT) for arena in self._arenas}
        self._first = self._first or found
        gains = {}
        for name, results in found.items():
            gain = paired_difference(results, self._first[name])
            assert gain is not None  # they are the same battles
            gains[name] = gain
        return {
            name: sum(result.outcome is Outcome.WIN for result in results) for name, results in found.items()
        }, gains
