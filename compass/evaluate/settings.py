"""What an evaluation is asked to do: one typed place, whose documentation is the command line's help."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from compass.episode import EpisodeSettings
from compass.errors import InputError, unknown
from compass.observation.decode import check_readable
from compass.planner import WITHOUT_MODEL
from compass.policies import POLICIES
from envs.scenario import BACKENDS, Scenario

OBSERVATIONS = ("repaired", "upstream")
PLANNERS = tuple(WITHOUT_MODEL)
MOST_EPISODES = 1_000_000  # in one run: days of play, and as many files
_LARGEST = 2**64 - 1  # of seeds, and of any number in a manifest


def check_seeds(seed: int, episodes: int) -> None:
    """Make sure that the battles `seed` ... `seed + episodes - 1` exist.

    Raises:
        InputError: there are none or too many, or some are no 64-bit numbers.
    """
    if not 1 <= episodes <= MOST_EPISODES:
        raise InputError(f"episodes is {episodes}; give 1 or more, at most {MOST_EPISODES}")
    if seed < 0 or seed + episodes - 1 > _LARGEST:
        raise InputError(f"seeds run from 0 to {_LARGEST}; {episodes} episodes from {seed} do not fit")


@dataclass(frozen=True)
class EvaluateSettings:
    """One evaluation: the battles `seed` ... `seed + episodes - 1` of a scenario, played by one policy.

    observation: `repaired` or `upstream` (smacv2's wiped rows kept). skills: folder of the library, None for the shipped one.
    unsafe_skills: run skills without the sandbox where the system has none. workers: processes that play, None for one per core.
    """

    scenario: Scenario
    episodes: int = 100
    seed: int = 0
    policy: str = "team"
    planner: str = "scripted"
    observation: str = "repaired"
    backend: str = "embedded"
    episode: EpisodeSettings = field(default_factory=EpisodeSettings)
    skills: Path | None = None
    unsafe_skills: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        check_readable(self.scenario)
        for kind, name, known in (
            ("policy", self.policy, POLICIES),
            ("planner", self.planner, PLANNERS),
            ("observation", self.observation, OBSERVATIONS),
            ("backend", self.backend, BACKENDS),
        ):
            if name not in known:
                raise unknown(kind, name, known)
        check_seeds(self.seed, self.episodes)
        for name, number in (("hops", self.episode.hops), ("plan_every", self.episode.plan_every)):
            if number > _LARGEST:
                raise InputError(f"{name} is {number}; give {_LARGEST} or less")
        if self.skills is not None and self.policy != "team":
            raise InputError(f"policy {self.policy} plays without skills; leave out --skills, or take --policy team")
        if self.workers is not None and self.workers < 1:
            raise InputError(f"workers is {self.workers}; give 1 or more")

    @property
    def seeds(self) -> range:
        """The battles to play."""
        return range(self.seed, self.seed + self.episodes)
