"""`compass skills log | diff | revert | retire | restore | stats`, and what list, show and check say of a library with a past."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compass.skills.store import Candidate, Store
from tests.compass.skills.store.keeping import ADMIT, REJECT, candidate, sha256, source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library with a past: `hold`, found, then improved by a model; one rejected candidate; `kite`, new."""
    path = tmp_path / "lib"
    path.mkdir()
    (path / "hold.py").write_text(source("stand"))
    store = Store(path)
    parent = sha256(source("stand"))
    proposed = Candidate("hold", source("wait"), "vlm", parent, "weak\x1b[31m", "Improve it.", "Here.", {"seed": 7})
    store.judge(store.submit(proposed), ADMIT)
    store.judge(store.submit(candidate("hold", source("more"), source("wait"))), REJECT)
    store.judge(store.submit(candidate("kite", source("kite"), None)), ADMIT)
    return path


def test_the_log_tells_what_happened(compass, folder):
    (folder / "hold.py").write_text(source("by hand"))
    told = compass("skills", "log", "--skills", folder)
    assert [line.split()[1:4] for line in told.out.splitlines()[1:]] == [
        ["hold", "found", "human"],
        ["hold", "submitted", "vlm"],
        ["hold", "admitted", "vlm"],
        ["hold", "submitted", "scripted"],
        ["hold", "judged", "c2:"],
        ["kite", "submitted", "scripted"],
        ["kite", "admitted", "scripted"],
        ["hold", "edited", "human"],
    ]
    assert "\x1b" not in told.out and "c2: rejected: 11 to 29" in told.out
    only = json.loads(compass("skills", "log", "kite", "--skills", folder, "--json").out)
    assert [event["event"] for event in only["events"]] == ["submitted", "begun", "admitted"]


def test_the_log_shows_everything_of_one_candidate(compass, folder):
    page = compass("skills", "log", "--id", "c1", "--skills", folder).out
    for part in ("candidate c1 of hold, by vlm", "admitted 2", "after 80 battles: 25 to 15", '"candidate_wins":25'):
        assert part in page
    for part in ('-"""Hold: stand.', '+"""Hold: wait.', "PROMPT\nImprove it.", "REPLY\nHere.", '{"seed":7}'):
        assert part in page
    found = json.loads(compass("skills", "log", "--id", "c1", "--skills", folder, "--json").out)
    assert (found["prompt"], found["reply"], found["source"]) == ("Improve it.", "Here.", source("wait"))
    assert found["judgement"]["trial"] == {"pairs": 40, "candidate_wins": 25}
    ran = compass("skills", "log", "--id", "c9", "--skills", folder)
    assert ran.code == 2 and "unknown candidate 'c9'" in ran.err


def test_a_candidate_is_shown_beside_what_it_was_made_from(compass, folder):
    store = Store(folder)
    made_from = {"made_from": sha256(source("wait"))}
    first = store.submit(Candidate("marine_hold", source("special"), "scripted", None, "x", None, None, made_from))
    page = compass("skills", "log", "--id", first, "--skills", folder).out
    assert f"--- what {first} was made from" in page and '-"""Hold: wait.' in page
    odd = {"made_from": "../../hold"}
    third = store.submit(Candidate("marine_hold", source("odd"), "scripted", None, "x", None, None, odd))
    page = compass("skills", "log", "--id", third, "--skills", folder).out
    assert f"--- nothing before {third}" in page


def test_the_log_of_a_skill_that_is_none_names_the_nearest(compass, folder):
    ran = compass("skills", "log", "hodl", "--skills", folder)
    assert ran.code == 2 and "did you mean hold" in ran.err and ran.out == ""


