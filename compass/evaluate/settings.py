"""What an evaluation is asked to do: one typed place, whose documentation is the command line's help."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from compass.episode import FULL, EpisodeSettings
from compass.errors import InputError, unknown
from compass.models.budget import Limits
from compass.models.settings import ModelSettings
from compass.observation.decode import check_readable
from compass.planner import WITHOUT_MODEL
from compass.planner.vlm.settings import Pace, VlmSettings
from compass.policies import POLICIES
from compass.policies.checkpoint import CHECKPOINT, load_policy
from compass.policies.trained import load_fitting, names_checkpoint, reading_of
from envs.scenario import BACKENDS, Scenario

OBSERVATIONS = ("repaired", "upstream")
PLANNERS = (*WITHOUT_MODEL, "vlm")
MOST_EPISODES = 1_000_000  # in one run: days of play, and as many files
BESIDE = 8  # episodes side by side whose agents wait for a model
_LARGEST = 2**64 - 1  # of seeds, and of any number in a manifest


def checkpoint_of(policy: str) -> Path | None:
    """The checkpoint that the word for a policy names, or that lies in the folder of a training it names; else None."""
    if policy in POLICIES or not names_checkpoint(policy):
        return None
    path = Path(policy)
    return path / CHECKPOINT if path.is_dir() else path


def default_hops(policy: str) -> int:
    """How many hops messages take where nothing else is asked for: what a trained policy learnt to hear over, if it did.

    Raises:
        InputError: the checkpoint cannot be read.
    """
    checkpoint = checkpoint_of(policy)
    trained = reading_of(load_policy(checkpoint)).hops if checkpoint else 0
    return trained or EpisodeSettings().hops


MOST_WORKERS = 4096


def check_seeds(seed: int, episodes: int) -> None:
    """Make sure that the battles `seed` ... `seed + episodes - 1` exist.

    Raises:
        InputError: there are none or too many, or some are no 64-bit numbers.
    """
    if not 1 <= episodes <= MOST_EPISODES:
        raise InputError(f"episodes is {episodes}; give 1 or more, at most {MOST_EPISODES}")
    if seed < 0 or seed + episodes - 1 > _LARGEST:
        raise InputError(f"seeds run from 0 to {_LARGEST}; {episodes} episodes from {seed} do not fit")


def check_observation(observation: str) -> None:
    """Make sure that there is this observation setting; an `InputError` otherwise."""
    if observation not in OBSERVATIONS:
        raise unknown("observation", observation, OBSERVATIONS)


def check_workers(workers: int | None) -> None:
    """Make sure that somebody plays (None: one a core); an `InputError` otherwise."""
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"workers is {workers}; give 1 or more, at most {MOST_WORKERS}")


@dataclass(frozen=True)
class EvaluateSettings:
    """One evaluation: the battles `seed` ... `seed + episodes - 1` of a scenario, played by one policy.

    policy: one of `POLICIES`, or the path of a checkpoint. observation: `repaired` or `upstream` (smacv2's wiped rows kept).
    skills: folder of the library, None for the shipped one. live_skills: pick up edits to it while the run goes on.
    unsafe_skills: run skills without the sandbox where the system has none. workers: processes that play, None for one a core; with
    a vlm planner, episodes side by side in one process, None for `BESIDE`. model, vlm: which model plans and how, for planner vlm
    alone; limits: where its run ends early; prices: a file of prices, None for the shipped one.
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
    live_skills: bool = False
    unsafe_skills: bool = False
    workers: int | None = None
    model: ModelSettings | None = None
    vlm: VlmSettings | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None

    def __post_init__(self) -> None:
        check_readable(self.scenario)
        for kind, name, known in (
            ("planner", self.planner, PLANNERS),
            ("observation", self.observation, OBSERVATIONS),
            ("backend", self.backend, BACKENDS),
        ):
            if name not in known:
                raise unknown(kind, name, known)
        if self.checkpoint is not None:
            load_fitting(self.checkpoint, self.scenario)
        elif self.policy not in POLICIES:
            raise unknown("policy", self.policy, POLICIES)
        check_seeds(self.seed, self.episodes)
        for name, number in (
            ("hops", self.episode.hops),
            ("plan_every", self.episode.plan_every),
            ("top_k", self.episode.top_k),
        ):
            if number > _LARGEST:
                raise InputError(f"{name} is {number}; give {_LARGEST} or less")
        self._refuse_options_of_the_team()
        self._refuse_partial_information()
        check_workers(self.workers)
        if (self.model is None or self.vlm is None) and self.planned_by == "vlm":
            raise InputError("planner vlm needs a model: name it with --model, and its server with --base-url")
        if (self.model or self.vlm or self.prices or self.limits != Limits()) and self.planned_by != "vlm":
            raise InputError(
                "options of a model are for --policy team --planner vlm: add these, or leave the others out"
            )

    def _refuse_options_of_the_team(self) -> None:
        if self.policy == "team":
            return
        plain = EpisodeSettings(hops=self.episode.hops)
        for option, given in (
            ("--skills", self.skills is not None),
            ("--live-skills", self.live_skills),
            ("--planner", self.planner != "scripted"),
            ("--plan-every", self.episode.plan_every != plain.plan_every),
            ("--plan-on-change", self.episode.plan_on_change != plain.plan_on_change),
            ("--top-k", self.episode.top_k != plain.top_k),
        ):
            if given:
                raise InputError(
                    f"policy {self.policy} plays without skills and plans; leave out {option}, or take --policy team"
                )

    def _refuse_partial_information(self) -> None:
        if self.episode.information != FULL:
            return
        for option, given in (
            ("a trained policy, which reads its own observation", self.checkpoint is not None),
            ("--planner vlm, whose prompts tell what can be seen", self.planned_by == "vlm"),
            ("--hops, for nothing is told", self.episode.hops != EpisodeSettings().hops),
        ):
            if given:
                raise InputError(f"full information does not go with {option}; leave out one of the two")

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint that plays; None where no trained policy does."""
        return checkpoint_of(self.policy)

    @property
    def player(self) -> str:
        """A word for the policy in names of files: of a checkpoint its file's, or its training's where all files have that name."""
        path = self.checkpoint
        if path is None:
            return self.policy
        return path.absolute().parent.name if path.name == CHECKPOINT else path.stem

    @property
    def planned_by(self) -> str | None:
        """The planner; None for policies that do not plan."""
        return self.planner if self.policy == "team" else None

    @property
    def pace(self) -> Pace:
        """How the team plays, as a model's prompts tell it."""
        return Pace(self.episode.hops, self.episode.plan_every, self.episode.plan_on_change)

    @property
    def seeds(self) -> range:
        """The battles to play."""
        return range(self.seed, self.seed + self.episodes)
