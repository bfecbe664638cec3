"""A trial: two libraries play the same battles until the sequential test decides between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from compass.episode import COMMUNICATED
from compass.errors import InputError
from compass.evaluate.settings import check_seeds
from compass.skills.faults import Fault
from compass.skills.library import Library, Skill
from compass.trial.arena import Arena
from compass.trial.ring import Episode
from compass.trial.sequential import PairedTest, Verdict
from compass.types import Outcome

FIRST_LOOK = 32
LOOK = 64
"""Battles between two looks, the first of which also tells whether the changed skills are chosen at all."""
CHECKED = 16
"""Battles won by a candidate alone that are played again, nothing shared with any other battle, before it is admitted."""
UNBEARABLE = frozenset(Fault) - {Fault.EXCEPTION, Fault.ILLEGAL}
"""Mistakes that cost a process: one of a changed skill ends its trial."""


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial. `dataclasses.asdict` of it is JSON.

    changed: the skills that are new or differ from the parent's. seed: of the first battle, in the stream "trial". episodes, steps:
    battles played by both sides in all, and their environment steps. chosen: how often the planner chose a changed skill, in how
    many plans. faults: the changed skills' mistakes by kind, first_fault: one of them in words. information: see
    `compass.episode.INFORMATION`. The rest is as in `Decision`.
    """

    scenario: str
    observation: str
    changed: tuple[str, ...]
    verdict: Verdict
    reason: str
    seed: int
    pairs: int
    candidate_wins: int
    parent_wins: int
    candidate_only: int
    parent_only: int
    difference: float
    interval: tuple[float, float]
    episodes: int
    steps: int
    chosen: int
    plans: int
    faults: Mapping[str, int]
    first_fault: str
    information: str = COMMUNICATED


def with_skill(library: Library, skill: Skill) -> Library:
    """The library with this skill in the place of the one of its name, or added.

    It is found where that one was found: what that one has proven counts for it until it has proven something itself.
    """
    skills = {**library.skills, skill.name: skill}
    replaced = library.skills.get(skill.name)
    known = {skill.sha256: library.merits[replaced.sha256]} if replaced and replaced.sha256 in library.merits else {}
    broken = tuple(each for each in library.broken if each.file != f"{skill.name}.py")
    skills = {name: skills[name] for name in sorted(skills)}
    return replace(library, skills=skills, broken=broken, merits={**known, **library.merits})


def changed_skills(parent: Library, candidate: Library) -> tuple[str, ...]:
    """The names of the candidate's skills that the parent lacks or has otherwise."""
    before = {name: skill.sha256 for name, skill in parent.skills.items()}
    return tuple(name for name, skill in candidate.skills.items() if before.get(name) != skill.sha256)


