"""Logs that somebody else wrote: what a line asks for is done within the folder or not at all, and never crashes a reader."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from compass.skills.store import Store
from tests.compass.trial.libraries import FIGHT, skill_source

TEXT = skill_source("planted", FIGHT)
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
BEGUN = {"change": "restored", "sha256": DIGEST, "previous": None, "by": "human", "reason": ""}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "skill.py").write_text(skill_source("skill", FIGHT))
    made = Store(folder)
    made.notice()
    (folder / ".library" / "versions" / f"{DIGEST}.py").write_text(TEXT)
    return made


def _add(store: Store, kind: Any, skill: Any, **details: Any) -> None:
    line = {"event": kind, "at": "2026-01-01T00:00:00+00:00", "skill": skill, **details}
    with (store.folder / ".library" / "events.jsonl").open("ab") as log:
        log.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def test_a_change_that_was_begun_is_completed_within_the_folder(store: Store, tmp_path: Path) -> None:
    _add(store, "begun", "planted", **BEGUN)
    Store(store.folder).notice()
    assert (store.folder / "planted.py").read_text() == TEXT


@pytest.mark.parametrize("name", ["../planted", "{out}/planted", "a/planted", "..", ".planted", "", "a\\planted"])
def test_no_change_leaves_the_folder(store: Store, tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.rglob("*.py") if ".library" not in path.parts}
    _add(store, "begun", name.format(out=tmp_path), **BEGUN)
    Store(store.folder).notice()
    assert {path for path in tmp_path.rglob("*.py") if ".library" not in path.parts} == before


JUDGED: dict[str, Any] = {"verdict": "admitted", "reason": "", "gate": {}, "trial": None, "episodes": 0}
KEPT = {"by": "x", "parent": None, "reason": "", "prompt": None, "reply": None}


@pytest.mark.parametrize(
    ("kind", "skill", "details"),
    [
        (None, "skill", {}),
        ([1], "skill", {}),
        ("found", None, {"sha256": DIGEST, "by": "x"}),
        ("found", 5, {"sha256": DIGEST, "by": "x"}),
        ("found", "skill", {"sha256": "../x", "by": "x"}),
        ("submitted", "skill", {"candidate": "c1", "sha256": DIGEST, "evidence": [1], **KEPT}),
        ("judged", "skill", {"candidate": "c1", "judgement": JUDGED | {"trial": [1]}}),
        ("tried", "skill", {"version": 1, "sha256": DIGEST, "judgement": JUDGED | {"gate": 3}}),
        ("begun", "skill", {**BEGUN, "change": "admitted"}),
        ("begun", "skill", {**BEGUN, "change": "formatted"}),
    ],
)
def test_lines_of_the_wrong_form_are_unreadable_and_in_nobodys_way(
    store: Store, kind: Any, skill: Any, details: dict[str, Any]
) -> None:
    _add(store, kind, skill, **details)
    again = Store(store.folder)
    again.notice()
    assert list(again.live().skills) == ["skill"] and again.statistics()["skill"].state == "live"
    assert again.untried() == () and again.merits()
    assert [event.kind for event in again.events()].count("unreadable") == 1
