"""`compass compare`: runs side by side and seed by seed, and refusal of what is not alike."""

from __future__ import annotations

import json

from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario


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
