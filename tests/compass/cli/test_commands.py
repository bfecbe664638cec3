"""The smaller commands: scenarios, skills, view, bench."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compass.bench import cells
from compass.errors import InputError
from envs.scenario_file import load_scenario, scenario_names
from envs.teams import draw_battle

ROOT = Path(__file__).parents[3]


def test_scenarios_list_names_every_one(compass):
    listed = json.loads(compass("scenarios", "list", "--json").out)["scenarios"]
    for benchmark in ("smacv2", "smac"):
        names = [each["name"] for each in listed if each["benchmark"] == benchmark]
        assert names == list(scenario_names(benchmark))
    smacv2, smac = compass("scenarios", "list").out.split("SMAC v1")
    assert all(name in smacv2 for name in scenario_names())
    assert all(name in smac for name in scenario_names("smac"))


@pytest.mark.parametrize("words", ["--version", "--help", "scenarios list", "scenarios list --json"])
def test_output_that_cannot_be_written_is_told_in_one_line(words):
    command = [sys.executable, "-m", "compass", *words.split()]
    with open("/dev/full", "w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert ran.stderr == "compass: cannot write: No space left on device; make room\n"
    assert ran.returncode == 2


def test_scenarios_show_tells_what_a_scenario_consists_of(compass):
    content = json.loads(compass("scenarios", "show", "terran_10_vs_11_epo", "--json").out)
    assert (content["race"], content["n_units"], content["n_enemies"], content["setting"]) == ("terran", 10, 11, "epo")
    assert content["hash"] == load_scenario("terran_10_vs_11_epo").content_hash
    assert content["hash"] in compass("scenarios", "show", "terran_10_vs_11_epo").out


def test_exported_battles_are_those_that_are_played(compass, tmp_path):
    file = tmp_path / "battles.json"
    ran = compass("scenarios", "export", "zerg_5_vs_6", "--seed", 7, "--episodes", 3, "--out", file, "--json")
    assert json.loads(ran.out) == {"file": str(file), "battles": 3}
    content = json.loads(file.read_text())
    assert [battle["seed"] for battle in content["battles"]] == [7, 8, 9]
    for battle in content["battles"]:
        expected = draw_battle(load_scenario("zerg_5_vs_6"), battle["seed"]).episode_config()
        assert battle["episode_config"]["team_gen"] == expected["team_gen"]
        for side in ("ally_start_positions", "enemy_start_positions"):
            np.testing.assert_array_equal(battle["episode_config"][side]["item"], expected[side]["item"])
    assert (
        json.loads(compass("scenarios", "export", "zerg_5_vs_6", "--seed", 8).out)["battles"] == content["battles"][1:2]
    )


def test_battles_that_smacv2_cannot_play_are_not_exported(compass):
    ran = compass("scenarios", "export", "3m")
    assert ran.code == 2 and "smacv2 cannot play it" in ran.err and ran.err.count("\n") == 1


def test_export_to_nowhere_is_bad_input(compass, tmp_path):
    ran = compass("scenarios", "export", "zerg_5_vs_6", "--out", tmp_path / "no" / "file.json")
    assert ran.code == 2 and "cannot write" in ran.err


def test_skills_can_be_listed_shown_copied_and_checked(compass, tmp_path):
    shipped = json.loads(compass("skills", "list", "--json").out)
    names = [skill["name"] for skill in shipped["skills"]]
    assert names and shipped["broken"] == []
    assert all(name in compass("skills", "list").out for name in names)
    assert json.loads(compass("skills", "init", tmp_path / "mine", "--json").out)["folder"] == str(tmp_path / "mine")
    copied = json.loads(compass("skills", "list", "--skills", tmp_path / "mine", "--json").out)
    assert copied["hash"] == shipped["hash"]
    source = compass("skills", "show", names[0], "--skills", tmp_path / "mine").out
    assert source == (tmp_path / "mine" / f"{names[0]}.py").read_text()
    assert json.loads(compass("skills", "show", names[0], "--json").out)["source"] == source
    assert compass("skills", "check", "--skills", tmp_path / "mine").code == 0


def test_skills_check_names_what_is_broken(compass, tmp_path):
    compass("skills", "init", tmp_path / "mine")
    (tmp_path / "mine" / "bad.py").write_text('"""Bad [very]."""\nimport os\n')
    ran = compass("skills", "check", "--skills", tmp_path / "mine")
    assert ran.code == 2 and f"{tmp_path / 'mine' / 'bad.py'}:2: " in ran.out
    ran = compass("skills", "check", "--skills", tmp_path / "mine", "--json")
    assert ran.code == 2 and json.loads(ran.out)["broken"][0]["file"] == "bad.py"


SHY = '''"""Shy: look at what is not there.

