"""Cassettes: every call to a model on a tape, one file per episode, so that an episode can be played again without the model."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Lock
from time import monotonic

from compass.errors import InputError
from compass.jsonl import append_line, drop_torn_line, whole_lines
from compass.models.base import MOST_TOKENS, Call, Failure, Model, Reply
from compass.models.entries import CallEntry, DelayEntry, Entry, ShelfEntry, from_line, to_line

_Key = tuple[int, int, int]  # agent, step, n


class MissingCall(InputError):
    """A call that the tape does not hold, where none may be made."""


class GivenUp(MissingCall):
    """A call that was given up when it was recorded: only in real time can that be, and there its plan never took effect."""


class Cassette:
    """The tapes of a run: `SEED.jsonl` for each episode, and `SEED.lost-N.jsonl` for those of episodes that were begun again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, seed: int, resume: bool) -> Tape:
        """The tape of the episode `seed`, of which only one may be open. Nothing is written before the first new line.

        resume: what stands on the tape is played back first. Otherwise an earlier tape is set aside and a new one begins.

        Raises:
            InputError: the tape is damaged or cannot be set aside.
        """
        path = self._path(seed)
        if resume:
            return Tape(path, _read(path))
        if path.exists():
            aside = next(name for n in count(1) if not (name := self.folder / f"{seed}.lost-{n}.jsonl").exists())
            try:
                path.rename(aside)
            except OSError as error:
                raise InputError(f"cannot set {path} aside: {error.strerror}") from None
        return Tape(path, [])

    def entries(self, seed: int) -> list[CallEntry]:
        """The calls of the episode `seed`, cancelled ones included, in no order.

        Raises:
            InputError: the tape is damaged.
        """
        return [entry for entry in _read(self._path(seed)) if isinstance(entry, CallEntry)]

    def all_entries(self) -> Iterator[CallEntry]:
        """All calls that were ever made for this run, those on tapes that were set aside included: all that may cost something.

        Raises:
            InputError: a tape is damaged.
        """
        for path in sorted(self.folder.glob("*.jsonl")):
            if re.fullmatch(r"\d+(\.lost-\d+)?\.jsonl", path.name):
                yield from (entry for entry in _read(path) if isinstance(entry, CallEntry))

    def _path(self, seed: int) -> Path:
        return self.folder / f"{seed}.jsonl"


