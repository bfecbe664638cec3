"""Runs the skills of a team, each agent's in a confined process of its own, and says what went wrong with those that misbehave.

    with Sandbox(library) as sandbox:
        team = sandbox.open_team(constants, seeds)
        team.assign(0, "kite", {"DANGER": 3.0})
        replies = team.act([(0, payload)])
        team.close()

One sandbox per evaluating process and thread. What holds hostile code, and what only keeps order: `docs/sandbox.md`.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from types import TracebackType

from compass.skills.faults import IN_PROCESS, Fault, Reply, masked, one_line
from compass.skills.library import Library, Skill
from compass.skills.limits import TWICE, Limits, processor_seconds, speaks
from compass.skills.nursery import Nursery, Process, how_it_ended
from compass.skills.protocol import ACTION, ANSWER, ASSIGN, CALL, HEAD, MEMORY, NONCE, OPEN, TEXT, frame
from compass.types import Constants


class Sandbox:
    """The place where the skills of `library` run. A context manager; `label` is "seccomp" or, with `unsafe`, "none".

    `layers` names what took hold beside the filter: "limits", "nobody", "no clock", "fixed addresses", "pauses".

    Raises:
        InputError: the library has no usable skill, or this system cannot confine skills and `unsafe` was not asked for.
    """

    def __init__(self, library: Library, unsafe: bool = False, limits: Limits | None = None) -> None:
        self.library = library
        self.limits = limits or Limits()
        self.nursery = Nursery(
            library,
            unsafe=unsafe,
            memory=self.limits.memory,
            cpu_seconds=self.limits.episode,
            patience=self.limits.deadline,
        )
        self.label = "none" if unsafe else "seccomp"
        self.layers = self.nursery.layers

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open_team(self, constants: Constants, seeds: Sequence[int]) -> TeamSandbox:
        """A fresh process for each agent of an episode; `seeds`: one integer per agent, which seeds its `random`."""
        return TeamSandbox(self, constants, seeds)

    def take_up(self, library: Library) -> None:
        """Run this library's skills from now on; in a team opened before, each agent from its next assignment on.

        Raises:
            InputError: the library has no usable skill.
        """
        self.nursery.take_up(library)
        self.library = library

    def close(self) -> None:
        """End every process of this sandbox."""
        self.nursery.close()


class _Agent:
    """One agent's place in an episode."""

    __slots__ = ("assigned", "assignment", "calls_from", "codes", "lost", "process", "processes", "seed", "skill")

    def __init__(self, seed: int, codes: Library) -> None:
        self.seed = seed
        self.codes = codes  # that the process was forked with
        self.process: Process | None = None
        self.processes = 0
        self.lost = 0  # of these, to its skills' mistakes
        self.skill: Skill | None = None
        self.assignment = b""
        self.assigned = False
        self.calls_from = 0.0


