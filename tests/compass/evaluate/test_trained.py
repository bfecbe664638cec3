"""Checkpoints in the evaluator: named with what a figure must be read with, resumed and replayed from the run's copy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.evaluator import default_run_path, evaluate
from compass.evaluate.replay import replay
from compass.evaluate.report import notes_of
from compass.evaluate.settings import EvaluateSettings, default_hops
from compass.policies.checkpoint import content_hash
from compass.policies.rows import Reading
from envs.scenario_file import load_scenario
from tests.compass.policies.weights import random_policy

SCENARIO = load_scenario("zerg_5_vs_5")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "mine.npz"
    path.write_bytes(random_policy(SCENARIO.name).to_bytes())
    return path


def settings(checkpoint: Path, episodes: int = 2, workers: int = 1) -> EvaluateSettings:
    return EvaluateSettings(SCENARIO, episodes, policy=str(checkpoint), workers=workers)


def test_a_run_says_what_was_trained_and_how(tmp_path, checkpoint):
    report = evaluate(settings(checkpoint), tmp_path / "run")
    trained = report.manifest["trained"]
    assert report.manifest["policy"] == "mappo" and trained["hash"] == content_hash(checkpoint.read_bytes())
    expected = {
        "steps": 1_234,
        "recurrent": True,
        "agent_ids": True,
        "actions": "greedy",
        "hops": 0,
        "open_loop": False,
    }
    assert {key: trained[key] for key in expected} == expected
    assert report.player == "mappo, 1,234 steps"
    (note,) = notes_of(report)
    for words in (
        "1,234 environment steps on zerg_5_vs_5",
        "repaired",
        "recurrent",
        "agent id",
        "greedy",
        "without comm",
    ):
        assert words in note
    assert report.summary()["trained"] == trained
    assert default_run_path(settings(checkpoint), tmp_path).name.startswith("zerg_5_vs_5-mine-repaired-")


def test_it_resumes_and_replays_from_its_own_copy(tmp_path, checkpoint):
    run = tmp_path / "run"
    first = evaluate(settings(checkpoint), run)
    more = evaluate(settings(checkpoint, 4, workers=2), run, resume=True)
    assert more.results[:2] == first.results and len(more.results) == 4
    checkpoint.unlink()
    assert len(replay(run, tmp_path / "again").identical) == 4


def test_another_checkpoint_is_another_run(tmp_path, checkpoint):
    evaluate(settings(checkpoint), tmp_path / "run")
    original = checkpoint.read_bytes()
    checkpoint.write_bytes(random_policy(SCENARIO.name, seed=1).to_bytes())
    with pytest.raises(InputError, match="trained: hash"):
        evaluate(settings(checkpoint, 3), tmp_path / "run", resume=True)
    checkpoint.write_bytes(original)
    (tmp_path / "run" / "policy.npz").write_bytes(b"something else")
    with pytest.raises(InputError, match="is no longer what the run began with"):
        evaluate(settings(checkpoint, 3), tmp_path / "run", resume=True)


def test_what_cannot_play_is_refused(tmp_path, checkpoint):
    with pytest.raises(InputError, match="cannot read the checkpoint"):
        settings(tmp_path / "none.npz")
    with pytest.raises(InputError, match="was trained on zerg_5_vs_5"):
        EvaluateSettings(load_scenario("zerg_5_vs_6"), policy=str(checkpoint))
    with pytest.raises(InputError, match="plays without skills"):
        EvaluateSettings(SCENARIO, policy=str(checkpoint), skills=Path("mine"))


def test_playing_a_checkpoint_needs_no_torch(tmp_path, checkpoint):
    code = f"""
import sys
from compass.cli.main import main
sys.argv = ["compass", "evaluate", "zerg_5_vs_5", "--policy", {str(checkpoint)!r}, "--episodes", "1", "--workers", "1"]
try:
    main()
finally:
    assert not {{"torch", "benchmarl"}} & set(sys.modules)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mappo, 1,234 steps" in done.stdout


@pytest.mark.parametrize(
    ("reading", "player", "note"),
    [
        (Reading(hops=2), "mappo, told over 3 hops, 1,234 steps", "hear over 2 hops"),
        (Reading(open_loop=True), "mappo, open loop, 1,234 steps", "sees the time step alone"),
    ],
)
def test_what_a_policy_reads_is_named(tmp_path, reading, player, note):
    path = tmp_path / "mine.npz"
    path.write_bytes(random_policy(SCENARIO.name, reading=reading).to_bytes())
    report = evaluate(settings(path), tmp_path / "run")
    assert report.player == player and note in notes_of(report)[0]
    assert len(report.results) == 2 and report.manifest["hops"] == 3


def test_a_policy_hears_over_the_hops_it_was_trained_with_unless_told_otherwise(tmp_path, checkpoint):
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / "policy.npz").write_bytes(random_policy(SCENARIO.name, reading=Reading(hops=2)).to_bytes())
    assert [default_hops(policy) for policy in (str(folder), str(checkpoint), "team")] == [2, 3, 3]
    deaf = EvaluateSettings(SCENARIO, 1, policy=str(folder), workers=1, episode=EpisodeSettings(hops=0))
    report = evaluate(deaf, tmp_path / "run")
    assert report.player == "mappo, told over 0 hops, 1,234 steps" and report.results[0].messages == 0
    assert deaf.player == "training" and deaf.checkpoint == folder / "policy.npz"


@pytest.mark.parametrize(
    "given", [{"planner": "random"}, {"episode": EpisodeSettings(plan_every=3)}, {"skills": Path("skills")}]
)
def test_options_of_the_team_are_refused(checkpoint, given):
    for policy in (str(checkpoint), "nearest"):
        with pytest.raises(InputError, match="take --policy team"):
            EvaluateSettings(SCENARIO, policy=policy, **given)
