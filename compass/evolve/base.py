"""The one interface of all synthesizers: from how things stand to candidates for the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from compass.evaluate.wants import Want
from compass.skills.library import Library
from compass.skills.store import Candidate
from compass.synthesis.recipe import Recipe
from compass.trial.ring import Episode
from envs.scenario import Scenario


@dataclass(frozen=True)
class Situation:
    """What a synthesizer may know.

    wants: what planners wanted, most wanted first. tried: what came of earlier candidates, one line each, oldest first. battles:
    those that the library played last. recipes: of the skills that are known to be made from one, by name; of a candidate that did
    well and was not sure to be better, its own in the place of the live skill's. retired: names that somebody took out of the
    library, under which nothing comes in.
    """

    scenario: Scenario
    library: Library
    wants: tuple[Want, ...] = ()
    tried: tuple[str, ...] = ()
    battles: tuple[Episode, ...] = ()
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()

    @property
    def chosen(self) -> Counter[str]:
        """How often the planner chose each skill."""
        counts: Counter[str] = Counter()
        for episode in self.battles:
            counts.update(episode.chosen)
        return counts


@dataclass(frozen=True)
class Effort:
    """Where the battles of a round go.

    proposals: candidates. glance: battles that show how the library stands. heats: of the race, the battles of each and how many
    entrants go on from it; those that go on from the last are tried, the best first, until one comes in. pairs, margin: the
    trial's cap, and the gain that it should not miss, which is small, since skills get better in small steps.
    """

    proposals: int = 24
    glance: int = 64
    heats: tuple[tuple[int, int], ...] = ((32, 8), (64, 3), (128, 3))
    pairs: int = 2400
    margin: float = 0.03


class Gathered(NamedTuple):
    """What planners wanted, most wanted first, and the battles that ended, by seed."""

    wants: tuple[Want, ...]
    battles: tuple[Episode, ...]


class Synthesizer(Protocol):
    """Whoever makes candidates: a model, or rules.

    about: what its candidates depend on, for a manifest. packages: those that it needs, besides what all evolutions need.
    """

    name: str
    about: Mapping[str, Any]
    packages: tuple[str, ...]

    def stopped(self) -> str | None:
        """Why nothing more will come of it, as a limit that is reached; None while there may."""
        ...

    def propose(self, situation: Situation, count: int) -> Sequence[Candidate]:
        """At most `count` candidates; nothing is known of them yet, not even that they load."""
        ...
