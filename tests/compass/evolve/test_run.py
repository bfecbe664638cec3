"""An evolution's run: its folder, its curve, its budget; and `compass evolve`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from compass.errors import InputError
from compass.evolve.base import Effort
from compass.evolve.evolution import Round
from compass.evolve.folder import EvolveFolder
from compass.evolve.run import EvolveSettings, Point, evolve
from compass.evolve.scripted import ScriptedSynthesizer
from compass.skills.library import load_library
from compass.skills.store import Store
from envs.scenario_file import load_scenario
from tests.compass.trial.libraries import FIGHT, skill_source

SMALL = Effort(proposals=2, glance=4, heats=((4, 1),), pairs=32)


class _Heard:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.rounds: list[Round] = []
        self.points: list[Point] = []

    def told(self, words: str) -> None:
        self.words.append(words)

    def ended(self, found: Round) -> None:
        self.rounds.append(found)

    def measured(self, point: Point) -> None:
        self.points.append(point)

    def stopped(self, limit: str) -> None:
        self.words.append(limit)


def _settings(folder: Path, **changes: object) -> EvolveSettings:
    skills = folder / "skills"
    skills.mkdir()
    (skills / "skill.py").write_text(skill_source("skill", FIGHT))
    scenarios = tuple(load_scenario(name) for name in ("protoss_5_vs_5", "protoss_5_vs_6"))
    return EvolveSettings(
        **{"scenarios": scenarios, "skills": skills, "held_out": 4, "workers": 1, "effort": SMALL, **changes}
    )


def _evolved(settings: EvolveSettings, synthesizer: ScriptedSynthesizer, out: Path, heard: _Heard) -> list[Point]:
    with EvolveFolder(out) as folder:
        return evolve(settings, synthesizer, folder, heard)


def _lines(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_run_leaves_its_manifest_rounds_curve_and_library(tmp_path: Path) -> None:
    settings, heard = _settings(tmp_path, rounds=2, seed=5), _Heard()
    curve = _evolved(settings, ScriptedSynthesizer(5), tmp_path / "out", heard)
    manifest = orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["backend"] == "embedded" and manifest["synthesizer"] == "scripted" and manifest["seed"] == 5
    rounds = _lines(tmp_path / "out" / "rounds.jsonl")
    assert [each["scenario"] for each in rounds] == ["protoss_5_vs_5", "protoss_5_vs_6"]
    assert [each["number"] for each in rounds] == [1, 2] == [each.number for each in heard.rounds]
    points = _lines(tmp_path / "out" / "curve.jsonl")
    assert len(points) == len(curve) == len(heard.points) and points[0]["rounds"] == 0
    assert set(curve[0].wins) == {"protoss_5_vs_5", "protoss_5_vs_6"} and curve[0].battles == 4
    for point in curve:
        for name, gain in point.gains.items():
            assert gain.difference == (point.wins[name] - curve[0].wins[name]) / 4 and gain.pairs == 4
    assert all((each["pairs"] > 0) == (each["interval"] is not None) == (each["seed"] is not None) for each in rounds)
    assert load_library(tmp_path / "out" / "skills").content_hash == curve[-1].library
    assert Store(settings.skills).candidates() and heard.words


def test_the_curve_is_of_the_same_battles_whatever_the_seed(tmp_path: Path) -> None:
    found = []
    for seed in (0, 7):
        (tmp_path / str(seed)).mkdir()
        settings = _settings(tmp_path / str(seed), minutes=0.0, seed=seed, held_out=16)
        found += _evolved(settings, ScriptedSynthesizer(seed), tmp_path / str(seed) / "out", _Heard())
    assert len(found) == 2 and found[0].wins == found[1].wins and found[0].rounds == 0


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    settings = _settings(tmp_path, rounds=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="no empty folder"):
        _evolved(settings, ScriptedSynthesizer(0), tmp_path / "out", _Heard())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "compass", "evolve", *map(str, arguments)]


def test_the_command_says_what_it_lacks(tmp_path: Path) -> None:
    done = subprocess.run(_command("protoss_5_vs_5"), capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2 and "--rounds N, --budget MINUTES, or both" in done.stderr


def test_killed_at_any_moment_the_library_loads_and_another_run_goes_on(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    arguments = ("protoss_5_vs_5", "--budget", 1, "--skills", settings.skills, "--workers", 1, "--held-out", 2)
    for attempt, lines in enumerate((3, 12)):  # what the store's log must hold by then
        process = subprocess.Popen(_command(*arguments, "--out", tmp_path / str(attempt)), stderr=subprocess.PIPE)
        log = settings.skills / ".library" / "events.jsonl"
        while not log.exists() or log.read_bytes().count(b"\n") < lines:
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert Store(settings.skills).live().skills and Store(settings.skills).candidates()
    done = subprocess.run(
        _command("protoss_5_vs_5", "--budget", 0, "--skills", settings.skills, "--out", tmp_path / "last", "--json"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = orjson.loads(done.stdout)
    assert told["rounds"] == [] and told["curve"][0]["battles"] == 200
