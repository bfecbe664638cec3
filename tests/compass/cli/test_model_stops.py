"""Runs by a model that are stopped while their calls are under way: by SIGKILL and by Ctrl-C, in the midst of episodes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.bench.scripted_model import ScriptedModel
from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from compass.models.cassette import Cassette
from envs.scenario_file import load_scenario
from tests.compass.cli.test_stops import lines, same_content, wait_for

SCENARIO = "3m"
EPISODES = 6
WORDS = (
    *("evaluate", SCENARIO, "--episodes", EPISODES, "--workers", 3, "--planner", "vlm", "--model", "scripted"),
    *("--calls", "fused", "--frames", 1, "--image-size", 256, "--plan-every", 4),
)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedModel]:
    with ScriptedModel(latency=0.15) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield http
        http.shutdown()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run by the rules that the scripted model follows, when nobody stops it."""
    from compass.episode import EpisodeSettings

    path = tmp_path_factory.mktemp("whole") / "run"
    settings = EvaluateSettings(load_scenario(SCENARIO), EPISODES, episode=EpisodeSettings(plan_every=4), workers=1)
    evaluate(settings, path)
    return path


def calls(run: Path) -> int:
    return sum(1 for _ in Cassette(run / "cassette").all_entries())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_goes_on_from_its_cassette(start, server: ScriptedModel, whole: Path, tmp_path: Path, how: int) -> None:
    run, words = tmp_path / "run", (*WORDS, "--base-url", server.base_url)
    process = start(*words, "--out", run)
    wait_for(lambda: calls(run) >= 12)
    os.killpg(process.pid, how)
    _, err = process.communicate(timeout=20)
    assert len(lines(run)) < EPISODES
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert f"--out {run} --resume" in err and "Traceback" not in err
    resumed = start(*words, "--out", run, "--resume")
    _, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert same_content(run, whole)
    for seed in range(EPISODES):  # no call is paid twice but those that were under way
        answered = [entry for entry in Cassette(run / "cassette").entries(seed) if not entry.cancelled]
        assert len(answered) == len({(entry.agent, entry.step, entry.n) for entry in answered}) > 3