class TeamSandbox:
    """The skills of one team in one episode.

    `faults` counts what went wrong by kind; `reproducible` turns False when the machine's speed or memory decided an answer, or the
    moment of an edit.
    """

    def __init__(self, sandbox: Sandbox, constants: Constants, seeds: Sequence[int]) -> None:
        self._sandbox, self._limits, self._nursery = sandbox, sandbox.limits, sandbox.nursery
        self._constants = astuple(constants)
        self._n_actions = constants.n_actions
        self._agents = [_Agent(seed, sandbox.library) for seed in seeds]
        self.faults: Counter[Fault] = Counter()
        self.reproducible = True
        for agent, process in zip(self._agents, self._nursery.take(len(seeds)), strict=True):
            self._settle_in(agent, process)

    def assign(self, agent_id: int, skill: str, parameters: Mapping[str, float] | None = None) -> None:
        """Give an agent a skill from its next call on, with some of its parameters set and the others at their defaults.

        Its memory of the episode stays, unless the skill was edited since the agent's process began: then it gets a new one. Raises
        `InputError` for an unknown skill or parameter, or a value out of range.
        """
        found = self._sandbox.library.get(skill)
        values = found.with_parameters(parameters or {})
        agent = self._agents[agent_id]
        if agent.process is not None and not _holds(agent.codes, found):
            self._nursery.end([agent.process])
            agent.process = None
            self.reproducible = False
        agent.skill = found
        agent.assignment = frame(ASSIGN, marshal.dumps((0, skill, values)))
        agent.assigned = False

    def act(self, calls: Sequence[tuple[int, bytes]]) -> list[Reply]:
        """One answer per call (agent id, payload of `compass.wire`), in order. All agents think at the same time, and at no other.

        At most one call per agent; each must have been assigned a skill. Every action returned is inside the payload's mask.
        """
        if len({agent_id for agent_id, _ in calls}) != len(calls):
            raise ValueError("an agent can answer only one call at a time")
        nonces = os.urandom(NONCE * len(calls))
        replies: list[Reply] = [_RETIRED] * len(calls)
        waiting: list[tuple[int, _Agent, bytes, bytes]] = []
        for index, (agent_id, payload) in enumerate(calls):
            agent = self._agents[agent_id]
            nonce = nonces[NONCE * index : NONCE * index + NONCE]
            sent = self._send(agent, nonce, payload)
            if sent is None:
                waiting.append((index, agent, nonce, payload))
            else:
                replies[index] = sent
        began = time.monotonic()
        late = False
        for index, agent, nonce, payload in reversed(waiting):  # the last to be sent answers last: one wait for all
            data = None if late else self._read(agent)
            late = late or data is None
            answer = self._patiently(agent, began) if data is None else data
            replies[index] = answer if isinstance(answer, Reply) else self._judged(agent, nonce, payload, answer)
            if agent.process is not None:
                self._nursery.pause(agent.process)
        for reply in replies:
            if reply[1] is not None:
                self.faults[reply[1]] += 1
        return replies

    def pids(self) -> list[int]:
        """The ids of the team's living processes."""
        return [agent.process.pid for agent in self._agents if agent.process]

    def close(self) -> None:
        """End the team's processes."""
        self._nursery.end([agent.process for agent in self._agents if agent.process])
        for agent in self._agents:
            agent.process = None

    def _settle_in(self, agent: _Agent, process: Process) -> None:
        opening = (seed_of(agent.seed, agent.processes), self._constants)
        os.write(process.channel, frame(OPEN, marshal.dumps(opening)))
        agent.process = process
        agent.codes = self._sandbox.library
        agent.calls_from = processor_seconds(process.pid)
        agent.processes += 1
        agent.assigned = False

    def _send(self, agent: _Agent, nonce: bytes, payload: bytes) -> Reply | None:
        """Send a call, to a fresh process if the last one is gone; a reply only where there is none to be waited for."""
        if agent.process is None:
            if agent.lost >= self._limits.processes:
                return _RETIRED
            if agent.skill is not None and not _holds(self._sandbox.library, agent.skill):
                return _EDITED
            self._settle_in(agent, self._nursery.take(1)[0])
        assert agent.process is not None
        message = HEAD.pack(NONCE + len(payload), CALL) + nonce + payload
        if not agent.assigned:
            if not agent.assignment:
                raise ValueError("an agent must be assigned a skill before it is called")
            message = agent.assignment + message
            agent.assigned = True
        try:
            now = processor_seconds(agent.process.pid)
            if (
                now - agent.calls_from > TWICE * self._limits.deadline
            ):  # since the last call began, its own time included
                return self._killed(agent, Fault.DEADLINE, "computed on after its answer")
            agent.calls_from = now
            self._nursery.resume(agent.process)
            os.write(agent.process.channel, message)
        except OSError:
            return self._died(agent)
        return None

    def _read(self, agent: _Agent) -> bytes | None:
        """What the agent's process has sent; nothing if it ended, None if it sent nothing within the deadline."""
        assert agent.process is not None
        try:
            return os.read(agent.process.channel, 4096)
        except BlockingIOError:
            return None
        except ConnectionError:
            return b""

    def _patiently(self, agent: _Agent, began: float) -> bytes | Reply:
        """The answer of an overdue process, if it comes at all."""
        assert agent.process is not None
        if not speaks(agent.process, agent.calls_from, began, self._limits):
            return self._killed(agent, Fault.DEADLINE, f"no answer within {self._limits.deadline:g} s")
        data = self._read(agent)
        return b"" if data is None else data

    def _judged(self, agent: _Agent, nonce: bytes, payload: bytes, data: bytes) -> Reply:
        """The reply that the bytes from a process amount to."""
        if not data:
            return self._died(agent)
        if len(data) < ANSWER.size or len(data) > ANSWER.size + TEXT:
            return self._killed(agent, Fault.FORGED, "its channel carried something else than an answer")
        echoed, kind, action = ANSWER.unpack_from(data)
        if echoed != nonce or kind not in (ACTION, *IN_PROCESS) or (kind == ACTION and len(data) != ANSWER.size):
            return self._killed(agent, Fault.FORGED, "its channel carried something else than an answer")
        if kind == MEMORY:
            return self._killed(agent, Fault.MEMORY, f"more than {self._limits.memory >> 20} MiB")
        if kind != ACTION:
            return Reply(None, IN_PROCESS[kind], one_line(data[ANSWER.size :]))
        return masked(action, payload, self._n_actions)

    def _died(self, agent: _Agent) -> Reply:
        assert agent.process is not None
        process, agent.process = agent.process, None
        agent.lost += 1
        status = self._nursery.bury(process)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.reproducible = False
        return Reply(None, Fault.DIED, how_it_ended(status))

    def _killed(self, agent: _Agent, fault: Fault, detail: str) -> Reply:
        assert agent.process is not None
        process, agent.process = agent.process, None
        agent.lost += 1
        self._nursery.bury(process)
        self.reproducible = self.reproducible and fault == Fault.MEMORY  # all else depends on who was faster
        return Reply(None, fault, detail)


_RETIRED = Reply(None, Fault.RETIRED, "no process left for this episode")
_EDITED = Reply(None, Fault.RETIRED, "it lost its process and was edited meanwhile: none before the next plan")


def _holds(library: Library, skill: Skill) -> bool:
    """Whether a library has this very skill."""
    found = library.skills.get(skill.name)
    return found is not None and found.sha256 == skill.sha256


def seed_of(agent_seed: int, processes: int) -> int:
    """What seeds `random` for an agent's skills in its process of that number; hashed, so that they do not learn the battle's."""
    text = f"compass skill {agent_seed} {processes}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
