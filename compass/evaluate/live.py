"""Live skills: edits in the library's folder are picked up between planning rounds while a run goes on.

The process that keeps the run watches the folder. What loads is copied into the run and named as what plays now; its workers look
there before a planning round. So all of them play the same checked texts, a broken edit is told once, and every text that played
stays with the run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from compass.errors import InputError
from compass.evaluate.run_folder import clear_errors, write_whole
from compass.jsonl import append_line, drop_torn_line, whole_lines
from compass.skills.library import Library, Skill, check_content, load_skill, skill_files
from compass.skills.store import Store
from compass.skills.store.records import HUMAN

PERIOD = 0.25
"""Seconds between two looks at the folder; what is found must be the same at two, so that editors have finished."""


class LiveFolder:
    """The folder `live` of a run: `versions/SHA256.py`, every text that was taken up; `now.json`, which of them play, by skill;
    `edits.jsonl`, what was taken up and what was refused, when.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.versions = path / "versions"
        self.now = path / "now.json"
        self.edits = path / "edits.jsonl"

    def publish(self, library: Library) -> None:
        """Make this what plays.

        Raises:
            InputError: the disk is full or the folder has gone.
        """
        with clear_errors(self.path.parent):
            self.versions.mkdir(parents=True, exist_ok=True)
            for skill in library.skills.values():
                text = self.versions / f"{skill.sha256}.py"
                if not text.exists():
                    write_whole(text, skill.source.encode())
            write_whole(self.now, orjson.dumps(versions_of(library)))

    def tell(self, **line: Any) -> None:
        """Add a line to `edits.jsonl`.

        Raises:
            InputError: the disk is full or the folder has gone.
        """
        told = {"at": datetime.now(UTC).isoformat(timespec="seconds")} | line
        with clear_errors(self.path.parent), self.edits.open("ab", buffering=0) as file:
            append_line(file.fileno(), orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    def line(self) -> str:
        """What edits did to the run, for people.

        Raises:
            InputError: a line of `edits.jsonl` is damaged.
        """
        try:
            lines = [orjson.loads(line) for line in whole_lines(self.edits)]
        except ValueError:
            raise InputError(f"{self.edits} is damaged: put it back as it was") from None
        refused = sum("refused" in line for line in lines)
        counts = f"edits taken up: {len(lines) - refused}, refused: {refused}"
        return f"{counts} ({self.path}); a run with live skills cannot be played again"


class LiveReader:
    """What plays now in a run, for one worker."""

    def __init__(self, path: Path) -> None:
        self._folder = LiveFolder(path)
        self._seen = (0, 0)

    def news(self) -> Library | None:
        """The library that plays now, if it is another than last time.

        Raises:
            InputError: somebody took the run's folder away.
        """
        try:
            state = os.stat(self._folder.now)
            seen = state.st_ino, state.st_mtime_ns
            if seen == self._seen:
                return None
            self._seen = seen
            named = orjson.loads(self._folder.now.read_bytes())
            skills = {name: self._skill(name, sha256) for name, sha256 in named.items()}
        except (OSError, ValueError) as error:
            raise InputError(f"{self._folder.path} was damaged while its run went on: {error}") from None
        return Library(self._folder.versions, skills)

    def _skill(self, name: str, sha256: str) -> Skill:
        content = (self._folder.versions / f"{sha256}.py").read_bytes()
        found = check_content(content, self._folder.versions / f"{name}.py")
        if not isinstance(found, Skill) or found.sha256 != sha256:
            raise ValueError(f"{name} is no longer what was taken up")
        return found


class Watch:
    """Watches a library's folder, from entering to leaving, and publishes every edit that loads.

    unit_types: those that need a skill at any time. say: told of each edit, a line for people. Where the folder has a store, edits
    are recorded there as by a human, and a broken one leaves its last good version live from the start.
    """

    def __init__(self, library: Library, live: Path, unit_types: Iterable[str], say: Callable[[str], None]) -> None:
        self.library = library
        self._live = LiveFolder(live)
        self._unit_types = tuple(unit_types)
        self._say = say
        self._store = Store(library.folder)
        self._seen: Mapping[str, tuple[int, ...]] = {}
        self._done: Mapping[str, tuple[int, ...]] = {}
        self._refused: set[tuple[object, ...]] = set()
        self._failure: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._turn, name="live skills", daemon=True)

    def __enter__(self) -> Watch:
        self._live.publish(self.library)
        drop_torn_line(self._live.edits)
        self._seen = self._done = _signature(self.library.folder)
        self._take_up()  # what was edited since the library was read, or does not load to begin with
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def look(self) -> None:
        """Take up what was edited, once it lies still.

        Raises:
            InputError: the run cannot be written.
        """
        signature = _signature(self.library.folder)
        settled = signature == self._seen
        self._seen = signature
        if settled and signature != self._done:
            self._done = signature
            self._take_up()

    def _turn(self) -> None:
        try:
            while not self._over.wait(PERIOD):
                self.look()
        except BaseException as failure:  # raised again where the run is kept
            self._failure = failure
            self._say(f"live skills: edits are no longer picked up: {failure}")

    def _take_up(self) -> None:
        self._notice()
        try:
            after = self._found()
        except InputError as error:
            self._refuse("", str(error))
            return
        before = versions_of(self.library)
        changed = {name: sha256 for name, sha256 in versions_of(after).items() if before.get(name) != sha256}
        changed |= dict.fromkeys(before.keys() - after.skills.keys())
        if changed:
            self._live.publish(after)
            self.library = after
            self._live.tell(
                taken_up={name: {"version": changed[name], "by": self._author(name)} for name in sorted(changed)}
            )
            names = ", ".join(f"{name} (gone)" if changed[name] is None else name for name in sorted(changed))
            self._say(f"live skills: taken up from the next plans on: {names}")

    def _found(self) -> Library:
        """The folder's library, with what was live in the place of each file that does not load.

        Raises:
            InputError: a unit type would be left without a skill, or the folder cannot be read.
        """
        skills: dict[str, Skill] = {}
        for path in skill_files(self.library.folder):
            found = load_skill(path)
            if isinstance(found, Skill):
                skills[found.name] = found
                continue
            if path.stem in self.library.skills:
                skills[path.stem] = self.library.skills[path.stem]
            self._refuse(path.name, str(found[0]))
        after = replace(self.library, skills={name: skills[name] for name in sorted(skills)}, broken=())
        for kind in self._unit_types:
            if self.library.for_unit(kind) and not after.for_unit(kind):
                raise InputError(f"no skill for a {kind} would be left")
        return after

    def _refuse(self, file: str, reason: str) -> None:
        """Tell of an edit, to one file or ("") to the folder, that does not play; once while it stays as it is."""
        refused = (reason, self._done.get(file, ()) if file else tuple(self._done.items()))
        if refused not in self._refused:
            self._refused.add(refused)
            self._live.tell(refused=reason)
            self._say(f"live skills: edit refused: {reason}; what was live stays live")

    def _author(self, name: str) -> str:
        """Who made what lies in a skill's file, as far as the store knows."""
        try:
            versions = self._store.history(name)
        except InputError:  # told of by `_notice`
            return HUMAN
        return versions[-1].by if versions else HUMAN

    def _notice(self) -> None:
        try:
            if self._store.exists:
                self._store.notice()
        except InputError as error:  # as of a folder that cannot be written: the edit plays, but is nobody's
            self._say(f"live skills: what was edited is not recorded in the library: {error}")


def versions_of(library: Library) -> dict[str, str | None]:
    """The sha256 of each skill's text, by name."""
    return {name: skill.sha256 for name, skill in library.skills.items()}


def _signature(folder: Path) -> Mapping[str, tuple[int, ...]]:
    """What tells an edited folder from an unedited one; nothing while it cannot be read."""
    try:
        return {path.name: _state(path) for path in skill_files(folder)}
    except InputError:
        return {}


def _state(path: Path) -> tuple[int, ...]:
    try:
        state = path.stat()
    except OSError:  # a link to nowhere, or gone since
        return ()
    return state.st_ino, state.st_mtime_ns, state.st_size
