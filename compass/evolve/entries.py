"""Candidates on their way through a round: kept in the store, let through the gate, judged; and what came of each, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from compass.skills.library import Skill, check_source
from compass.skills.store import Candidate, Judgement, Store
from compass.trial.gate import GateResult, gate
from compass.trial.sequential import Verdict
from compass.trial.trial import TrialResult


@dataclass(frozen=True)
class Entrant:
    """A candidate that passed the gate: its id in the store, the skill that it is, and the battles spent on it so far."""

    id: str
    candidate: Candidate
    skill: Skill
    passed: GateResult
    battles: int = 0


class Entries:
    """All candidates of an evolution. `results`: what came of each, a line, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, Judgement] = {}
        self.results: list[str] = []

    def submit(self, candidate: Candidate) -> Entrant | None:
        """Keep a candidate and let it try to pass the gate; None, and judged, where it does not or cannot become live anyway.

        Raises:
            InputError: skills cannot be confined here, or the store cannot be written.
        """
        id_ = self._store.submit(candidate)
        self._open[id_] = Judgement(Verdict.UNDECIDED, "", {}, None, 0)
        found = check_source(candidate.source, self._store.folder / f"{candidate.name}.py")
        passed = gate(found)
        if not isinstance(found, Skill) or not passed.passed:
            self._record(id_, Judgement(Verdict.REJECTED, passed.problems[0], asdict(passed), None, 0))
            return None
        refusal = self._store.refusal(id_)
        if refusal:
            self._record(id_, Judgement(Verdict.REJECTED, refusal, asdict(passed), None, 0))
            return None
        return self.after(Entrant(id_, candidate, found, passed), 0)

    def after(self, entrant: Entrant, battles: int) -> Entrant:
        """The same after more battles."""
        entrant = replace(entrant, battles=entrant.battles + battles)
        self._open[entrant.id] = Judgement(Verdict.UNDECIDED, "", asdict(entrant.passed), None, entrant.battles)
        return entrant

    def leave(self, reason: str) -> None:
        """Judge whoever is still on its way undecided, since nobody will go on with it."""
        for id_, judgement in list(self._open.items()):
            self._record(id_, replace(judgement, reason=reason))

    def judge(self, entrant: Entrant, verdict: Verdict, reason: str, trials: Sequence[TrialResult] = ()) -> Judgement:
        """Record what came of a candidate, and of an admitted one put it into the library; the judgement that stands.

        trials: the one that decided, then those in other scenarios.
        """
        trial = None
        if trials:
            trial = asdict(trials[0]) | ({"elsewhere": [asdict(each) for each in trials[1:]]} if trials[1:] else {})
        return self._record(entrant.id, Judgement(verdict, reason, asdict(entrant.passed), trial, entrant.battles))

    def _record(self, id_: str, judgement: Judgement) -> Judgement:
        stands = self._store.judge(id_, judgement)
        self._open.pop(id_, None)
        kept = self._store.candidate(id_)
        self.results.append(f"{kept.skill} ({kept.reason}): {stands.verdict}, {stands.reason}")
        return stands
