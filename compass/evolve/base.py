"""The one interface of all synthesizers: from how things stand to candidates for the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from compass.evolve.wants import Want
from compass.skills.library import Library
from compass.skills.store.records import Candidate
from compass.trial.ring import Episode
from envs.scenario import Scenario


@dataclass(frozen=True)
class Situation:
    """What a synthesizer may know.

    wants: what planners wanted, most wanted first. tried: what came of earlier candidates, one line each, oldest first. battles:
    those that the library played last.
    """

    scenario: Scenario
    library: Library
    wants: tuple[Want, ...] = ()
    tried: tuple[str, ...] = ()
    battles: tuple[Episode, ...] = ()


class Synthesizer(Protocol):
    """Whoever makes candidates: a model, or rules."""

    def propose(self, situation: Situation, count: int) -> Sequence[Candidate]:
        """At most `count` candidates; nothing is known of them yet, not even that they load."""
        ...