class Tape:
    """The tape of one episode. `ask` belongs to one event loop; the other functions may be called by any thread."""

    def __init__(self, path: Path, entries: list[Entry]) -> None:
        self._path = path
        self._calls = _calls(path, entries)
        self._delays = {(each.agent, each.step): each.delay for each in entries if isinstance(each, DelayEntry)}
        self._shelves = {(each.agent, each.step): each.skills for each in entries if isinstance(each, ShelfEntry)}
        self._asked: Counter[tuple[int, int]] = Counter()
        self._lock = Lock()
        self._file: int | None = None
        self._under_way = 0
        self._closed = False

    async def ask(self, model: Model | None, agent: int, step: int, call: Call) -> Reply:
        """The reply to the next call of this agent for the plan asked for at `step`: from the tape, else from `model`, recorded.

        A call that was given up when it was recorded is made anew, if there is a model.

        Raises:
            GivenUp: it was given up, and there is no model.
            MissingCall: another call stands there, or none and there is no model; nothing was sent.
            InputError: the tape cannot be written, or what `model.ask` raises.
        """
        key = (agent, step, self._asked[agent, step])
        self._asked[agent, step] += 1
        found = self._calls.get(key)
        if found is not None:
            now = CallEntry.of(*key, call, found.reply)
            if (found.module, found.digest, found.turns) != (now.module, now.digest, now.turns):
                raise MissingCall(
                    f"{_name(self._path, key, call)} differs from the recorded one {_difference(found, now)}"
                )
        if found is not None and not found.cancelled:
            return found.reply
        if model is not None:
            return await self._record(model, key, call)
        if found is None:
            raise MissingCall(f"{_name(self._path, key, call)} is not on the tape; no call was made")
        raise GivenUp(f"{_name(self._path, key, call)} was given up when it was recorded; no call was made")

    async def _record(self, model: Model, key: _Key, call: Call) -> Reply:
        with self._lock:
            if self._closed:
                raise RuntimeError("the tape is closed")
            self._under_way += 1
        began = monotonic()
        try:
            reply = _writable(await model.ask(call))
            self._append(CallEntry.of(*key, call, reply))
            return reply
        except asyncio.CancelledError:
            self._append(CallEntry.of(*key, call, Reply(None, seconds=monotonic() - began), cancelled=True))
            raise
        finally:
            with self._lock:
                self._under_way -= 1
                self._let_go()

    def delay(self, agent: int, step: int) -> int | None:
        """How many steps after `step` the plan that was asked for then took effect; None if the tape does not tell."""
        return self._delays.get((agent, step))

    def took(self, agent: int, step: int, delay: int) -> None:
        """Record a delay, unless the tape tells it already.

        Raises:
            InputError: the tape cannot be written.
        """
        if (agent, step) not in self._delays:
            self._delays[agent, step] = delay
            self._append(DelayEntry(agent, step, delay))

    def offered(self, agent: int, step: int) -> tuple[str, ...] | None:
        """The skills that a model chose for the plan asked for at `step`; None if the tape does not tell."""
        return self._shelves.get((agent, step))

    def offer(self, agent: int, step: int, skills: tuple[str, ...]) -> None:
        """Record them.

        Raises:
            InputError: the tape cannot be written.
        """
        self._shelves[agent, step] = skills
        self._append(ShelfEntry(agent, step, skills))

    def close(self) -> None:
        """No more calls will be made. Those under way are still recorded, as cancelled if need be: they may cost something."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _append(self, entry: Entry) -> None:
        line = to_line(entry)
        try:
            with self._lock:
                append_line(self._writing(), line)
        except OSError as error:
            raise InputError(f"cannot write {self._path}: {error.strerror}; make room and resume the run") from None

    def _writing(self) -> int:
        if self._file is None:
            if self._closed and not self._under_way:
                raise RuntimeError("the tape is closed")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            drop_torn_line(self._path)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        return self._file

    def _let_go(self) -> None:
        if self._closed and not self._under_way and self._file is not None:
            os.close(self._file)
            self._file = None


def _read(path: Path) -> list[Entry]:
    entries = []
    for number, line in enumerate(whole_lines(path), 1):
        try:
            entries.append(from_line(line))
        except ValueError as error:
            raise InputError(f"{path}, line {number} is damaged: {error}; put the file back as it was") from None
    return entries


def _calls(path: Path, entries: list[Entry]) -> dict[_Key, CallEntry]:
    """The calls by agent, step and number; of a call made anew after it was given up, the one that was answered."""
    calls: dict[_Key, CallEntry] = {}
    for entry in entries:
        if isinstance(entry, CallEntry):
            key = (entry.agent, entry.step, entry.n)
            earlier = calls.get(key)
            if earlier is None or earlier.cancelled:
                calls[key] = entry
            elif not entry.cancelled:
                raise InputError(f"{path} is damaged: it holds call {entry.n} of agent {key[0]} at step {key[1]} twice")
    return calls


def _name(path: Path, key: _Key, call: Call) -> str:
    agent, step, n = key
    return f"{path}: call {n} of agent {agent} at step {step} ({call.module})"


def _difference(found: CallEntry, now: CallEntry) -> str:
    """Where a call differs from what stands on the tape, and what may be the reason."""
    if now.module != found.module:
        where = f"({found.module})"
    elif len(now.turns) != len(found.turns):
        where = f"({len(found.turns)} messages)"
    else:
        turns = enumerate(zip(found.turns, now.turns, strict=True), 1)
        changed = next((f"in message {number}" for number, (there, here) in turns if there != here), None)
        where = changed or "in the schema or the greatest length of the answer"
    return f"{where}: prompts, code or settings have changed since the recording; no call was made"


def _writable(reply: Reply) -> Reply:
    """The reply as a tape can hold it, so that it is the same now and when it is played back.

    No file holds lone surrogates, and a number of tokens that cannot be is not known.
    """
    failures = tuple(Failure(failure.kind, _clean(failure.detail)) for failure in reply.failures)
    text = None if reply.text is None else _clean(reply.text)
    tokens = (n if n is None or 0 <= n <= MOST_TOKENS else None for n in (reply.prompt_tokens, reply.completion_tokens))
    prompt, completion = tokens
    return replace(
        reply,
        text=text,
        model=_clean(reply.model),
        prompt_tokens=prompt,
        completion_tokens=completion,
        failures=failures,
    )


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode()
