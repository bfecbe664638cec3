"""The evolution of a library: in every round candidates are made, raced, tuned and tried, and one that wins more is admitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean

import numpy as np

from compass.evolve.base import Effort, Gathered, Situation, Synthesizer
from compass.evolve.edit import with_values
from compass.evolve.race import race
from compass.evolve.recipes import recipes_of
from compass.evolve.tune import tune
from compass.skills.library import Library, Skill, check_source
from compass.skills.store import Candidate, Judgement, Store
from compass.synthesis.recipe import Recipe
from compass.trial.arena import Arena
from compass.trial.gate import GateResult, gate
from compass.trial.sequential import PairedTest, Verdict
from compass.trial.trial import TrialResult, try_candidate, with_skill
from compass.types import Outcome

_SEEDS = 10**7  # battles between those of one seed and of the next

Told = Callable[[str], None]
Watch = Callable[[Arena, Library, Sequence[int]], Gathered]
"""Plays battles to show how a library stands: what planners wanted, and the battles."""


@dataclass(frozen=True)
class Round:
    """What became of a round. `dataclasses.asdict` of it is JSON.

    won: the share of a few battles that the library won before it, None where none could be played. proposals: how many candidates
    were made. candidate: the id of the one that was tried at last, None where none came so far; skill, verdict, reason, and of its
    trial the difference and the pairs are about it. episodes: battles spent on all of it.
    """

    number: int
    scenario: str
    won: float | None
    proposals: int
    candidate: str | None
    skill: str | None
    verdict: str
    reason: str
    difference: float | None
    pairs: int
    episodes: int


@dataclass(frozen=True)
class _Entrant:
    """A candidate that loads: its id in the store, and the skill that it is."""

    id: str
    candidate: Candidate
    skill: Skill


def by_rules(arena: Arena, library: Library, seeds: Sequence[int]) -> Gathered:
    """Watch the scripted planner, which wants nothing of a library that plays at all."""
    return Gathered((), tuple(arena.watch(library, seeds)))


class Evolution:
    """Rounds on one library. arenas: of the scenarios, which take turns. watch: plays the battles before a round. told: called with
    what is being done, in words.
    """

    def __init__(
        self,
        store: Store,
        arenas: Sequence[Arena],
        synthesizer: Synthesizer,
        seed: int,
        effort: Effort,
        watch: Watch,
        told: Told = lambda words: None,
    ) -> None:
        self._store, self._arenas, self._synthesizer, self._told = store, arenas, synthesizer, told
        self._next = seed * _SEEDS
        self._effort, self._watch = effort, watch
        self._draw = np.random.default_rng(seed)
        self._results: list[str] = []
        self._promising: dict[str, Recipe] = {}
        self._before = sum(arena.played for arena in arenas)
        self.rounds = 0

    @property
    def episodes(self) -> int:
        """Battles played so far."""
        return sum(arena.played for arena in self._arenas) - self._before

    def round(self) -> Round:
        """Play one round.

        Raises:
            InputError: the library has no skill for a unit type, cannot be changed, or skills cannot be confined here.
        """
        arena = self._arenas[self.rounds % len(self._arenas)]
        self.rounds += 1
        before = self.episodes
        self._store.notice()
        library = self._store.live()
        self._told("looking how the library stands")
        wants, battles = self._watch(arena, library, self._fresh(self._effort.glance))
        known = {**recipes_of(self._store, library), **self._promising}
        situation = Situation(arena.scenario, library, wants, tuple(self._results), battles, known)
        proposed = self._synthesizer.propose(situation, self._effort.proposals)
        verdict, reason = "rejected", "no candidate kept up with the library"
        winner = self._raced(arena, library, [each for each in map(self._submitted, proposed) if each is not None])
        result = None
        if winner is not None:
            winner = self._tuned(arena, library, winner)
            judgement, result = self._try(arena, library, winner)
            verdict, reason = judgement.verdict, judgement.reason
            self._remember(winner, verdict, result)
        return Round(
            number=self.rounds,
            scenario=arena.scenario.name,
            won=fmean(episode.result.outcome is Outcome.WIN for episode in battles) if battles else None,
            proposals=len(proposed),
            candidate=winner.id if winner else None,
            skill=winner.skill.name if winner else None,
            verdict=verdict,
            reason=reason,
            difference=result.difference if result else None,
            pairs=result.pairs if result else 0,
            episodes=self.episodes - before,
        )

    def _remember(self, entrant: _Entrant, verdict: str, result: TrialResult | None) -> None:
        """Go on from a recipe that did well and was not sure to be better; forget it once another one is in its place."""
        name = entrant.skill.name
        if verdict == Verdict.ADMITTED:
            self._promising.pop(name, None)
        elif (
            verdict == Verdict.UNDECIDED and result and result.difference > 0 and "recipe" in entrant.candidate.evidence
        ):
            self._promising[name] = Recipe.from_json(entrant.candidate.evidence["recipe"])

    def _fresh(self, count: int) -> range:
        """Battles that this evolution has not played yet."""
        self._next += count
        return range(self._next - count, self._next)

    def _submitted(self, candidate: Candidate) -> _Entrant | None:
        """The candidate, kept in the store; None where it is no skill."""
        id_ = self._store.submit(candidate)
        found = check_source(candidate.source, self._store.folder / f"{candidate.name}.py")
        if isinstance(found, Skill):
            return _Entrant(id_, candidate, found)
        self._judge(id_, Verdict.REJECTED, f"it does not load: {found[0]}")
        return None

    def _raced(self, arena: Arena, library: Library, entrants: Sequence[_Entrant]) -> _Entrant | None:
        """The one that goes on; the others are judged."""
        if not entrants:
            return None
        self._told(f"{len(entrants)} candidates race")
        skills = [entrant.skill for entrant in entrants]
        standings, first = race(arena, library, skills, self._fresh, self._effort.heats)
        for at, (entrant, standing) in enumerate(zip(entrants, standings, strict=True)):
            if at != first:
                self._judge(entrant.id, Verdict.REJECTED, f"lost a race, {standing}", episodes=standing.battles)
        return None if first is None else entrants[first]

    def _tuned(self, arena: Arena, library: Library, entrant: _Entrant) -> _Entrant:
        """The same with better values, where it has values."""
        self._told(f"tuning {entrant.skill.name} ({entrant.candidate.reason})")
        spent = arena.played
        values = tune(arena, library, entrant.skill, self._fresh, self._draw, self._effort)
        if values == entrant.skill.parameters:
            return entrant
        evidence = {**entrant.candidate.evidence, "tuned": entrant.id}
        if "recipe" in evidence:
            recipe = Recipe.from_json(evidence["recipe"])
            evidence["recipe"] = replace(recipe, parameters=values).to_json()
        words = f"{entrant.candidate.reason}; tuned"
        tuned = replace(entrant.candidate, source=with_values(entrant.skill, values), reason=words, evidence=evidence)
        found = self._submitted(tuned)
        assert found is not None  # other values in their ranges
        self._judge(entrant.id, Verdict.UNDECIDED, f"tuned, it is {found.id}", episodes=arena.played - spent)
        return found

    def _try(self, arena: Arena, library: Library, entrant: _Entrant) -> tuple[Judgement, TrialResult | None]:
        """Gate and trial; what then stands in the store."""
        self._told(f"trying {entrant.skill.name} ({entrant.candidate.reason})")
        passed = gate(entrant.skill)
        if not passed.passed:
            return self._judge(entrant.id, Verdict.REJECTED, passed.problems[0], passed), None
        candidate = with_skill(library, entrant.skill)
        result = self._trial(arena, library, candidate)
        verdict, reason, spent = result.verdict, result.reason, result.episodes
        for other in self._arenas:
            if verdict is not Verdict.ADMITTED:
                break
            if other is not arena and any(map(entrant.skill.serves, other.scenario.unit_types)):
                elsewhere = self._trial(other, library, candidate)
                spent += elsewhere.episodes
                if elsewhere.verdict is Verdict.REJECTED and elsewhere.chosen:
                    verdict, reason = Verdict.REJECTED, f"{elsewhere.reason} in {other.scenario.name}"
        return self._judge(entrant.id, verdict, reason, passed, result, spent), result

    def _trial(self, arena: Arena, library: Library, candidate: Library) -> TrialResult:
        test = PairedTest(cap=self._effort.pairs, margin=self._effort.margin)
        return try_candidate(arena, library, candidate, test, self._fresh(test.cap)[0])

    def _judge(
        self,
        id_: str,
        verdict: Verdict,
        reason: str,
        passed: GateResult | None = None,
        result: TrialResult | None = None,
        episodes: int = 0,
    ) -> Judgement:
        judgement = Judgement(
            verdict, reason, asdict(passed) if passed else {}, asdict(result) if result else None, episodes
        )
        stands = self._store.judge(id_, judgement)
        kept = self._store.candidate(id_)
        self._results.append(f"{kept.skill} ({kept.reason}): {stands.verdict}, {stands.reason}")
        return stands
