"""One confined process per agent for many battles at once: the fast way to play skills that behave.

Battles of one agent share a process, but nothing that a checked skill can reach: modules, memory and random numbers are each
battle's own. Whatever costs a process its life costs the whole lockstep, since the memories of the other battles go with it: `Lost`
is raised, and the battles have to be played again with each agent of each battle in a process of its own
(`compass.skills.sandbox`), which alone says what a skill did wrong.
"""

from __future__ import annotations

import marshal
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from types import TracebackType

from compass.skills.faults import IN_PROCESS, Reply, masked, one_line
from compass.skills.limits import TWICE, Limits, processor_seconds, speaks
from compass.skills.nursery import Nursery, Process
from compass.skills.protocol import (
    ACTION,
    ASSIGN,
    CALLS,
    EACH,
    EXCEPTION,
    HEAD,
    ILLEGAL,
    LENGTH,
    NONCE,
    OPEN,
    PART,
    TEXT,
    frame,
)
from compass.skills.sandbox import Sandbox, seed_of
from compass.types import Constants

_CHUNK = 1 << 16


class Lost(Exception):
    """A process ended, took too long, or said something else than its answers."""


class Lockstep:
    """The processes of a team of `n_agents`, which serve it in every battle opened. A context manager."""

    def __init__(self, sandbox: Sandbox, n_agents: int) -> None:
        self.library = sandbox.library
        self._nursery = sandbox.nursery
        self._slots = [_Slot(self._nursery, process, sandbox.limits) for process in self._nursery.take(n_agents)]
        self._n_actions: list[int] = []

    def __enter__(self) -> Lockstep:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nursery.end([slot.process for slot in self._slots])

    def open_team(self, constants: Constants, seeds: Sequence[int]) -> BattleSkills:
        """A new battle, numbered from 0 on; `seeds`: one integer per agent, which seeds its `random`."""
        known = astuple(constants)
        for slot, seed in zip(self._slots, seeds, strict=True):
            slot.post(frame(OPEN, marshal.dumps((seed_of(seed, 0), known))))
        self._n_actions.append(constants.n_actions)
        return BattleSkills(self, len(self._n_actions) - 1)

    def assign(self, battle: int, agent: int, skill: str, parameters: Mapping[str, float]) -> None:
        """Give an agent of a battle a skill from its next call on; an `InputError` as of `TeamSandbox.assign`."""
        values = self.library.get(skill).with_parameters(parameters)
        self._slots[agent].post(frame(ASSIGN, marshal.dumps((battle, skill, values))))

    def act(self, calls: Sequence[tuple[int, int, bytes]]) -> list[Reply]:
        """One answer per call (battle, agent, payload), in order; every action is inside the payload's mask.

        All calls of one agent together may take the processor time that one may take alone.

        Raises:
            Lost: what was opened so far cannot go on.
        """
        asked: list[list[int]] = [[] for _ in self._slots]
        for index, (_, agent, _) in enumerate(calls):
            asked[agent].append(index)
        thinking = [(slot, indices) for slot, indices in zip(self._slots, asked, strict=True) if indices]
        for slot, indices in thinking:
            slot.send([(calls[index][0], calls[index][2]) for index in indices])
        replies: dict[int, Reply] = {}
        for slot, indices in thinking:
            for index, (kind, action, text) in zip(indices, slot.receive(len(indices)), strict=True):
                if kind == ACTION:
                    battle, _, payload = calls[index]
                    replies[index] = masked(action, payload, self._n_actions[battle])
                else:
                    replies[index] = Reply(None, IN_PROCESS[kind], one_line(text))
        return [replies[index] for index in range(len(calls))]


class BattleSkills:
    """The skills of the team in one battle of a lockstep, as `compass.skills.sandbox.TeamSandbox` is of one alone."""

    reproducible = True  # whatever depends on the machine ends the lockstep

    def __init__(self, lockstep: Lockstep, number: int) -> None:
        self._lockstep = lockstep
        self._number = number

    def assign(self, agent_id: int, skill: str, parameters: Mapping[str, float] | None = None) -> None:
        """See `Lockstep.assign`."""
        self._lockstep.assign(self._number, agent_id, skill, parameters or {})

    def act(self, calls: Sequence[tuple[int, bytes]]) -> list[Reply]:
        """This battle's calls alone."""
        return self._lockstep.act([(self._number, agent, payload) for agent, payload in calls])

    def close(self) -> None:
        """Nothing: the processes serve the other battles."""


class _Slot:
    """The process of one agent, and what is still to be told to it."""

    def __init__(self, nursery: Nursery, process: Process, limits: Limits) -> None:
        self._nursery = nursery
        self.process = process
        self._limits = limits
        self._outbox: list[bytes] = []
        self._nonce = b""
        self._called_at = processor_seconds(process.pid)
        self._began = 0.0

    def post(self, message: bytes) -> None:
        """Tell the process something before its next calls."""
        self._outbox.append(message)

    def send(self, calls: Sequence[tuple[int, bytes]]) -> None:
        """Ask for the answers to calls, each a battle's number and a payload."""
        self._nonce = os.urandom(NONCE)
        parts = [self._nonce]
        for battle, payload in calls:
            parts += (PART.pack(battle, len(payload)), payload)
        self._outbox.append(frame(CALLS, b"".join(parts)))
        data = memoryview(b"".join(self._outbox))
        self._outbox.clear()
        used = processor_seconds(self.process.pid)
        if used - self._called_at > TWICE * self._limits.deadline:
            raise Lost("computed on after its answers")
        self._called_at, self._began = used, time.monotonic()
        self._nursery.resume(self.process)
        while data:
            try:
                data = data[os.write(self.process.channel, data) :]
            except BlockingIOError:
                if time.monotonic() - self._began > self._limits.patience:
                    raise Lost("did not listen") from None
            except OSError as error:
                raise Lost("its process ended") from error

    def receive(self, count: int) -> list[tuple[int, int, bytes]]:
        """So many answers: kind, action, and of a fault its text."""
        length, kind = HEAD.unpack(self._exactly(HEAD.size))
        least = NONCE + count * EACH.size
        if kind != CALLS or not least <= length <= least + count * (LENGTH.size + TEXT):
            raise Lost("its channel carried something else than answers")
        body = self._exactly(length)
        self._nursery.pause(self.process)
        if body[:NONCE] != self._nonce:
            raise Lost("its channel carried something else than answers")
        at, answers = least, []
        for said, action in EACH.iter_unpack(body[NONCE:least]):
            text = b""
            if said != ACTION:
                if said not in (EXCEPTION, ILLEGAL) or at + LENGTH.size > length:
                    raise Lost("it wanted too much memory, or its channel carried something else than answers")
                start = at + LENGTH.size
                at = start + LENGTH.unpack_from(body, at)[0]
                text = body[start:at]
            answers.append((said, action, text))
        if at != length:
            raise Lost("its channel carried something else than answers")
        return answers

    def _exactly(self, length: int) -> bytes:
        """The next bytes it says, within its deadline."""
        parts = []
        while length:
            try:
                data = os.read(self.process.channel, min(length, _CHUNK))
            except BlockingIOError:
                if not speaks(self.process, self._called_at, self._began, self._limits):
                    raise Lost(f"no answers within {self._limits.deadline:g} s") from None
                continue
            except ConnectionError:
                data = b""
            if not data:
                raise Lost("its process ended")
            parts.append(data)
            length -= len(data)
            if length and processor_seconds(self.process.pid) - self._called_at > self._limits.deadline:
                raise Lost("it spoke too slowly")  # a byte now and then is no answer
        return b"".join(parts)
