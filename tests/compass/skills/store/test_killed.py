"""A process killed at any line of the store's code: the library loads, and after one look the log tells the truth."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from compass.skills import store as package
from compass.skills.store import Store
from tests.compass.skills.store.keeping import admit, check_whole, kinds, sha256, source

OURS = str(Path(package.__file__).parent)
STRIDE = 7  # 1 kills at every line, which takes minutes
WRITING = ("place.py", "shelf.py", "log.py", "jsonl.py", "migrate.py")


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process wrote is there without it, and a sync costs more than all the rest."""
    monkeypatch.setattr("os.fsync", lambda file: None)


def killed(action: Callable[[], object], at: int, files: tuple[str, ...]) -> bool:
    """Whether a process that carries out the action is killed before it ends: at the line number `at` that it meets there."""
    pid = os.fork()
    if pid == 0:
        met = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal met
            name = frame.f_code.co_filename
            if not name.endswith(files):
                return None
            met += event == "line"
            if met > at:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            action()
        finally:
            sys.settrace(None)
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def kept(folder: Path) -> Store:
    """A library with a past: `hold` of two versions, `old` retired, one hand edit."""
    store = Store(folder)
    admit(store, "hold", source("wait"), source("stand"))
    admit(store, "old", source("old"), None)
    admit(store, "other", source("other"), None)
    store.retire("old", "useless")
    return store


ACTIONS: dict[str, tuple[Callable[[Path], object], str, str | None]] = {
    "admit": (lambda folder: admit(Store(folder), "hold", source("new"), source("wait")), "hold", source("new")),
    "admit another": (lambda folder: admit(Store(folder), "kite", source("new"), None), "kite", source("new")),
    "revert": (lambda folder: Store(folder).revert("hold", 1), "hold", source("stand")),
    "retire": (lambda folder: Store(folder).retire("hold", "old"), "hold", None),
    "restore": (lambda folder: Store(folder).restore("old"), "old", source("old")),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_any_line_that_writes(action: str, folder: Path, tmp_path: Path) -> None:
    kept(folder)
    act, name, after = ACTIONS[action]
    before = (folder / f"{name}.py").read_text() if (folder / f"{name}.py").exists() else None
    past = len(Store(folder).events())
    seen = set()
    for at in count(0, STRIDE):
        copy = tmp_path / str(at)
        shutil.copytree(folder, copy)
        ended = not killed(lambda copy=copy: act(copy), at, WRITING)
        store = check_whole(copy)
        path = copy / f"{name}.py"
        found = path.read_text() if path.exists() else None
        assert found in (before, after)
        seen.add(found)
        begun = [event for event in store.events()[past:] if event.kind == "begun"]
        done = [event for event in store.events()[past:] if "begun" in event.details]
        assert len(begun) == len(done) and all(event.kind != "dropped" for event in done)
        assert (found == after) == bool(done)
        shutil.rmtree(copy)
        if ended:
            break
    assert found == after and seen == {before, after} and at > 20


def test_killed_at_any_line_of_a_look(folder: Path, tmp_path: Path) -> None:
    kept(folder)
    (folder / "hold.py").write_text(source("by hand"))
    (folder / "other.py").unlink()
    for at in count(0, STRIDE):
        copy = tmp_path / str(at)
        shutil.copytree(folder, copy)
        ended = not killed(lambda copy=copy: Store(copy).notice(), at, WRITING)
        last = check_whole(copy).history("hold")[-1]
        assert (last.sha256, last.by, last.event) == (sha256(source("by hand")), "human", "edited")
        assert kinds(copy)[-2:] == ["edited", "removed"]
        if ended:
            break
    assert at > 20


def test_killed_at_any_line_of_the_first_look(folder: Path, tmp_path: Path) -> None:
    for at in count(0, STRIDE):
        copy = tmp_path / str(at)
        shutil.copytree(folder, copy)
        ended = not killed(lambda copy=copy: Store(copy).notice(), at, WRITING)
        (version,) = check_whole(copy).history("hold")
        assert (version.number, version.sha256, version.event) == (1, sha256(source("stand")), "found")
        if ended:
            break
    assert at > 20
