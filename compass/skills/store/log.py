"""The log of a library: one line of JSON per event, appended and never changed. All else that is known follows from it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from compass.jsonl import append_line, drop_torn_line
from compass.skills.store.shelf import open_regular

UNREADABLE = "unreadable"
"""The kind of a line that is no event: somebody damaged it. It stands in the log and in nobody's way."""

_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_FIELDS = {
    "found": ("sha256", "by"),
    "edited": ("sha256", "previous", "by"),
    "broken": ("sha256", "line", "reason", "by"),
    "removed": ("previous", "by"),
    "submitted": ("candidate", "sha256", "by", "parent", "reason", "prompt", "reply", "evidence"),
    "judged": ("candidate", "judgement"),
    "tried": ("version", "sha256", "judgement"),
    "begun": ("change", "sha256", "previous", "by", "reason"),
    "admitted": ("begun", "sha256", "by", "candidate"),
    "reverted": ("begun", "sha256", "by"),
    "restored": ("begun", "sha256", "by"),
    "retired": ("begun", "by", "reason"),
    "dropped": ("begun", "change", "reason"),
    "torn": ("bytes",),
}
"""What an event of each kind tells beside its time and its skill. Kinds that are not named here may come; they change nothing."""


_CHANGES = ("admitted", "reverted", "restored", "retired")
_DIGESTS = ("sha256", "previous", "parent", "prompt", "reply")
_DIGEST = re.compile(r"[0-9a-f]{64}|")
_STEM = re.compile(r"[^/\\\0.][^/\\\0]*")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a library.

    number: its line in the log, from 1. kind: "found", "edited", "broken" or "removed" (by hand), "submitted" or "judged" (a
    candidate), "tried" (a version made by hand), "begun" and then "admitted", "reverted", "restored", "retired" or "dropped" (a
    change of a file), "torn" (a line that its writer did not finish was dropped), or "unreadable". at: UTC, ISO 8601. skill: its
    name, "" for the whole library. details: what else this kind tells.
    """

    number: int
    kind: str
    at: str
    skill: str
    details: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.details[key]


class EventLog:
    """The log file, read on from where it was read last. To append, its owner must hold the lock and have read all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rewind()

    def _rewind(self) -> None:
        self._read, self._lines, self._inode = 0, 0, -1

    def news(self) -> tuple[bool, list[Event]]:
        """Whether this is another file than last time (then all before is void), and the events since.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            file = open_regular(self.path)
        except FileNotFoundError:
            replaced = self._inode != -1
            self._rewind()
            return replaced, []
        with file:
            state = os.fstat(file.fileno())
            replaced = state.st_ino != self._inode or state.st_size < self._read
            if replaced:
                self._rewind()
                self._inode = state.st_ino
            file.seek(self._read)
            whole, _, _ = file.read().rpartition(b"\n")
        if not whole:
            return replaced, []
        self._read += len(whole) + 1
        lines = whole.split(b"\n")
        events = [_event(self._lines + at, line) for at, line in enumerate(lines, 1)]
        self._lines += len(lines)
        return replaced, events

    def mend(self) -> int:
        """Cut off what a killed writer left of its last line; the number of bytes, 0 in most cases."""
        with self.path.open("ab+") as file:
            size = file.tell()
            if not size:
                return 0
            file.seek(size - 1)
            if file.read() == b"\n":
                return 0
        drop_torn_line(self.path)
        return size - self.path.stat().st_size

    def append(self, kind: str, skill: str, details: Mapping[str, Any]) -> Event:
        """Add one event, durably.

        Raises:
            OSError: the disk is full or the folder has gone; then nothing was added.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        line = orjson.dumps(_writable({"event": kind, "at": at, "skill": skill, **details}), option=_LINE)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            append_line(file, line)
            os.fsync(file)
        finally:
            os.close(file)
        self._read += len(line)
        self._lines += 1
        return _event(self._lines, line)


def _event(number: int, line: bytes) -> Event:
    try:
        details = orjson.loads(line)
    except ValueError:
        details = None
    if isinstance(details, dict) and _is_whole(details):
        return Event(number, details.pop("event"), details.pop("at"), details.pop("skill"), details)
    return Event(number, UNREADABLE, "", "", {"text": line[:80].decode("utf-8", "replace")})


def _is_whole(details: Mapping[str, Any]) -> bool:
    """Whether a line tells all that its kind must, in the right form. Whoever sends a library may have written it: what is begun is
    done by the next process that looks, so it must name a file of the folder and a text of the shelf.
    """
    if not all(isinstance(details.get(key), str) for key in ("event", "at", "skill")):
        return False
    kind, skill = details["event"], details["skill"]
    if not set(_FIELDS.get(kind, ())) <= details.keys():
        return False
    texts = (details.get(key) for key in _DIGESTS)
    if not all(text is None or (isinstance(text, str) and _DIGEST.fullmatch(text)) for text in texts):
        return False
    if not isinstance(details.get("evidence", {}), dict) or not _is_judgement(details.get("judgement")):
        return False
    if kind != "begun":
        return True
    told = details["change"] != "admitted" or (details.get("judgement") and isinstance(details.get("candidate"), str))
    return bool(told) and details["change"] in _CHANGES and _STEM.fullmatch(skill) is not None


def _is_judgement(judgement: Any) -> bool:
    if judgement is None:
        return True
    if not isinstance(judgement, dict) or not isinstance(judgement.get("gate"), dict):
        return False
    return isinstance(judgement.get("trial"), dict | None) and isinstance(judgement.get("episodes"), int)


def as_text(words: str) -> bytes:
    """The words in UTF-8; what it cannot hold, halves of characters in a model's words or in a file's name, is escaped."""
    return words.encode("utf-8", "backslashreplace")


def _writable(value: Any) -> Any:
    """The value with every text in it fit for UTF-8."""
    if isinstance(value, str):
        return as_text(value).decode()
    if isinstance(value, Mapping):
        return {_writable(key): _writable(each) for key, each in value.items()}
    return [_writable(each) for each in value] if isinstance(value, list | tuple) else value
