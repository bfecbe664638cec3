"""What a worker process does: it builds environment and team once, then plays seeds and files their records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from compass.episode import EpisodeSettings, run_episode
from compass.evaluate.records import Recorder
from compass.evaluate.run_folder import write_record
from compass.evaluate.workers import Play
from compass.planner import ScriptedPlanner
from compass.policies import FIXED, PlanningTeam, RandomTeam, Team
from compass.skills.library import Library, load_library
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult
from envs.scenario import Scenario
from envs.skirmish import Skirmish


@dataclass(frozen=True)
class PlayerSpec:
    """What a worker needs to know. skills: the run's own copy of the library, None for policies without skills."""

    scenario: Scenario
    observation: str
    policy: str
    episode: EpisodeSettings
    skills: Path | None
    unsafe_skills: bool
    records: Path


@contextmanager
def skirmish_player(spec: PlayerSpec) -> Iterator[Play]:
    """Gives a function that plays one seed and returns its result and how many seconds it took."""
    env = Skirmish(spec.scenario, spec.observation)
    run_episode(
        env, RandomTeam(), 0, spec.episode
    )  # kernels are compiled or loaded here, outside the first episode's time
    with ExitStack() as stack:
        team = _team(spec, stack)

        def play(seed: int) -> tuple[EpisodeResult, dict[str, Any]]:
            start = perf_counter()
            recorder = Recorder()
            result = run_episode(env, team, seed, spec.episode, [recorder])
            write_record(spec.records / f"{seed}.npz", recorder.to_bytes())
            return result, {"seed": seed, "steps": result.length, "seconds": perf_counter() - start}

        yield play


def _team(spec: PlayerSpec, stack: ExitStack) -> Team:
    if spec.skills is None:
        return FIXED[spec.policy]()
    library = load_library(spec.skills)
    sandbox = stack.enter_context(Sandbox(library, spec.unsafe_skills))
    return PlanningTeam(ScriptedPlanner(), library, sandbox)


def describe_sandbox(library: Library, unsafe: bool) -> dict[str, Any]:
    """What would hold the skills of a library here: kind, layers and limits, for the manifest.

    Raises:
        InputError: this system cannot confine skills and `unsafe` was not asked for.
    """
    with Sandbox(library, unsafe) as sandbox:
        return {"kind": sandbox.label, "layers": list(sandbox.layers), "limits": asdict(sandbox.limits)}
