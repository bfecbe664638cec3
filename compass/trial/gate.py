"""The gate: what a candidate must pass before any battle is played with it.

It is a skill by the checker's rules, does well on the made-up moments of `compass.skills.rehearsal`, and answers what agents of
every unit type it serves really met with legal actions, in the sandbox, quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from compass.skills.library import Broken, Library, Skill
from compass.skills.limits import processor_seconds
from compass.skills.rehearsal import problem, rehearse
from compass.skills.sandbox import Sandbox
from compass.trial.recordings import Recording, recordings
from envs.units import RACES

MOST_SECONDS = 0.005
"""Processor time that a call may take on average: the shipped skills need less than 0.0001."""


@dataclass(frozen=True)
class GateResult:
    """Whether a candidate may be tried; else `problems` says why not, one line each.

    calls: how many recorded observations it was given. seconds_per_call: of processor time, on average; None where it failed.
    """

    passed: bool
    problems: tuple[str, ...]
    calls: int = 0
    seconds_per_call: float | None = None


def gate(candidate: Skill | Sequence[Broken]) -> GateResult:
    """Let a candidate, as `check_source` or `load_skill` gave it, try to pass.

    Raises:
        InputError: skills cannot be confined here, so none was run.
    """
    if not isinstance(candidate, Skill):
        return GateResult(False, tuple(map(str, candidate)))
    library = Library(candidate.path.parent, {candidate.name: candidate})
    failed = rehearse(library)
    if failed:
        return GateResult(False, tuple(map(str, failed)))
    found: dict[str, Broken] = {}
    calls, seconds = 0, 0.0
    with Sandbox(library) as sandbox:
        for race, kinds in RACES.items():
            if any(candidate.serves(kind) for kind in kinds):
                parts = [part for part in recordings(race) if candidate.serves(part.unit_type)]
                for constants in dict.fromkeys(part.constants for part in parts):
                    those = [part for part in parts if part.constants == constants]
                    made, took = _relive(sandbox, candidate, those, found)
                    calls, seconds = calls + made, seconds + took
    if found:
        return GateResult(False, tuple(map(str, found.values())), calls)
    mean = seconds / calls
    if mean > MOST_SECONDS:
        slow = f"a call takes {1000 * mean:.1f} ms on average; it may take {1000 * MOST_SECONDS:g}"
        return GateResult(False, (slow,), calls, mean)
    return GateResult(True, (), calls, mean)


def _relive(sandbox: Sandbox, skill: Skill, parts: Sequence[Recording], found: dict[str, Broken]) -> tuple[int, float]:
    """Let the skill answer in the place of each recorded agent up to its first mistake, which goes into `found` by unit type.

    Returns how many calls were made, and the processor time that they took.
    """
    team = sandbox.open_team(parts[0].constants, range(len(parts)))
    calls = 0
    try:
        for agent in range(len(parts)):
            team.assign(agent, skill.name)
        pids = team.pids()
        before = sum(map(processor_seconds, pids))
        for moment in zip_longest(*(part.payloads for part in parts)):
            asked = [
                (agent, payload)
                for agent, payload in enumerate(moment)
                if payload is not None and parts[agent].unit_type not in found
            ]
            calls += len(asked)
            for (agent, _), reply in zip(asked, team.act(asked), strict=True):
                if reply.fault is not None:
                    unit_type = parts[agent].unit_type
                    found.setdefault(unit_type, problem(skill, unit_type, reply))
        if team.pids() != pids:  # those that are gone took their times along: the fault is what counts then
            return calls, 0.0
        return calls, sum(map(processor_seconds, pids)) - before
    finally:
        team.close()
