"""`compass replay`: what it prints, its exit codes, and what it says to bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import orjson
import pytest

from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario
from tests.compass.planned_run import SEED, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    evaluate(EvaluateSettings(load_scenario("zerg_5_vs_5"), episodes=2, policy="random", workers=1), path)
    return path


def change(file: Path, **fields: object) -> None:
    """Other values in every line of a file of JSON lines."""
    lines = [orjson.loads(line) | fields for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def test_a_run_that_comes_out_the_same(compass, run: Path) -> None:
    ran = compass("replay", run)
    again = run.with_name("run-replay")
    assert (ran.code, ran.out) == (0, f"2 of 2 episodes are identical\nreplay: {again}\n")
    assert (again / "summary.json").is_file()
    content = json.loads(compass("replay", run, "--json").out)
    assert content == {
        "run": str(run),
        "replay": str(run.with_name("run-replay-2")),
        "compared": 2,
        "identical": 2,
        "differing": [],
        "not_reproducible": [],
        "notes": [],
    }


def test_a_run_that_comes_out_otherwise(compass, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    change(copy / "episodes.jsonl", messages=-1)
    manifest = orjson.loads((copy / "manifest.json").read_bytes()) | {"rules": "others"}
    manifest["packages"]["numpy"] = "0.1"
    (copy / "manifest.json").write_bytes(orjson.dumps(manifest))
    ran = compass("replay", copy, "--out", tmp_path / "again")
    assert ran.code == 1
    first, second, *_ = ran.out.splitlines()
    assert first == "0 of 2 episodes are identical"
    assert second.startswith("the first that differs: seed 0: the line in episodes.jsonl: messages -1 there, ")
    assert "note: rules: others there, " in ran.err
    assert "note: packages: numpy 0.1 there, " in ran.err and "networkx" not in ran.err
    content = json.loads(compass("replay", copy, "--out", tmp_path / "more", "--json").out)
    assert [each["seed"] for each in content["differing"]] == [0, 1]
    assert len(content["notes"]) == 2


def test_episodes_that_are_not_reproducible_are_told_apart(compass, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    first, second = copy.joinpath("episodes.jsonl").read_bytes().splitlines(keepends=True)
    copy.joinpath("episodes.jsonl").write_bytes(first + second.replace(b'"reproducible":true', b'"reproducible":false'))
    ran = compass("replay", copy)
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "1 of 1 episodes are identical",
        f"not compared, for the speed of a machine decided an action, or it crashed: seeds {orjson.loads(second)['seed']}",
    ]


def test_a_run_by_a_model_needs_no_model_and_all_of_its_cassette(compass, tmp_path: Path) -> None:
    planned = make_run(tmp_path / "planned")
    ran = compass("replay", planned)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "1 of 1 episodes are identical")
    tape = planned / "cassette" / f"{SEED}.jsonl"
    tape.write_bytes(tape.read_bytes().partition(b"\n")[2])
    ran = compass("replay", planned)
    assert ran.code == 2 and ran.out == ""
    assert "call 0 of agent" in ran.err and "is not on the tape; no call was made" in ran.err


def test_bad_input_is_one_line(compass, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    evaluate(EvaluateSettings(load_scenario("zerg_5_vs_5"), episodes=1, policy="nearest", workers=1), other)
    for words, said in (
        ((tmp_path / "none",), "holds no run"),
        ((run, "--out", other), "already holds a run"),
        ((run, "--out", ""), "the name is empty"),
    ):
        ran = compass("replay", *words)
        assert ran.code == 2 and said in ran.err and ran.err.count("\n") == 1
