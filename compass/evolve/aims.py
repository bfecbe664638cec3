"""What a candidate is to be: the skill it follows or the gap it fills, chosen from how things stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from compass.evaluate.wants import IMPROVEMENT, Want, plain_task
from compass.evolve.base import Situation
from compass.planner.scripted import tasks_of
from compass.skills.library import Library, Skill


@dataclass(frozen=True)
class Aim:
    """One candidate to be made.

    name: of the skill. parent: the text that it is to replace, None for a new skill. want: who asks for it, None where nobody does.
    played: the skill that serves so far. unit_types, tasks: what it must serve.
    """

    name: str
    parent: Skill | None
    want: Want | None
    played: Skill
    unit_types: tuple[str, ...]
    tasks: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What is equal of equal aims."""
        return self.want.key if self.want else (self.name,)


class Aims:
    """Chooses aims, those first that were chosen least often so far; of these wants before skills that nobody wants improved."""

    def __init__(self) -> None:
        self._chosen: Counter[tuple[str, ...]] = Counter()

    def choose(self, situation: Situation, number: int) -> list[Aim]:
        """So many aims; the same again where there are fewer. None where the library serves none of the scenario's units."""
        pool = list(_possible(situation))
        chosen: list[Aim] = []
        while pool and len(chosen) < number:
            chosen.append(min(pool, key=lambda aim: self._chosen[aim.key]))  # the earliest of equals
            self._chosen[chosen[-1].key] += 1
        return chosen


def _possible(situation: Situation) -> Iterator[Aim]:
    library = situation.library
    for want in situation.wants:
        played = library.skills.get(want.skill)
        if (
            played is None or want.unit_type not in situation.scenario.unit_types
        ):  # wanted of another library or scenario
            continue
        if want.kind == IMPROVEMENT:
            yield _improved(played, want)
        else:
            task = _servable(want)
            name = _free_name(library, f"{want.unit_type}_{task}")
            yield Aim(name, None, want, played, (want.unit_type,), (task,))
    for name in _most_chosen(situation):
        yield _improved(library.skills[name], None)


def _improved(skill: Skill, want: Want | None) -> Aim:
    return Aim(skill.name, skill, want, skill, skill.unit_types, skill.tasks)


def _servable(want: Want) -> str:
    """The task that a skill must name to be found: the scripted planner, which plays the trials, asks for no others."""
    task, asked = plain_task(want.task), tasks_of(want.unit_type)
    return task if task in asked else asked[0]


def _free_name(library: Library, stem: str) -> str:
    names = (stem if n == 1 else f"{stem}_{n}" for n in count(1))
    return next(name for name in names if name not in library.skills)


def _most_chosen(situation: Situation) -> list[str]:
    """The skills that can be played, the most often chosen first; those never chosen only where none was."""
    library = situation.library
    chosen: Counter[str] = Counter()
    for battle in situation.battles:
        chosen.update(battle.chosen)
    names = [name for name in sorted(chosen, key=lambda name: (-chosen[name], name)) if name in library.skills]
    fitting = {skill.name for kind in situation.scenario.unit_types for skill in library.for_unit(kind)}
    return names or sorted(fitting)
