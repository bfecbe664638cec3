"""`compass train`: what it prints, and that SIGKILL loses one piece at most."""

from __future__ import annotations

import json
import signal
import time

import pytest

pytest.importorskip("benchmarl", reason="the extra `baselines` is not installed")

from compass.baselines.folder import TrainFolder
from compass.bench.training import SHIPPED

WORDS = ("train", "mappo", "protoss_5_vs_5", "--feed-forward", "--every", 3_200, "--held-out", 10)


def test_a_killed_training_goes_on(start, compass, tmp_path):
    folder = TrainFolder(tmp_path / "run")
    process = start(*WORDS, "--steps", 1_000_000, "--out", folder.path)
    end = time.monotonic() + 120
    while not folder.curve.exists() or len(folder.points()) < 3:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = folder.points()
    more = before[-1]["steps"] + 3_200
    refused = compass(*WORDS, "--steps", more, "--out", folder.path, "--resume")
    assert refused.code == 2 and "give --steps 1000000 or more" in refused.err
    manifest = json.loads(folder.manifest.read_bytes())
    folder.manifest.write_text(json.dumps(manifest | {"steps": more}))
    ran = compass(*WORDS, "--steps", more, "--out", folder.path, "--resume", "--json")
    assert ran.code == 0
    content = json.loads(ran.out)
    steps = [point["steps"] for point in content["curve"]]
    assert steps == list(range(0, more + 1, 3_200))
    assert content["curve"][: len(before) - 1] == before[:-1]


def test_an_interrupted_training_says_how_to_go_on(start, tmp_path):
    folder = TrainFolder(tmp_path / "run")
    process = start(*WORDS, "--steps", 1_000_000, "--out", folder.path)
    end = time.monotonic() + 120
    while not folder.curve.exists() or len(folder.points()) < 2:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "stopped; the same command with --out" in err and "Traceback" not in err


def test_what_it_prints(compass, tmp_path):
    ran = compass(*WORDS, "--steps", 3_000, "--out", tmp_path / "run")
    assert ran.code == 0
    line, hint = ran.out.splitlines()
    assert line.startswith("mappo, protoss_5_vs_5, default setting, repaired observation, embedded engine: ")
    assert "of 10 held-out battles won after 3,200 steps" in line
    assert str(tmp_path / "run" / "policy.npz") in hint.replace("\n", "")


def test_what_agents_read_and_learn_by_is_told_in_the_manifest(compass, tmp_path):
    ran = compass(*WORDS, "--steps", 100, "--set", "lr=0.001", "--communicated", "--hops", 2, "--out", tmp_path / "run")
    assert ran.code == 0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_bytes())
    assert (manifest["hops"], manifest["open_loop"], manifest["hyper_parameters"]["lr"]) == (2, False, 0.001)
    refused = compass(*WORDS, "--steps", 100, "--set", "lr=0.001", "--out", tmp_path / "run", "--resume")
    assert refused.code == 2 and "another hops" in refused.err


def test_bad_input_is_one_line(compass, tmp_path):
    training = tmp_path / "training"
    training.mkdir()
    (training / "manifest.json").write_bytes((SHIPPED / "mappo-zerg_5_vs_5-1" / "manifest.json").read_bytes())
    for words, message in (
        (("train", "mapo", "3m", "--steps", 9), "did you mean mappo"),
        (("train", "mappo", "3m", "--steps", 9, "--resume"), "--resume needs --out"),
        (("train", "mappo", "3m", "--steps", 9, "--hops", 2), "add --communicated"),
        (("train", "mappo", "3m", "--steps", 9, "--communicated", "--hops", 0), "over 0 hops nothing is told"),
        (("replay", training), "holds a training, not an evaluation"),
        (("train", "mappo", "3m", "--steps", 9, "--communicated", "--open-loop"), "leave out one of"),
        (("train", "mappo", "3m", "--steps", 9, "--set", "lr=x"), "give it as lr=0.0005"),
        (("train", "mappo", "3m", "--steps", 9, "--device", "cuda", "--out", tmp_path / "x"), "no CUDA device"),
    ):
        ran = compass(*words)
        assert (ran.code, ran.out) == (2, "") and message in ran.err and len(ran.err.splitlines()) == 1
