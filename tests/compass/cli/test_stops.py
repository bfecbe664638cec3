"""Runs that are stopped: by SIGKILL, of the run or of a worker, and by Ctrl-C. No finished episode is lost or repeated."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCENARIO = "protoss_5_vs_6_epo"
EPISODES = 90
WORDS = ("evaluate", SCENARIO, "--episodes", EPISODES, "--workers", 2, "--json")


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def lines(run: Path) -> list[bytes]:
    path = run / "episodes.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def workers_of(pid: int) -> list[int]:
    """The worker processes of a run."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The lines of the run when nobody stops it."""
    from compass.evaluate.evaluator import evaluate
    from compass.evaluate.settings import EvaluateSettings
    from envs.scenario_file import load_scenario

    path = tmp_path_factory.mktemp("whole") / "run"
    evaluate(EvaluateSettings(load_scenario(SCENARIO), EPISODES, workers=2), path)
    return path


def same_content(run: Path, whole: Path) -> bool:
    """Every line once, whole, and equal; every record equal."""
    assert sorted(lines(run)) == sorted(lines(whole))
    names = {record.name for record in (whole / "records").iterdir()}
    assert {record.name for record in (run / "records").iterdir()} == names
    return all((run / "records" / name).read_bytes() == (whole / "records" / name).read_bytes() for name in names)


def test_a_killed_run_is_resumed_without_loss_or_repetition(start, whole, tmp_path):
    run = tmp_path / "run"
    process = start(*WORDS, "--out", run)
    wait_for(lambda: len(lines(run)) >= 3)
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    kept = lines(run)
    assert 3 <= len(kept) < EPISODES
    wait_for(lambda: not any(alive(pid) for pid in workers), seconds=10)
    resumed = start(*WORDS, "--out", run, "--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert lines(run)[: len(kept)] == kept
    assert same_content(run, whole)
    assert json.loads(out)["episodes"] == EPISODES


def test_a_killed_worker_costs_nothing(start, whole, tmp_path):
    run = tmp_path / "run"
    process = start(*WORDS, "--out", run)
    wait_for(lambda: len(lines(run)) >= 3)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert same_content(run, whole)
    assert json.loads(out)["outcomes"]["env_crash"] == 0


def test_ctrl_c_prints_what_is_finished_and_how_to_go_on(start, whole, tmp_path):
    run = tmp_path / "run"
    process = start(*[word for word in WORDS if word != "--json"], "--out", run)
    wait_for(lambda: len(lines(run)) >= 3)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    finished = len(lines(run))
    assert 3 <= finished < EPISODES
    assert f" {finished} " in out and f"{SCENARIO}, epo setting" in out
    assert f"--out {run} --resume" in err and "Traceback" not in err
    assert not any(alive(pid) for pid in workers)
    resumed = start(*WORDS, "--out", run, "--resume")
    assert resumed.wait(timeout=120) == 0
    assert same_content(run, whole)


def test_a_killed_forking_process_costs_nothing(start, whole, tmp_path):
    run = tmp_path / "run"
    process = start(*WORDS, "--out", run)
    wait_for(lambda: len(lines(run)) >= 3)
    worker = workers_of(process.pid)[0]
    for child in Path(f"/proc/{worker}/task/{worker}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert same_content(run, whole)
    assert json.loads(out)["outcomes"]["env_crash"] == 0
