"""`compass compare`: runs side by side and seed by seed, and refusal of what is not alike."""

from __future__ import annotations

import json

from compass.evaluate.evaluator import evaluate
from compass.evaluate.report import load_report
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario
from tests.compass.trial.libraries import FIGHT, skill_source


def test_runs_that_differ_in_their_skills_alone_are_told_apart(compass, tmp_path):
    scenario, runs = load_scenario("zerg_5_vs_5"), [tmp_path / name for name in ("fights", "idles", "nearest")]
    for path, body in zip(runs, (FIGHT, "return stop()"), strict=False):
        skills = tmp_path / f"{path.name}-skills"
        skills.mkdir()
        (skills / "skill.py").write_text(skill_source("skill", body))
        evaluate(EvaluateSettings(scenario, 4, skills=skills, workers=1), path)
    evaluate(EvaluateSettings(scenario, 4, policy="nearest", workers=1), runs[2])
    ran = compass("compare", *runs)
    fights, idles = (load_report(path).library for path in runs[:2])
    assert f"team, scripted, library {idles} minus team, scripted, library {fights} on the same 4 seeds" in ran.out
    assert (
        f"nearest minus team, scripted, library {fights} on the same 4 seeds" in ran.out
        and load_report(runs[2]).library == "none"
    )


def test_the_folder_of_an_evolution_is_told_what_it_is(compass, tmp_path):
    out = tmp_path / "evolution"
    (out / "skills").mkdir(parents=True)
    (out / "skills" / "fight.py").write_text(skill_source("fight", FIGHT))
    (out / "manifest.json").write_text('{"format": 1, "synthesizer": "scripted", "held_out_stream": "x"}')
    ran = compass("compare", out, out)
    assert ran.code == 2 and f"evaluate --skills {out / 'skills'} makes one" in ran.err
    ran = compass("skills", "list", "--skills", out)
    assert ran.code == 2 and f"take {out / 'skills'}" in ran.err


def test_runs_are_set_side_by_side(compass, tmp_path):
    scenario = load_scenario("zerg_5_vs_5")
    runs = [tmp_path / name for name in ("first", "second", "third", "other")]
    for path, policy, seed in zip(runs, ("nearest", "random", "nearest"), (0, 0, 100), strict=False):
        evaluate(EvaluateSettings(scenario, 12, seed, policy=policy, workers=1), path)
    evaluate(EvaluateSettings(scenario, 1, policy="nearest", observation="upstream", workers=1), runs[3])
    ran = compass("compare", *runs[:3])
    assert ran.code == 0
    assert "random minus nearest on the same 12 seeds: " in ran.out and "no seed in common" in ran.out
    assert all(f"run: {path}" in ran.out for path in runs[:3])
    content = json.loads(compass("compare", *runs[:3], "--json").out)
    wins = [run["outcomes"]["win"] for run in content["runs"]]
    assert content["minus_the_first"][0]["difference"] == (wins[1] - wins[0]) / 12
    assert content["minus_the_first"][1] is None
    refused = compass("compare", runs[0], runs[3])
    assert (refused.code, refused.out) == (2, "") and "cannot be compared: observation" in refused.err
    assert compass("compare", runs[0]).code == 2
