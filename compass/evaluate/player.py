"""What a worker process does: it builds environment and team once, then plays seeds and files their records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from compass.episode import EpisodeSettings, run_episode
from compass.evaluate.live import LiveReader
from compass.evaluate.records import Recorder
from compass.evaluate.run_folder import write_record
from compass.evaluate.workers import Play, Unfit
from compass.planner import Planner, ScriptedPlanner
from compass.policies import FIXED, PlanningTeam, RandomTeam, Team, TrainedTeam
from compass.policies.checkpoint import load_policy
from compass.skills.library import Library
from compass.skills.merits import known_library
from compass.skills.nursery import NurseryEnded
from compass.skills.retrieval import Shelves
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult, StepRecord
from envs.draws import EVALUATION
from envs.scenario import Scenario
from envs.skirmish import Skirmish


class Recording(Protocol):
    """A listener that keeps an episode."""

    def on_step(self, record: StepRecord) -> None:
        """Keep one step."""
        ...

    def to_bytes(self) -> bytes:
        """The file of the episode so far."""
        ...


@dataclass(frozen=True)
class PlayerSpec:
    """What a worker needs to know. skills: the run's own copy of the library, None for policies without skills. live: the folder
    that tells which skills play now (`compass.evaluate.live`), None where they stay the same.

    make_planner: what makes the team's planner; picklable where workers are processes, as is make_recorder: what keeps an episode.
    checkpoint: the run's own copy of a trained policy, None where none plays. stream: whose battles are played.
    """

    scenario: Scenario
    observation: str
    policy: str
    episode: EpisodeSettings
    skills: Path | None
    unsafe_skills: bool
    records: Path
    make_planner: Callable[[], Planner] = ScriptedPlanner
    checkpoint: Path | None = None
    make_recorder: Callable[[], Recording] = Recorder
    stream: str = EVALUATION
    live: Path | None = None


def compile_kernels(scenario: Scenario, observation: str, episode: EpisodeSettings) -> Skirmish:
    """An environment that has played: its kernels are compiled or loaded, so that no episode's time holds that."""
    env = Skirmish(scenario, observation)
    run_episode(env, RandomTeam(), 0, episode)
    return env


@contextmanager
def skirmish_player(spec: PlayerSpec) -> Iterator[Play]:
    """Gives a function that plays one seed and returns its result and how many seconds it took."""
    env = compile_kernels(spec.scenario, spec.observation, spec.episode)
    with ExitStack() as stack:
        try:
            live = LiveReader(spec.live) if spec.live else None
            sandbox = stack.enter_context(_sandbox(spec, live)) if spec.skills else None
        except NurseryEnded as error:
            raise Unfit("because the process that forks skills' processes was killed") from error
        team = _planning(spec, sandbox, live) if sandbox else _team(spec)

        def play(seed: int) -> tuple[EpisodeResult, dict[str, Any]]:
            start = perf_counter()
            recorder = spec.make_recorder()
            try:
                result = run_episode(env, team, seed, spec.episode, [recorder], spec.stream)
            except (RuntimeError, OSError) as error:
                if sandbox is not None and sandbox.nursery.has_ended():
                    raise Unfit("because the process that forks skills' processes was killed") from error
                raise
            write_record(spec.records / f"{seed}.npz", recorder.to_bytes())
            return result, {"seed": seed, "steps": result.length, "seconds": perf_counter() - start}

        yield play


def _team(spec: PlayerSpec) -> Team:
    return TrainedTeam(load_policy(spec.checkpoint), spec.scenario) if spec.checkpoint else FIXED[spec.policy]()


def _sandbox(spec: PlayerSpec, live: LiveReader | None) -> Sandbox:
    assert spec.skills is not None
    library = known_library(spec.skills, spec.episode.top_k)
    news = live.news() if live else None
    return Sandbox(replace(library, skills=news.skills) if news else library, spec.unsafe_skills)


def _planning(spec: PlayerSpec, sandbox: Sandbox, live: LiveReader | None) -> PlanningTeam:
    def renewed() -> Library | None:
        news = live.news() if live else None
        if news is None:
            return None
        library = replace(sandbox.library, skills=news.skills)
        sandbox.take_up(library)
        return library

    return PlanningTeam(spec.make_planner(), Shelves(sandbox.library, spec.episode.top_k), sandbox, renewed)


def describe_sandbox(library: Library, unsafe: bool) -> dict[str, Any]:
    """What would hold the skills of a library here: kind, layers and limits, for the manifest.

    Raises:
        InputError: this system cannot confine skills and `unsafe` was not asked for.
    """
    with Sandbox(library, unsafe) as sandbox:
        return {"kind": sandbox.label, "layers": list(sandbox.layers), "limits": asdict(sandbox.limits)}
