"""Files of demonstrations made in this process."""

from __future__ import annotations

from pathlib import Path

from compass.demos.file import FORMAT, Demonstrations, DemoRecorder, assemble
from compass.episode import EpisodeSettings, run_episode
from compass.evaluate.manifest import build_manifest
from compass.evaluate.settings import EvaluateSettings
from compass.planner import ScriptedPlanner
from compass.policies import FIXED, PlanningTeam
from compass.skills.library import default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from envs.draws import DEMONSTRATIONS
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish


def record_here(folder: Path, scenario: str, policy: str, episodes: int) -> Demonstrations:
    """Demonstrations of a scenario by `team` or a fixed policy."""
    found = load_scenario(scenario)
    env, library = Skirmish(found), load_library(default_library_folder())
    parts, results = folder / f"{scenario}-{policy}", []
    parts.mkdir()
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox) if policy == "team" else FIXED[policy]()
        for seed in range(episodes):
            recorder = DemoRecorder()
            results.append(run_episode(env, team, seed, EpisodeSettings(), [recorder], DEMONSTRATIONS))
            (parts / f"{seed}.npz").write_bytes(recorder.to_bytes())
    manifest = build_manifest(EvaluateSettings(found, episodes, policy=policy), None, None, "")
    assemble(
        manifest | {"demonstrations": FORMAT, "stream": DEMONSTRATIONS}, results, parts, folder / f"{parts.name}.npz"
    )
    return Demonstrations(folder / f"{parts.name}.npz")