def test_diff_compares_versions(compass, folder):
    text = compass("skills", "diff", "hold", "--skills", folder).out
    assert "--- hold version 1 by human, 2" in text and "+++ hold version 2 by vlm, 2" in text
    assert '-"""Hold: stand.' in text and '+"""Hold: wait.' in text
    back = json.loads(compass("skills", "diff", "hold", 2, 1, "--skills", folder, "--json").out)
    assert (back["a"]["number"], back["b"]["number"]) == (2, 1) and '+"""Hold: stand.' in back["diff"]
    for words, reason in (
        (("hold", 1, 9), "hold has no version 9; it has 1 to 2"),
        (("kite",), "only one version"),
        (("kit",), "no version of kit is kept"),
    ):
        ran = compass("skills", "diff", *words, "--skills", folder)
        assert ran.code == 2 and reason in ran.err and ran.out == ""


def test_skills_go_back_away_and_come_again(compass, folder):
    told = compass("skills", "revert", "hold", 1, "--skills", folder).out
    assert told == f"hold is live in {folder} as version 3\n"
    assert (folder / "hold.py").read_text() == source("stand")
    assert json.loads(compass("skills", "revert", "hold", 2, "--skills", folder, "--json").out)["number"] == 4
    assert (
        "restore kite brings it back" in compass("skills", "retire", "kite", "--reason", "dull", "--skills", folder).out
    )
    assert not (folder / "kite.py").exists() and Store(folder).events("kite")[-1]["reason"] == "dull"
    told = compass("skills", "restore", "kite", "--skills", folder).out
    assert told == f"kite is live in {folder} as version 1\n"
    retired = json.loads(compass("skills", "retire", "kite", "--skills", folder, "--json").out)
    assert (retired["state"], retired["folder"]) == ("retired", str(folder))
    ran = compass("skills", "revert", "hodl", 1, "--skills", folder)
    assert ran.code == 2 and "did you mean hold" in ran.err


def test_stats_count(compass, folder):
    found = json.loads(compass("skills", "stats", "--skills", folder, "--json").out)["skills"]
    assert (found["hold"]["versions"], found["hold"]["candidates"], found["hold"]["episodes"]) == (2, 2, 160)
    (row,) = (line for line in compass("skills", "stats", "--skills", folder).out.splitlines() if "hold" in line)
    assert row.split()[:8] == ["hold", "live", "2", "2", "1", "1", "0", "160"] and "25 of 40" in row


def test_list_show_and_check_say_what_is_known(compass, folder):
    hold, kite = json.loads(compass("skills", "list", "--skills", folder, "--json").out)["skills"]
    assert (hold["version"], hold["by"], kite["version"], kite["by"]) == (2, "vlm", 1, "scripted")
    assert hold["since"] and "2 by vlm" in compass("skills", "list", "--skills", folder).out
    assert json.loads(compass("skills", "show", "hold", "--skills", folder, "--json").out)["version"] == 2
    (folder / "hold.py").write_text(source("by hand"))
    assert "not kept yet" in compass("skills", "list", "--skills", folder).out
    assert json.loads(compass("skills", "show", "hold", "--skills", folder, "--json").out)["version"] is None
    (folder / "hold.py").write_text("x =")
    ran = compass("skills", "check", "--skills", folder)
    assert ran.code == 2 and "hold.py: version 2 was its last good one; compass skills restore hold" in ran.out


def test_of_a_plain_folder_nothing_is_known_and_nothing_is_written(compass, tmp_path):
    (tmp_path / "hold.py").write_text(source("stand"))
    for words in (("log",), ("stats",)):
        ran = compass("skills", *words, "--skills", tmp_path)
        assert ran.code == 0 and "note: nothing is kept of" in ran.err
    assert json.loads(compass("skills", "list", "--skills", tmp_path, "--json").out)["skills"][0]["version"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["hold.py"]


def test_a_damaged_store_does_not_keep_a_library_from_being_listed(compass, folder):
    (folder / ".library" / "format").write_text("99")
    ran = compass("skills", "list", "--skills", folder)
    assert ran.code == 0 and "stand" not in ran.out and "kite" in ran.out and "is of format 99" in ran.err
    ran = compass("skills", "log", "--skills", folder)
    assert ran.code == 2 and "is of format 99" in ran.err and len(ran.err.splitlines()) == 1
