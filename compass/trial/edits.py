"""Edits by hand are tried like candidates, against the version before them, but stay live whatever comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial

from compass.skills.library import Broken, Skill, check_content
from compass.skills.store import Judgement, Store, Version
from compass.trial.arena import Arena
from compass.trial.gate import GateResult, gate
from compass.trial.sequential import PairedTest, Verdict
from compass.trial.trial import TrialResult, try_candidate, with_skill


@dataclass(frozen=True)
class TriedEdit:
    """A version made by hand, the one before it, and what came of trying it; trial: None where no battle was played."""

    version: Version
    before: Version
    gate: GateResult
    trial: TrialResult | None
    judgement: Judgement


def try_edits(
    store: Store, arena: Arena, cap: int, seed: int, progress: Callable[[Version, PairedTest], None]
) -> Iterator[TriedEdit]:
    """Try every edit by hand that was never tried, in the library that is live now; each is recorded, then given.

    cap: pairs of battles after which an edit stays undecided. seed: of the first one. progress: called after each look that
    decided nothing.

    Raises:
        InputError: the store cannot be read or written, or as of `try_candidate`.
    """
    for version, before in store.untried():
        skill, parent = (_checked(store, each) for each in (version, before))
        if isinstance(skill, Skill) and not any(map(skill.serves, arena.scenario.unit_types)):
            continue  # another scenario's to tell
        passed, result = gate(skill), None
        if not isinstance(parent, Skill):
            reason = (
                f"version {before.number} does not load any more, so there is nothing to play it against: {parent[0]}"
            )
            judgement = Judgement(Verdict.UNDECIDED, reason, asdict(passed), None, 0)
        else:
            if isinstance(skill, Skill) and passed.passed:
                library, told = store.live(), partial(progress, version)
                sides = with_skill(library, parent), with_skill(library, skill)
                result = try_candidate(arena, *sides, PairedTest(cap=cap), seed, told)
            judgement = judgement_of(passed, result)
        store.record_trial(version.skill, version.number, judgement)
        yield TriedEdit(version, before, passed, result, judgement)


def judgement_of(passed: GateResult, result: TrialResult | None) -> Judgement:
    """A gate's and a trial's findings as a store keeps them; result: None where the gate was not passed."""
    if result is None:
        return Judgement(Verdict.REJECTED, "; ".join(passed.problems), asdict(passed), None, 0)
    return Judgement(result.verdict, result.reason, asdict(passed), asdict(result), result.episodes)


def _checked(store: Store, version: Version) -> Skill | list[Broken]:
    content = store.source(version.sha256).encode()
    return check_content(content, store.folder / f"{version.skill}.py")
