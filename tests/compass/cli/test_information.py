"""`--information full`: labelled wherever figures are shown, played again to the byte, and refused where it makes no sense."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import compass.baselines
from compass.evaluate.manifest import communication_of
from compass.evaluate.run_folder import RunFolder

TRAINED = Path(compass.baselines.__file__).parent / "trained" / "mappo-protoss_5_vs_5-1"


def test_a_run_with_full_information_says_so_everywhere(compass, tmp_path: Path) -> None:
    full, plain = tmp_path / "full", tmp_path / "plain"
    words = ("protoss_5_vs_5_epo", "--episodes", 2, "--policy", "nearest", "--workers", 1)
    ran = compass("evaluate", *words, "--information", "full", "--out", full)
    assert ran.code == 0 and "nearest, full information" in " ".join(ran.out.split())
    manifest = RunFolder(full).manifest()
    assert manifest["information"] == json.loads((full / "summary.json").read_text())["information"] == "full"

    shutil.copytree(full, plain)
    (plain / "manifest.json").write_text(json.dumps(manifest | {"information": "communicated"}))
    ran = compass("compare", plain, full)
    assert ran.code == 0 and "nearest, full information minus nearest on the same 2 seeds" in ran.out
    ran = compass("replay", full)
    assert ran.code == 0 and ran.out.startswith("2 of 2 episodes are identical")
    assert RunFolder(full.with_name("full-replay")).manifest()["information"] == "full"

    ran = compass("evaluate", *words, "--out", full, "--resume")
    assert ran.code == 2 and "--information: full there, communicated now" in ran.err
    ran = compass("view", full, 0, "--gif", tmp_path / "agent.gif", "--agent", 0)
    assert ran.code == 2 and "agents had full information in this run" in ran.err and ran.err.count("\n") == 1
    assert compass("view", full, 0, "--gif", tmp_path / "battle.gif").code == 0
    assert communication_of(RunFolder(plain).manifest()) == (3, "repaired")


def test_what_does_not_go_with_full_information_is_refused(compass, tmp_path: Path) -> None:
    for scenario, options, complaint in (
        ("protoss_5_vs_5", ("--policy", TRAINED), "a trained policy"),
        (
            "protoss_5_vs_5",
            ("--planner", "vlm", "--model", "m", "--base-url", "http://localhost:9/v1"),
            "--planner vlm",
        ),
        ("protoss_5_vs_5", ("--hops", 1), "--hops"),
    ):
        ran = compass("evaluate", scenario, *options, "--information", "full", "--out", tmp_path / "run")
        assert ran.code == 2 and f"full information does not go with {complaint}" in ran.err
        assert ran.err.count("\n") == 1 and not (tmp_path / "run").exists()
    ran = compass("evaluate", "protoss_5_vs_5", "--information", "perfect")
    assert ran.code == 2 and "unknown information 'perfect'" in ran.err
