"""The trainings that ship: small, whole, of a scenario that ships, and as good in a few battles as their curves say, roughly."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

import compass
from compass.episode import EpisodeSettings, run_episode
from compass.policies.checkpoint import load_policy
from compass.policies.trained import TrainedTeam, load_fitting
from compass.types import Outcome
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

SHIPPED = sorted((Path(compass.__file__).parent / "baselines" / "trained").iterdir())


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_training_is_whole_and_wins(folder: Path) -> None:
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    points = [orjson.loads(line) for line in (folder / "curve.jsonl").read_bytes().splitlines()]
    path, scenario = folder / "policy.npz", load_scenario(manifest["scenario"])
    assert path.stat().st_size < 300_000
    load_fitting(path, scenario)
    policy = load_policy(path)
    assert policy.about["steps"] == points[-1]["steps"] >= manifest["steps"]  # rounded up to whole batches
    env, team = Skirmish(scenario, manifest["observation"]), TrainedTeam(policy, scenario)
    wins = sum(run_episode(env, team, seed, EpisodeSettings()).outcome is Outcome.WIN for seed in range(30))
    assert wins / 30 == pytest.approx(points[-1]["win_rate"], abs=0.3)  # three standard errors
