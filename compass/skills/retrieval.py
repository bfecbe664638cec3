"""Which skills of a library are offered: by unit type, then by text, the specialised, the proven and the recent first.

The rule, each point deciding where those above leave a tie:

1. skills that serve the sub-task that the text begins with (a line `task:` of theirs);
2. how well name, description and tasks fit the text, in tenths of the best fit; where the text is no more than their sub-task ten
   tenths, and of skills for several unit types one less for every task that they name before it;
3. skills for fewer unit types before those for more, and those before the ones for any;
4. the gain in wins that the trial of the text is sure of, in whole points; 0 without a trial;
5. the newer version before the older; a text that no store knows yet is the newest;
6. the name.

Without a text point 3 comes after point 5. The index lives in memory and is made of the very skills that are ranked, so it is never
stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

from compass.skills.bm25 import Bm25, words_of
from compass.skills.library import Library, Merit, Skill
from compass.skills.parse import ANY

TOP_K = 10
"""How many skills a planner is offered at most."""
_REMEMBERED = 256  # texts for which a shelf keeps what it found
_UNKNOWN = Merit()

Scores = Callable[[str], Sequence[float]]
"""How well each skill fits a text: any numbers, the higher the better, 0 or less for not at all."""


@dataclass(frozen=True, slots=True)
class Found:
    """A skill and why it stands where it stands.

    task: the one of its tasks that the text begins with, None where it serves none such. fit: how well it fits the text, 0 to 1 in
    tenths. merit: what its trial proved, and since when it is live.
    """

    skill: Skill
    task: str | None
    fit: float
    merit: Merit

    @property
    def score(self) -> float:
        """The fit, and 1 more for the task that was asked for."""
        return self.fit + (self.task is not None)


def document_of(skill: Skill) -> str:
    """What a skill is found by: its name, its description and its tasks."""
    return f"{skill.name}\n{skill.description}\n{', '.join(skill.tasks)}"


def rank(
    skills: Sequence[Skill], text: str, merits: Mapping[str, Merit] | None = None, scores: Scores | None = None
) -> tuple[Found, ...]:
    """All the skills, best first, by the rule above.

    merits: what is known of texts, by sha256. scores: how well each skill fits a text; None to count words (BM25).
    """
    asked, merits = words_of(text), merits or {}
    fits = (scores or index_of(skills))(text) if asked else [0.0] * len(skills)
    best = max(fits, default=0.0)
    found = []
    for skill, score in zip(skills, fits, strict=True):
        task, fit = _task(skill, asked), score / best if best > 0.0 else 0.0
        if task is not None and words_of(task) == asked:
            fit = fit_for(skill, task)
        found.append(Found(skill, task, round(max(0.0, fit), 1), merits.get(skill.sha256, _UNKNOWN)))
    moments = sorted({each.merit.since for each in found if each.merit.since}, reverse=True)
    ages = {"": -1} | {moment: age for age, moment in enumerate(moments)}

    def key(each: Found) -> tuple[float | str, ...]:
        kinds = precedence(each.skill)
        merit = (-round(100 * each.merit.proven), ages[each.merit.since])
        if not asked:
            return (*merit, *kinds, each.skill.name)
        return (-each.score, *kinds, *merit, each.skill.name)

    return tuple(sorted(found, key=key))


def index_of(skills: Sequence[Skill]) -> Scores:
    """How well each skill fits a text, by the words they share."""
    return Bm25([document_of(skill) for skill in skills]).scores


def fit_for(skill: Skill, task: str) -> float:
    """How well a skill fits a sub-task of its own: less for every task that it names before it, unless it was made for one unit
    type, whose tasks it takes on as a whole.
    """
    alone = len(skill.unit_types) == 1 and ANY not in skill.unit_types
    return 1.0 if alone else 1.0 - skill.tasks.index(task) / 10


def precedence(skill: Skill) -> tuple[int, int]:
    """Lower for a skill that serves fewer unit types; highest for any."""
    return ANY in skill.unit_types, len(skill.unit_types)


def _task(skill: Skill, asked: tuple[str, ...]) -> str | None:
    """The longest of a skill's tasks that the words asked for begin with."""
    words = {task: words_of(task) for task in skill.tasks}
    begun = [task for task, its in words.items() if its and asked[: len(its)] == its]
    return max(begun, key=lambda task: len(words[task]), default=None)


class Shelf(Sequence[Skill]):
    """The skills that one unit type may use. A sequence of them all: those that name it first, then those for any, each by name.

    Planners are offered `find(text)` or `overview()`, at most `top_k` skills. Where there are no more, both are all of them, in the
    order of the sequence.
    """

    def __init__(self, skills: Sequence[Skill], top_k: int = TOP_K, merits: Mapping[str, Merit] | None = None) -> None:
        self._skills = tuple(skills)
        self._top_k = top_k
        self._merits = merits or {}
        self._index: Scores | None = None
        self._overview: tuple[Skill, ...] | None = None
        self.find = lru_cache(_REMEMBERED)(self._find)
        """At most `top_k` skills for a text, best first."""

    @overload
    def __getitem__(self, at: int) -> Skill: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Skill, ...]: ...
    def __getitem__(self, at: int | slice) -> Skill | tuple[Skill, ...]:
        return self._skills[at]

    def __len__(self) -> int:
        return len(self._skills)

    def __iter__(self) -> Iterator[Skill]:
        return iter(self._skills)

    @property
    def all_offered(self) -> bool:
        """Whether there is nothing to choose, because all skills may be offered."""
        return len(self._skills) <= self._top_k

    def find_by(self, text: str, scores: Scores) -> tuple[Skill, ...]:
        """The same as `find` by another measure of how well the skills of this sequence fit a text."""
        if self.all_offered:
            return self._skills
        ranked = rank(self._skills, text, self._merits, scores)
        return tuple(each.skill for each in ranked[: self._top_k])

    def overview(self) -> tuple[Skill, ...]:
        """At most `top_k` skills where no text is known yet: the best for every task, then the best others."""
        if self._overview is None:
            self._overview = self._skills if self.all_offered else self._best_for_every_task()
        return self._overview

    def _best_for_every_task(self) -> tuple[Skill, ...]:
        ranked = [each.skill for each in rank(self._skills, "", self._merits)]
        first: dict[str, Skill] = {}
        for skill in ranked:
            for task in skill.tasks:
                first.setdefault(task, skill)
        chosen = {skill.name for skill in first.values()}
        wanted = sorted(ranked, key=lambda skill: skill.name not in chosen)[: self._top_k]
        return tuple(skill for skill in ranked if skill in wanted)

    def _find(self, text: str) -> tuple[Skill, ...]:
        if self.all_offered:
            return self._skills
        if self._index is None:
            self._index = index_of(self._skills)
        return self.find_by(text, self._index)


class Shelves:
    """The shelves of a library by unit type, each made when it is first asked for."""

    def __init__(self, library: Library, top_k: int = TOP_K) -> None:
        self.library = library
        self.top_k = top_k
        self._shelves: dict[str, Shelf] = {}

    def of(self, unit_type: str) -> Shelf:
        """What agents of a unit type may use."""
        shelf = self._shelves.get(unit_type)
        if shelf is None:
            skills = self.library.for_unit(unit_type)
            shelf = self._shelves[unit_type] = Shelf(skills, self.top_k, self.library.merits)
        return shelf
