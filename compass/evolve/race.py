"""A race: many libraries in the same few battles, and ever fewer of them in more, since most changes are plainly bad.

Source: successive halving (Karnin, Koren and Somekh, "Almost Optimal Exploration in Multi-Armed Bandits", 2013).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compass.evolve.merit import merits
from compass.skills.library import Library
from compass.trial.arena import Arena

BEHIND = 0.05
"""How far behind the parent the first may be: what is tuned afterwards has not shown all it can."""


@dataclass(frozen=True)
class Standing:
    """One entrant: its merit less the parent's, and the battles in which that was seen."""

    lead: float
    battles: int

    def __str__(self) -> str:
        return f"{self.lead:+.2f} of merit in {self.battles} battles"


def race(
    arena: Arena,
    parent: Library,
    entrants: Sequence[Library],
    fresh: Callable[[int], Sequence[int]],
    heats: Sequence[tuple[int, int]],
) -> tuple[list[Standing], int | None]:
    """The standings of the entrants, and which of them won, None when all are too far behind the parent.

    fresh: gives so many battles that were not played before. heats: see `Effort`.
    """
    leads, battles = [0.0] * len(entrants), [0] * len(entrants)
    running = list(range(len(entrants)))
    for count, places in heats:
        ours, *theirs = merits(arena, [parent, *(entrants[at] for at in running)], fresh(count))
        for at, each in zip(running, theirs, strict=True):
            leads[at] = (leads[at] * battles[at] + (each - ours) * count) / (battles[at] + count)
            battles[at] += count
        running = sorted(running, key=lambda at: -leads[at])[:places]
    standings = [Standing(lead, played) for lead, played in zip(leads, battles, strict=True)]
    return standings, next((at for at in running if leads[at] >= -BEHIND), None)
