"""`compass evaluate` and `compass demo`: what they print, and what they say to bad input."""

from __future__ import annotations

import json
import re
import sys

import pytest

from compass.cli.output import command


def test_json_is_one_object_the_summary(compass, tmp_path):
    ran = compass(
        "evaluate",
        "zerg_5_vs_5",
        "--episodes",
        2,
        "--policy",
        "random",
        "--workers",
        1,
        "--out",
        tmp_path / "r",
        "--json",
    )
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    content = json.loads(ran.out)
    assert (content["policy"], content["planner"], content["episodes"], content["backend"]) == (
        "random",
        None,
        2,
        "embedded",
    )
    assert content == json.loads((tmp_path / "r" / "summary.json").read_text())


def test_the_table_names_scenario_setting_observation_engine_and_run(compass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = compass(
        "evaluate", "zerg_5_vs_5", "--episodes", 1, "--policy", "nearest", "--observation", "upstream", "--workers", 1
    )
    assert ran.code == 0
    assert "zerg_5_vs_5, default setting, upstream observation, embedded engine" in ran.out
    for heading in ("win rate (95 %)", "won", "lost", "draw", "timeout", "crash", "return", "length", "steps/s"):
        assert heading in ran.out
    (run,) = (tmp_path / "runs").iterdir()
    assert f"run: runs/{run.name}" in ran.out


def test_live_skills_are_said_to_be_live(compass, tmp_path):
    words = ("3m", "--episodes", 1, "--workers", 1, "--live-skills", "--out", tmp_path / "r")
    ran = compass("evaluate", *words)
    assert ran.code == 0 and "team, scripted, live skills" in ran.out and "edits taken up: 0, refused: 0" in ran.out
    assert "picked up between plans" in ran.err and "cannot be played again" in ran.err
    ran = compass("replay", tmp_path / "r", "--out", tmp_path / "again")
    assert ran.code == 2 and "cannot be reproduced" in ran.err and not (tmp_path / "again").exists()


def test_resume_needs_the_run(compass):
    ran = compass("evaluate", "zerg_5_vs_5", "--resume")
    assert (ran.code, ran.out) == (2, "")
    assert "--resume needs --out" in ran.err


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["evaluate", "protos_5_vs_5"], "protoss_5_vs_5"),
        (["evaluate", "protoss_5_vs_5", "--policy", "nearst"], "nearest"),
        (["evaluate", "protoss_5_vs_5", "--backend", "sc2"], "embedded"),
        (["evaluate", "protoss_5_vs_5", "--planner", "script"], "scripted"),
        (["evaluate", "protoss_5_vs_5", "--observation", "upstraem"], "upstream"),
        (["evaluate", "protoss_5_vs_5", "--plan-on-change", "of"], "off"),
        (["evaluate", "protoss_5_vs_5", "--policy", "nearst"], "choose from nearest, random, team"),
        (["evaluate", "xyzq"], "unknown scenario 'xyzq': `compass scenarios list` shows all there are"),
        (["evaluate", __file__], "no scenario file: the name of one ends in .yaml"),
        (["evaluate", "protoss_5_vs_5", "--out", ""], "the name is empty"),
        (["demo", "--out", ""], "the name is empty"),
        (["evaluate", "protoss_5_vs_5", "--policy", "nearest", "--skills", "mine"], "plays without skills"),
        (["evaluate", "protoss_5_vs_5", "--episodes", "3000000000"], "at most 1000000"),
        (["evaluate", "protoss_5_vs_5", "--plan-every", "9" * 26], "or less"),
        (["evaluate", "protoss_5_vs_5", "--plan-every", "0"], "1 or more"),
        (["evaluate", "protoss_5_vs_5", "--top-k", "9" * 26], "or less"),
        (["evaluate", "protoss_5_vs_5", "--top-k", "0"], "1 or more"),
        (["evaluate", "protoss_5_vs_5", "--top-k", "3", "--policy", "random"], "leave out --top-k"),
        (["evaluate", "protoss_5_vs_5", "--episodes", "many"], "integer"),
        (["evaluate", "protoss_5_vs_5", "--epsiodes", "3"], "--episodes"),
        (["evaluate", "protoss_5_vs_5", "--skills", "no/such/folder"], "compass skills init"),
        (["evaluate", "no/such/file.yaml"], "no/such/file.yaml"),
        (["evaluate"], "scenario"),
        (["evaluat"], "evaluate"),
        (["scenarios", "lst"], "list"),
        (["scenarios", "export", "zerg_5_vs_5", "--seed", "-1"], "seeds run from 0"),
        (["scenarios", "export", "zerg_5_vs_5", "--seed", str(2**64)], "seeds run from 0"),
        (["scenarios", "export", "zerg_5_vs_5", "--episodes", "0"], "1 or more"),
        (["scenarios", "show", "terran_5_vs_55"], "terran_5_vs_5"),
        (["skills", "show", "kit"], "kite"),
        (["view", "no/such/run", "3", "--gif", "x.gif"], "holds no run"),
        (["view", "no/such/run", "3", "--gif", "x.mp4"], "ends in .gif"),
        (["bench", "env_5v5_singel"], "env_5v5_single"),
    ],
)
def test_bad_input_is_one_line_that_names_the_way_out(compass, words, nearest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = compass(*words)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1 and ran.err.startswith("compass: ")
    assert nearest in ran.err
    assert not list(tmp_path.iterdir())


def test_an_unwritable_folder_is_named_before_the_first_battle(compass, tmp_path):
    (tmp_path / "file").write_text("")
    ran = compass("evaluate", "zerg_5_vs_5", "--policy", "random", "--out", tmp_path / "file" / "run")
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1 and "cannot write the run folder" in ran.err
    assert "finished episodes" not in ran.err


def test_a_broken_skill_is_named_and_the_rest_plays(compass, tmp_path):
    library = tmp_path / "library"
    assert compass("skills", "init", library).code == 0
    (library / "bad.py").write_text('"""Bad."""\nimport os\n')
    words = ("zerg_5_vs_5", "--episodes", 1, "--workers", 1, "--skills", library, "--out", tmp_path / "run", "--json")
    ran = compass("evaluate", *words)
    assert ran.code == 0 and json.loads(ran.out)["episodes"] == 1
    assert "bad.py:2" in ran.err
    assert not (tmp_path / "run" / "skills" / "bad.py").exists()


def test_the_demo_shows_team_and_nearest_side_by_side(compass, tmp_path):
    ran = compass("demo", "--episodes", 2, "--out", tmp_path)
    assert ran.code == 0
    assert "protoss_5_vs_5_epo, epo setting, repaired observation, embedded engine" in ran.out
    assert "team, scripted minus nearest on the same 2 seeds" in ran.out
    runs = sorted(path.name for path in tmp_path.iterdir())
    assert len(runs) == 2 and all(name in ran.out for name in runs)
    assert ran.out.splitlines()[-1] == "next: compass evaluate zerg_5_vs_5_epo"
    assert re.search(r"^team, scripted: plans by skill: \w+ \d+", ran.out, re.MULTILINE)


def test_what_skills_did_wrong_is_told_with_its_line(compass, tmp_path):
    library = tmp_path / "library"
    compass("skills", "init", library)
    skill = library / "focus_fire.py"
    text = skill.read_text().replace("obs.enemies", "obs.enemys")
    skill.write_text(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "obs.enemys" in each)
    words = ("zerg_5_vs_5", "--episodes", 2, "--workers", 1, "--skills", library, "--out", tmp_path / "run")
    out = compass("evaluate", *words).out
    assert re.search(
        rf"focus_fire: line {line}: AttributeError: .*'enemys' \(\d+ times, exception\)$", out, re.MULTILINE
    )


def test_the_next_command_is_named_as_this_one_was_called(monkeypatch, tmp_path):
    program = tmp_path / "bin" / "compass"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", "")
    assert command() == str(program)
    monkeypatch.setenv("PATH", str(program.parent))
    assert command() == "compass"
    monkeypatch.setattr(sys, "argv", ["/somewhere/compass/__main__.py", "demo"])
    assert command() == f"{sys.executable} -m compass"


def test_the_demo_in_json_is_one_object(compass, tmp_path):
    ran = compass("demo", "--episodes", 1, "--out", tmp_path, "--json")
    content = json.loads(ran.out)
    assert [run["policy"] for run in content["runs"]] == ["team", "nearest"]
    assert content["difference"]["pairs"] == 1
