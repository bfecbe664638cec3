"""What planners wanted of the skill library and did not find in it, as the records of a run tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from compass.evaluate.recall import knowledge
from compass.evaluate.records import read_list, read_record
from compass.observation.text import describe
from compass.planner.scripted import TASKS
from compass.types import Observation
from envs.scenario import Scenario

MISSING, IMPROVEMENT = KINDS = ("missing", "improvement")
_NOTHING = frozenset({"", "none", "nothing", "no", "n a", "not applicable"})
_WORDS = 6  # of a task in nobody's vocabulary that tell it from others


@dataclass(frozen=True, slots=True)
class Want:
    """Something that a planner wanted of the library. `dataclasses.asdict` of it is JSON.

    kind: "missing" (no skill fits the task) or "improvement" (a reflection found the skill that served the task wanting). skill:
    the one that was played. task, words, reasoning: the planner's own: the sub-task, what it wants, why it chose the task.
    observation: what the agent knew then, in the text form of `compass.observation.text`. Agent, step and seed tell where it was
    wanted first, count how often in all.
    """

    kind: str
    unit_type: str
    skill: str
    task: str
    words: str
    reasoning: str
    observation: str
    seed: int
    agent_id: int
    step: int
    count: int = 1

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is equal of equal wants."""
        return self.kind, self.unit_type, self.skill, plain_task(self.task)


def plain_task(task: str) -> str:
    """A task reduced to what tells it from others: the scripted planner's word if it begins with one, else its first words.

    Numbers are dropped, since ids and places differ from one moment to the next.
    """
    words = _plain(task).split()
    return words[0] if words and words[0] in TASKS else " ".join(words[:_WORDS])


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text.lower()))


class Wants:
    """Keeps each distinct want once, as it was wanted first, with a count."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, str], Want] = {}

    def add(self, want: Want) -> None:
        """Count a want."""
        known = self._found.get(want.key)
        self._found[want.key] = replace(known, count=known.count + want.count) if known else want

    def __contains__(self, key: object) -> bool:
        """Whether a want of this key was counted."""
        return key in self._found

    def all(self) -> tuple[Want, ...]:
        """The distinct wants, most wanted first."""
        return tuple(sorted(self._found.values(), key=lambda want: (-want.count, want.key)))


def wants_in(records: Mapping[int, Path], scenario: Scenario, hops: int, observation: str) -> tuple[Want, ...]:
    """What was wanted in recorded episodes, by seed, of runs with these settings; most wanted first.

    Raises:
        InputError: a record is damaged or of another scenario.
    """
    found = Wants()
    for seed, path in records.items():
        wanting = list(_wanting(read_list(path, "decisions")))
        if not wanting:
            continue
        lives = _Lives(path, scenario, hops, observation)
        for blank in wanting:
            want = replace(blank, seed=seed, unit_type=lives.at(blank.agent_id, 0).own.unit_type)
            if want.key not in found:
                want = replace(want, observation=describe(lives.at(want.agent_id, want.step)))
            found.add(want)
    return found.all()


def _wanting(decisions: tuple[Mapping[str, Any], ...]) -> Iterator[Want]:
    """What the decisions of an episode want, as far as they alone tell."""
    last: dict[int, Mapping[str, Any]] = {}
    for line in decisions:
        agent, asked = line["agent_id"], line["step"] - line.get("delay", 0)
        for kind, words, about in (
            (IMPROVEMENT, line.get("needs_improvement", ""), last.get(agent)),
            (MISSING, line["new_skill"] if line.get("answered", True) else "", line),
        ):
            if _plain(words) not in _NOTHING and about is not None:
                place = (about["skill"], about["task"], words, about["reasoning"], "")
                yield Want(kind, "", *place, seed=0, agent_id=agent, step=asked)
        last[agent] = line


class _Lives:
    """What the agents of one recorded episode knew, rebuilt as far as it is asked for."""

    def __init__(self, path: Path, scenario: Scenario, hops: int, observation: str) -> None:
        self._record = read_record(path)
        self._scenario, self._hops, self._observation = scenario, hops, observation
        self._found: dict[tuple[int, int], Observation] = {}

    def at(self, agent: int, step: int) -> Observation:
        """What a living agent knew at a step."""
        if (agent, step) not in self._found:
            life = knowledge(self._record, self._scenario, agent, self._hops, self._observation)
            self._found[agent, step] = next(islice(life, step, None))
        return self._found[agent, step]
