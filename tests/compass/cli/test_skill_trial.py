"""`compass skills try`: verdicts, figures, and nothing written."""

from __future__ import annotations

import json

from compass.cli.skill_trial import lines_of
from compass.skills.store import Store
from compass.trial.gate import GateResult
from compass.trial.trial import TrialResult
from tests.compass.trial.libraries import FIGHT, skill_source


def test_a_file_is_tried_and_nothing_is_changed(compass, tmp_path) -> None:
    library, file = tmp_path / "library", tmp_path / "skill.py"
    library.mkdir()
    (library / "skill.py").write_text(skill_source("skill", "return stop()"))
    file.write_text(skill_source("skill", FIGHT))
    before = (library / "skill.py").read_text()
    options = ("--scenario", "protoss_5_vs_5", "--skills", library)

    ran = compass("skills", "try", file, *options, "--json")
    found = json.loads(ran.out)
    assert ran.code == 0 and found["skill"] == "skill" and found["verdict"] == "admitted"
    assert found["gate"]["passed"] and found["trial"]["verdict"] == "admitted"
    assert found["trial"]["candidate_only"] > found["trial"]["parent_only"]

    first, *others, last = lines_of(GateResult(**found["gate"]), TrialResult(**found["trial"]))
    assert first.startswith(f"gate: passed on {found['gate']['calls']} recorded observations, ")
    assert any("difference +" in line for line in others) and last == "admitted: it wins more"
    assert any(line.startswith(f"spent: {found['trial']['episodes']} episodes") for line in others)

    full = TrialResult(**{**found["trial"], "information": "full"})
    assert found["trial"]["information"] == "communicated" and not any("full information" in line for line in others)
    assert any("engine, full information, each" in line for line in lines_of(GateResult(**found["gate"]), full))

    assert [path.name for path in library.iterdir()] == ["skill.py"]
    assert (library / "skill.py").read_text() == before

    ran = compass("skills", "try", library / "skill.py", *options)
    assert ran.code == 2 and "has this very skill already" in ran.err


def test_a_file_that_does_not_pass_the_gate_is_not_played(compass, tmp_path) -> None:
    file = tmp_path / "kite.py"
    file.write_text(skill_source("kite", "return obs.nothing"))
    ran = compass("skills", "try", file, "--scenario", "protoss_5_vs_5")
    assert ran.code == 2 and "no attribute 'nothing'" in ran.out and ran.out.endswith("rejected at the gate\n")
    found = json.loads(compass("skills", "try", file, "--scenario", "protoss_5_vs_5", "--json").out)
    assert found["verdict"] == "rejected" and found["trial"] is None and found["gate"]["problems"]


def test_edits_by_hand_are_tried_recorded_and_left_live(compass, tmp_path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    options = ("--edited", "--scenario", "protoss_5_vs_5", "--skills", library)
    (library / "skill.py").write_text(skill_source("skill", "return stop()"))
    ran = compass("skills", "try", *options)
    assert ran.code == 0 and "waits for a trial" in ran.out and "nothing is kept" in ran.err
    store = Store(library)
    store.notice()
    (library / "skill.py").write_text(skill_source("skill", FIGHT))
    store.notice()
    (library / "skill.py").write_text(skill_source("skill", "return obs.nothing"))

    found = json.loads(compass("skills", "try", *options, "--json").out)
    better, worse = found["edits"]
    assert (better["version"], better["against"], better["verdict"]) == (2, 1, "admitted")
    assert better["trial"]["difference"] > 0 and better["reason"] == "it wins more"
    assert (worse["version"], worse["verdict"], worse["trial"]) == (3, "rejected", None)
    assert "no attribute 'nothing'" in worse["reason"]
    assert (library / "skill.py").read_text() == skill_source("skill", "return obs.nothing")

    told = compass("skills", "log", "skill", "--skills", library).out
    assert "version 2: admitted: it wins more" in told and "version 3: rejected: " in told
    assert store.statistics()["skill"].episodes == better["trial"]["episodes"]
    ran = compass("skills", "try", *options)
    assert ran.code == 0 and ran.out.endswith("waits for a trial\n")


def test_an_edit_is_told_with_its_verdict_and_that_it_stays(compass, tmp_path) -> None:
    (tmp_path / "skill.py").write_text(skill_source("skill", FIGHT))
    Store(tmp_path).notice()
    (tmp_path / "skill.py").write_text(skill_source("skill", "# said otherwise\n" + FIGHT))
    ran = compass("skills", "try", "--edited", "--scenario", "3m", "--skills", tmp_path, "--episodes", 4)
    first, *_, verdict, last = ran.out.splitlines()
    assert ran.code == 0 and first == "skill: version 2 against version 1"
    assert verdict.startswith("undecided: 2 pairs") and last.endswith("what was edited by hand stays live.")


def test_what_cannot_be_tried_is_said_in_one_line(compass, tmp_path) -> None:
    file = tmp_path / "kite.py"
    file.write_text(skill_source("kite", FIGHT))
    for words, complaint in (
        ((tmp_path / "missing.py", "--scenario", "protoss_5_vs_5"), "does not exist"),
        ((file, "--scenario", "protoss_6"), "unknown scenario"),
        ((file,), "--scenario"),
        (("--scenario", "protoss_5_vs_5"), "name one skill file to try, or take --edited"),
        ((file, "--edited", "--scenario", "protoss_5_vs_5"), "name one skill file to try, or take --edited"),
        ((file, "--scenario", "protoss_5_vs_5", "--episodes", 1), "--episodes"),
    ):
        ran = compass("skills", "try", *words)
        assert ran.code == 2 and complaint in ran.err and ran.err.count("\n") == 1