unit_types: zealot
task: hide
"""


def score_target(unit, obs):
    return 0.0


def control_logic(obs, memory):
    return obs.enemys
'''


def test_skills_check_tries_every_skill_and_tells_of_tasks_nobody_asks_for(compass, tmp_path):
    (tmp_path / "shy.py").write_text(SHY)
    ran = compass("skills", "check", "--skills", tmp_path)
    assert ran.code == 2
    problem, note, count = ran.out.splitlines()
    assert problem.startswith(
        f"{tmp_path / 'shy.py'}:13: AttributeError: 'Observation' object has no attribute 'enemys'"
    )
    assert note.startswith("note: shy.py: the scripted planner asks for none of its tasks (hide); it asks for engage, ")
    assert count == f"1 skills of {tmp_path} load, 1 of them fail when tried; 0 files are broken"
    found = json.loads(compass("skills", "check", "--skills", tmp_path, "--json").out)
    assert (found["failed"][0]["line"], len(found["notes"]), found["skills"][0]["tasks"]) == (13, 1, ["hide"])


def test_without_a_sandbox_skills_are_not_tried(compass, tmp_path, monkeypatch):
    def refuse(library):
        raise InputError("the kernel refuses to confine skills here")

    monkeypatch.setattr("compass.cli.skills.rehearse", refuse)
    (tmp_path / "shy.py").write_text(SHY)
    ran = compass("skills", "check", "--skills", tmp_path)
    assert ran.code == 0 and "note: skills were not tried: the kernel refuses" in ran.out


def test_skills_list_tells_tasks_and_what_each_does(compass, tmp_path):
    (tmp_path / "shy.py").write_text(SHY)
    assert "zealot      hide   look at what is not there." in compass("skills", "list", "--skills", tmp_path).out


@pytest.fixture
def run(compass, tmp_path):
    compass(
        "evaluate",
        "zerg_5_vs_5",
        "--episodes",
        1,
        "--seed",
        5,
        "--policy",
        "nearest",
        "--workers",
        1,
        "--out",
        tmp_path / "run",
    )
    return tmp_path / "run"


def test_view_draws_the_battle_and_what_an_agent_knew(compass, run, tmp_path):
    ran = compass("view", run, 5, "--gif", tmp_path / "a.gif", "--json")
    shown = json.loads(ran.out)
    length = json.loads((run / "episodes.jsonl").read_text())["length"]
    assert shown == {"gif": str(tmp_path / "a.gif"), "pictures": length + 1}
    assert compass("view", run, 5, "--gif", tmp_path / "b.gif", "--agent", 2).code == 0
    for name in ("a.gif", "b.gif"):
        with Image.open(tmp_path / name) as picture:
            assert picture.format == "GIF" and picture.n_frames > 1
    assert (tmp_path / "a.gif").read_bytes() != (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((6,), "has no episode 6; it has 1: 5"),
        ((5, "--agent", 5), "no agent 5: choose 0 to 4"),
        ((5, "--agent", 0, "--spectator"), "give one of them"),
    ],
)
def test_view_of_what_is_not_there(compass, run, tmp_path, words, message):
    ran = compass("view", run, *words, "--gif", tmp_path / "a.gif")
    assert ran.code == 2 and message in ran.err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda manifest: manifest.pop("scenario_content"), "no scenario can be read"),
        (lambda manifest: manifest.pop("hops"), "lacks 'hops'"),
        (
            lambda manifest: manifest["scenario_content"].update(n_units=7),
            "its scenario is not the one that its hash tells of",
        ),
    ],
)
def test_view_of_a_damaged_run_is_bad_input(compass, run, tmp_path, damage, message):
    manifest = json.loads((run / "manifest.json").read_text())
    damage(manifest)
    (run / "manifest.json").write_text(json.dumps(manifest))
    ran = compass("view", run, 5, "--agent", 0, "--gif", tmp_path / "a.gif")
    assert ran.code == 2 and message in ran.err and len(ran.err.splitlines()) == 1


def test_bench_prints_the_median_of_each_cell(compass, monkeypatch):
    figures = iter([9e9, 5.0, 1.0, 3.0, 2.0, 4.0])  # the first run compiles and is not counted
    monkeypatch.setitem(cells.CELLS, "env_5v5_single", lambda observation: next(figures))
    ran = compass("bench", "env_5v5_single", "--json")
    assert json.loads(ran.out) == {"cells": [{"name": "env_5v5_single", "value": 3.0, "unit": "env steps/s"}]}


def test_bench_offers_the_promised_cells():
    sizes = ("5v5", "10v10", "20v20")
    environment = [f"env_{size}_{kind}" for kind in ("single", "batch256") for size in sizes]
    assert list(cells.CELLS) == [*environment, "loop_5v5", "loop_20v23", "trial_5v5"]


def test_the_version_is_told(compass):
    ran = compass("--version")
    assert ran.code == 0 and ran.out.startswith("compass ") and len(ran.out.splitlines()) == 1


def test_help_is_there(compass):
    ran = compass("--help")
    assert ran.code == 0 and "evaluate" in ran.out
