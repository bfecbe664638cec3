"""The evolution of a library: in every round candidates are made, raced and tried, and one that wins more is admitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from compass.errors import InputError
from compass.evolve.base import Effort, Gathered, Situation, Synthesizer
from compass.evolve.entries import Entrant, Entries
from compass.evolve.race import race
from compass.evolve.recipes import recipes_of
from compass.skills.library import Library
from compass.skills.store import Judgement, Store
from compass.synthesis.recipe import Recipe
from compass.trial.arena import Arena
from compass.trial.sequential import PairedTest, Verdict
from compass.trial.trial import TrialResult, try_candidate, with_skill
from compass.types import Outcome

_OF_A_SEED = 10**9  # battles; the first ones are those of `compass skills try`
_OF_A_CANDIDATE = 20_000  # more than a round takes: an evolution that goes on begins behind all that was played

Told = Callable[[str], None]
Watch = Callable[[Arena, Library, Sequence[int]], Gathered]
"""Plays battles to show how a library stands: what planners wanted, and the battles."""


@dataclass(frozen=True)
class Round:
    """What became of a round. `dataclasses.asdict` of it is JSON.

    won: the share of a few battles that the library won before it, None where none could be played. proposals: how many candidates
    were made; tried: how many of them came to a trial. candidate: the id of the one that was tried at last, None for nobody; skill,
    verdict and reason are about it, and of its trial seed (of the first battle), pairs, wins of either side, difference and
    interval, as in `compass.trial.trial.TrialResult`, None where there was no trial. episodes: battles spent on all of it.
    """

    number: int
    scenario: str
    won: float | None
    proposals: int
    tried: int
    candidate: str | None
    skill: str | None
    verdict: str
    reason: str
    seed: int | None
    pairs: int
    candidate_wins: int | None
    parent_wins: int | None
    difference: float | None
    interval: tuple[float, float] | None
    episodes: int


@dataclass(frozen=True)
class _Promise:
    """A recipe that did well and was not sure to be better: than which text (its sha256, None for a new skill), and by how much."""

    recipe: Recipe
    parent: str | None
    difference: float


class _Tried(NamedTuple):
    """Who was tried, None for nobody, what came of it, and the trial, if there was one."""

    entrant: Entrant | None
    judgement: Judgement
    result: TrialResult | None


_NOBODY_AHEAD, _NOBODY_FIT = (
    Judgement(Verdict.REJECTED, f"no candidate {words}", {}, None, 0)
    for words in ("got ahead of the library", "could be tried")
)


def by_rules(arena: Arena, library: Library, seeds: Sequence[int]) -> Gathered:
    """Watch the scripted planner; what it may want is not asked for, since rules make nothing of words."""
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
        self._effort, self._watch = effort, watch
        self._next = (seed + 1) * _OF_A_SEED + _OF_A_CANDIDATE * len(store.candidates())
        self._entries = Entries(store)
        self._promises: dict[str, _Promise] = {}
        self._before = sum(arena.played for arena in arenas)
        self._watched = 0
        self.rounds = 0

    @property
    def episodes(self) -> int:
        """Battles played so far."""
        return sum(arena.played for arena in self._arenas) - self._before + self._watched

    def round(self) -> Round:
        """Play one round. However it ends, no candidate of it stays without a judgement, unless the process is killed.

        Raises:
            InputError: the library has no skill for a unit type, cannot be changed, or skills cannot be confined here.
        """
        try:
            return self._round()
        except BaseException as error:
            try:
                self._entries.leave("the evolution was stopped")
            except InputError as other:
                error.add_note(str(other))
            raise

    def _round(self) -> Round:
        arena = self._arenas[self.rounds % len(self._arenas)]
        self.rounds += 1
        before = self.episodes
        self._store.notice()
        library = self._store.live()
        situation = self._situation(arena, library)
        proposed = self._synthesizer.propose(situation, self._effort.proposals)
        entrants = [entrant for entrant in map(self._entries.submit, proposed) if entrant is not None]
        tried = self._in_turn(arena, library, self._raced(arena, library, entrants))
        last = tried[-1] if tried else _Tried(None, _NOBODY_AHEAD if entrants else _NOBODY_FIT, None)
        entrant, judgement, result = last
        return Round(
            number=self.rounds,
            scenario=arena.scenario.name,
            won=fmean(each.result.outcome is Outcome.WIN for each in situation.battles) if situation.battles else None,
            proposals=len(proposed),
            tried=len(tried),
            candidate=entrant.id if entrant else None,
            skill=entrant.skill.name if entrant else None,
            verdict=judgement.verdict,
            reason=judgement.reason,
            seed=result.seed if result else None,
            pairs=result.pairs if result else 0,
            candidate_wins=result.candidate_wins if result else None,
            parent_wins=result.parent_wins if result else None,
            difference=result.difference if result else None,
            interval=result.interval if result else None,
            episodes=self.episodes - before,
        )

    def _situation(self, arena: Arena, library: Library) -> Situation:
        self._told("looking how the library stands")
        before = arena.played
        wants, battles = self._watch(arena, library, self._fresh(self._effort.glance))
        self._watched += len(battles) - (arena.played - before)
        known = recipes_of(self._store, library)
        for name, promise in self._promises.items():
            skill = library.skills.get(name)
            if promise.parent == (skill.sha256 if skill else None):  # else somebody changed the skill meanwhile
                known[name] = promise.recipe
        retired = {name for name, each in self._store.statistics().items() if each.state == "retired"}
        tried = tuple(self._entries.results)
        return Situation(arena.scenario, library, wants, tried, battles, known, frozenset(retired))

    def _remember(self, entrant: Entrant, judgement: Judgement, result: TrialResult | None) -> None:
        """Go on from a recipe that did well and was not sure to be better, until a better one is found."""
        name, recipe, parent = entrant.skill.name, entrant.candidate.evidence.get("recipe"), entrant.candidate.parent
        if judgement.verdict != Verdict.UNDECIDED or recipe is None or result is None or result.difference <= 0:
            return
        known = self._promises.get(name)
        if known is None or known.parent != parent or known.difference < result.difference:
            self._promises[name] = _Promise(Recipe.from_json(recipe), parent, result.difference)

    def _fresh(self, count: int) -> range:
        """Battles that this evolution has not played yet."""
        self._next += count
        return range(self._next - count, self._next)

    def _raced(self, arena: Arena, library: Library, entrants: Sequence[Entrant]) -> list[Entrant]:
        """Those that go on, the best first; the others are judged."""
        if not entrants:
            return []
        self._told(f"{len(entrants)} candidates race")
        skills = [entrant.skill for entrant in entrants]
        standings, ahead = race(arena, library, skills, self._fresh, self._effort.heats)
        raced = [self._entries.after(entrant, each.battles) for entrant, each in zip(entrants, standings, strict=True)]
        for at, entrant in enumerate(raced):
            if at not in ahead:
                self._entries.judge(entrant, Verdict.REJECTED, f"lost a race, {standings[at]}")
        return [raced[at] for at in ahead]

    def _in_turn(self, arena: Arena, library: Library, entrants: Sequence[Entrant]) -> list[_Tried]:
        """Try one after the other until one is admitted: then the library is another than the rest have raced with."""
        tried: list[_Tried] = []
        for entrant in entrants:
            if tried and tried[-1].judgement.verdict == Verdict.ADMITTED:
                self._entries.judge(entrant, Verdict.UNDECIDED, "another one of the same race came in")
                continue
            tried.append(_Tried(entrant, *self._try(arena, library, entrant)))
            self._remember(entrant, *tried[-1][1:])
        return tried

    def _try(self, arena: Arena, library: Library, entrant: Entrant) -> tuple[Judgement, TrialResult | None]:
        """The trial, and of one that is won those in the other scenarios that the skill's unit types are in; none for what somebody
        has kept out meanwhile.
        """
        refusal = self._store.refusal(entrant.id)
        if refusal:
            return self._entries.judge(entrant, Verdict.REJECTED, refusal), None
        self._told(f"trying {entrant.skill.name} ({entrant.candidate.reason})")
        candidate = with_skill(library, entrant.skill)
        trials = [self._trial(arena, library, candidate)]
        verdict, reason = trials[0].verdict, trials[0].reason
        for other in self._arenas:
            if verdict is not Verdict.ADMITTED:
                break
            if other is not arena and any(map(entrant.skill.serves, other.scenario.unit_types)):
                elsewhere = self._trial(other, library, candidate)
                trials.append(elsewhere)
                if elsewhere.chosen and elsewhere.difference < -self._effort.margin:
                    verdict = Verdict.REJECTED
                    reason = f"{100 * elsewhere.difference:+.1f} points in {elsewhere.pairs} battles of {other.scenario.name}"
        entrant = self._entries.after(entrant, sum(each.episodes for each in trials))
        return self._entries.judge(entrant, verdict, reason, trials), trials[0]

    def _trial(self, arena: Arena, library: Library, candidate: Library) -> TrialResult:
        test = PairedTest(cap=self._effort.pairs, margin=self._effort.margin)
        return try_candidate(arena, library, candidate, test, self._fresh(test.cap)[0])
