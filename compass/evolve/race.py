"""A race: many candidates in the same few battles, and ever fewer of them in more, since most changes are plainly bad.

Source: successive halving (Karnin, Koren and Somekh, "Almost Optimal Exploration in Multi-Armed Bandits", 2013).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compass.evolve.merit import merits
from compass.skills.library import Library, Skill
from compass.trial.arena import Arena
from compass.trial.trial import with_skill


@dataclass
class Standing:
    """One entrant: its merit less the parent's, the battles in which that was seen, how often the planner chose it in them, and how
    many of them ended otherwise than the parent's.
    """

    lead: float = 0.0
    battles: int = 0
    chosen: int = 0
    differs: int = 0

    def __str__(self) -> str:
        if not self.chosen:
            return "never chosen"
        return f"{self.lead:+.2f} of merit in {self.battles} battles" if self.differs else "plays like the library"


def race(
    arena: Arena,
    parent: Library,
    entrants: Sequence[Skill],
    fresh: Callable[[int], Sequence[int]],
    heats: Sequence[tuple[int, int]],
) -> tuple[list[Standing], list[int]]:
    """The standings of the entrants, and which of them came through all heats ahead of the parent, the best first.

    fresh: gives so many battles that were not played before. heats: see `compass.evolve.base.Effort`.
    """
    standings = [Standing() for _ in entrants]
    running = list(range(len(entrants)))
    for battles, places in heats:
        libraries = [with_skill(parent, entrants[at]) for at in running]
        theirs, *played = arena.survey([parent, *libraries], fresh(battles))
        par = merits(theirs, arena.scenario)
        for at, episodes in zip(running, played, strict=True):
            standing, name = standings[at], entrants[at].name
            leads = merits(episodes, arena.scenario) - par
            standing.lead = (standing.lead * standing.battles + leads.sum()) / (standing.battles + battles)
            pairs = zip(theirs, episodes, strict=True)
            standing.differs += sum(other.result != episode.result for other, episode in pairs)
            standing.battles += battles
            standing.chosen += sum(episode.chosen.get(name, 0) for episode in episodes)
        running = [at for at in running if standings[at].chosen and standings[at].differs]
        running = sorted(running, key=lambda at: -standings[at].lead)[:places]
        if not running:
            break
    return standings, [at for at in running if standings[at].lead > 0.0]