def try_candidate(
    arena: Arena,
    parent: Library,
    candidate: Library,
    test: PairedTest | None = None,
    seed: int = 0,
    progress: Callable[[PairedTest], None] = lambda test: None,
) -> TrialResult:
    """Let both libraries play the arena's battles from `seed` on, until `test` (None: a fresh `PairedTest`) decides.

    A candidate whose changed skills nobody chooses in the first battles is rejected, as is one whose changed skills lose a process,
    and one that wins only where its battles share processes, as hostile code may that carries things from one to another.
    progress: called after each look that decided nothing.

    Raises:
        InputError: the libraries do not differ, the battles do not exist, or as `Arena.watch` says.
    """
    test = test or PairedTest()
    if candidate.content_hash == parent.content_hash:
        raise InputError("the library has this very skill already; change a copy of the file that lies elsewhere")
    check_seeds(seed, test.cap)
    sides = _Sides(changed_skills(parent, candidate))
    while True:
        size = min(LOOK if test.pairs else FIRST_LOOK, test.cap - test.pairs)
        seeds = range(seed + test.pairs, seed + test.pairs + size)
        ours = arena.watch(candidate, seeds)
        sides.count_candidate(ours)
        reason = sides.objection(len(seeds))
        if reason:
            decision = test.standing(Verdict.REJECTED, reason)
            break
        found = test.add(*sides.count_wins(ours, arena.watch(parent, seeds)))
        if found is not None:
            decision = found
            if found.verdict is Verdict.ADMITTED:
                reason = sides.played_otherwise(arena, candidate)
                decision = test.standing(Verdict.REJECTED, reason) if reason else found
            break
        progress(test)
    return TrialResult(
        scenario=arena.scenario.name,
        observation=arena.observation,
        changed=sides.changed,
        verdict=decision.verdict,
        reason=decision.reason,
        seed=seed,
        pairs=decision.pairs,
        candidate_wins=sides.candidate_wins,
        parent_wins=sides.parent_wins,
        candidate_only=decision.candidate_only,
        parent_only=decision.parent_only,
        difference=decision.difference,
        interval=decision.interval,
        episodes=sides.episodes,
        steps=sides.steps,
        chosen=sides.chosen,
        plans=sides.plans,
        faults=dict(sorted(sides.faults.items())),
        first_fault=sides.first_fault,
        information=arena.episode.information,
    )


class _Sides:
    """Sums over a trial's battles."""

    def __init__(self, changed: tuple[str, ...]) -> None:
        self.changed = changed
        self.candidate_wins = self.parent_wins = 0
        self.episodes = self.steps = self.chosen = self.plans = 0
        self.faults: Counter[str] = Counter()
        self.first_fault = ""
        self._gained: list[Episode] = []

    def count_candidate(self, episodes: Sequence[Episode]) -> None:
        """What became of the candidate's skills, and what that cost."""
        self._count(episodes)
        for each in episodes:
            self.plans += each.result.plans
            for name in self.changed:
                self.chosen += each.chosen.get(name, 0)
                self.faults.update(each.faults.get(name, {}))
                self.first_fault = self.first_fault or each.first_faults.get(name, "")

    def count_wins(self, ours: Sequence[Episode], theirs: Sequence[Episode]) -> tuple[list[bool], list[bool]]:
        """Which battles the candidate won, of those already counted, and which the parent, whose battles count here."""
        self._count(theirs)
        won, by_parent = ([each.result.outcome is Outcome.WIN for each in side] for side in (ours, theirs))
        self.candidate_wins += sum(won)
        self.parent_wins += sum(by_parent)
        self._gained += [
            each for each, ours_, theirs_ in zip(ours, won, by_parent, strict=True) if ours_ and not theirs_
        ]
        return won, by_parent

    def played_otherwise(self, arena: Arena, candidate: Library) -> str:
        """Why the candidate's gains are none, "" for good ones: some of those battles, played alone.

        Drawn by the candidate's hash, which no code can contain: always the same, but not known to it.
        """
        drawn = Random(candidate.content_hash).sample(self._gained, min(CHECKED, len(self._gained)))
        again = arena.watch(candidate, [each.result.seed for each in drawn], alone=True)
        self._count(again)
        for before, after in zip(drawn, again, strict=True):
            reproducible = before.result.reproducible and after.result.reproducible
            if reproducible and before.result != after.result:
                return (
                    f"battle {before.result.seed} goes otherwise when it is played alone: something was carried into it"
                )
        return ""

    def _count(self, episodes: Sequence[Episode]) -> None:
        self.episodes += len(episodes)
        self.steps += sum(each.result.length for each in episodes)

    def objection(self, battles: int) -> str:
        """Why the candidate may not go on, "" when it may."""
        if self.changed and not self.chosen:
            return f"never chosen in {battles} battles: {', '.join(self.changed)}"
        unbearable = UNBEARABLE & self.faults.keys()
        if unbearable:
            return f"lost its process ({', '.join(sorted(unbearable))}); its first fault: {self.first_fault}"
        return ""
