"""What follows from a log: each skill's versions, the candidates, what should lie on the disk. It can be rebuilt at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from compass.skills.library import Merit
from compass.skills.store.log import Event
from compass.skills.store.records import ADMITTED, HUMAN, REJECTED, UNDECIDED, Judgement


@dataclass(frozen=True, slots=True)
class Version:
    """A text that was a skill's live one. number: from 1 up. by: its author. when: since then, UTC. event: how it came to be."""

    number: int
    skill: str
    sha256: str
    by: str
    when: str
    event: str
    candidate: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A candidate as the log tells of it: its source, prompt and reply by sha256, and what came of it, None until judged."""

    id: str
    skill: str
    sha256: str
    by: str
    at: str
    parent: str | None
    reason: str
    prompt: str | None
    reply: str | None
    evidence: Mapping[str, Any]
    judgement: Judgement | None = None
    judged_at: str | None = None

    @property
    def verdict(self) -> str | None:
        """What came of it, None until judged."""
        return self.judgement.verdict if self.judgement else None


@dataclass(frozen=True, slots=True)
class SkillStatistics:
    """One skill in numbers.

    state: "live", "broken" (an edit that does not load), "retired", "removed" (by hand), or "never live" (candidates only).
    candidates: all ever submitted, of which so many were admitted, rejected, undecided. episodes: battles spent on trying them.
    pairs, wins: of the trial that brought the live version, or that one made by hand had since, battles of either side and how many
    of them it won; None where there was no trial. changed: when it changed last, UTC.
    """

    state: str
    versions: int
    candidates: int
    admitted: int
    rejected: int
    undecided: int
    episodes: int
    pairs: int | None
    wins: int | None
    changed: str


class Ledger:
    """The events of one log, taken in one after the other, and what they come to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.candidates: dict[str, Kept] = {}
        self.present: dict[str, str] = {}
        """By skill, the sha256 of what should lie in its file, good or broken; no entry where there should be no file."""
        self.pending: Event | None = None
        """The change that was begun and neither done nor dropped."""
        self._versions: dict[str, list[Version]] = {}
        self._tried: dict[tuple[str, int], Judgement] = {}
        self._retired: set[str] = set()
        self._changed: dict[str, str] = {}
        self._episodes: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """Take in the next event."""
        self.events.append(event)
        handler = _HANDLERS.get(event.kind)
        if handler:
            handler(self, event)

    def history(self, skill: str) -> tuple[Version, ...]:
        """The versions of a skill, oldest first; none of a skill that was never live."""
        return tuple(self._versions.get(skill, ()))

    def last(self, skill: str) -> Version | None:
        """The last good version of a skill, which is the live one while its file holds it."""
        versions = self._versions.get(skill)
        return versions[-1] if versions else None

    def untried(self) -> list[tuple[Version, Version]]:
        """The versions made by hand that were never tried, by skill, oldest first, each with the version before it."""
        pairs = [pair for skill in sorted(self._versions) for pair in pairwise(self._versions[skill])]
        return [
            (later, earlier)
            for earlier, later in pairs
            if later.by == HUMAN and later.event in _BY_HAND and (later.skill, later.number) not in self._tried
        ]

    def state(self, skill: str) -> str:
        """As in `SkillStatistics`."""
        last = self.last(skill)
        if skill in self.present:
            return "live" if last and self.present[skill] == last.sha256 else "broken"
        if last is None:
            return "never live"
        return "retired" if skill in self._retired else "removed"

    def skills(self) -> list[str]:
        """All names that ever were a skill's or a candidate's, ascending."""
        names = {candidate.skill for candidate in self.candidates.values()}
        return sorted(names | self._versions.keys() | self.present.keys())

    def statistics(self) -> dict[str, SkillStatistics]:
        """Every skill in numbers, by name."""
        verdicts: dict[str, list[str | None]] = {skill: [] for skill in self.skills()}
        for candidate in self.candidates.values():
            verdicts[candidate.skill].append(candidate.verdict)
        return {skill: self._statistics(skill, verdicts[skill]) for skill in verdicts}

    def merits(self) -> dict[str, Merit]:
        """What is known of every text that ever was live, by sha256; a text that came back is live since then."""
        versions = [version for history in self._versions.values() for version in history]
        judged = [(each.sha256, each.judgement) for each in self.candidates.values()]
        # of a text that came back only its first version counts: later it beat what had replaced it
        first = {(each.skill, each.sha256): each.number for each in reversed(versions)}
        judged += [(sha256, self._tried.get((skill, number))) for (skill, sha256), number in first.items()]
        gains = {sha256: _sure_gain(each) for sha256, each in judged if each and each.verdict == ADMITTED}
        return {version.sha256: Merit(gains.get(version.sha256, 0.0), version.when) for version in versions}

    def _statistics(self, skill: str, verdicts: list[str | None]) -> SkillStatistics:
        last = self.last(skill)
        source = self.candidates.get(last.candidate) if last and last.candidate else None
        judgement = source.judgement if source else self._tried.get((skill, last.number)) if last else None
        trial = judgement.trial if judgement and judgement.trial else {}
        return SkillStatistics(
            state=self.state(skill),
            versions=len(self.history(skill)),
            candidates=len(verdicts),
            admitted=verdicts.count(ADMITTED),
            rejected=verdicts.count(REJECTED),
            undecided=verdicts.count(UNDECIDED),
            episodes=self._episodes.get(skill, 0),
            pairs=trial.get("pairs"),
            wins=trial.get("candidate_wins"),
            changed=self._changed[skill],
        )

    def _seen(self, event: Event) -> None:
        """A good text lies in the file now, by hand or by us."""
        skill, sha256, last = event.skill, event["sha256"], self.last(event.skill)
        self.present[skill] = sha256
        if last is None or last.sha256 != sha256:
            number, candidate = len(self.history(skill)) + 1, event.details.get("candidate")
            version = Version(number, skill, sha256, event["by"], event.at, event.kind, candidate)
            self._versions.setdefault(skill, []).append(version)
        self._changed[skill] = event.at

    def _broke(self, event: Event) -> None:
        self.present[event.skill] = event["sha256"]
        self._changed[event.skill] = event.at

    def _gone(self, event: Event) -> None:
        self.present.pop(event.skill, None)
        self._changed[event.skill] = event.at
        if event.kind == "retired":
            self._retired.add(event.skill)
        else:
            self._retired.discard(event.skill)

    def _submitted(self, event: Event) -> None:
        known = {field: event[field] for field in ("sha256", "by", "parent", "reason", "prompt", "reply", "evidence")}
        candidate = Kept(id=event["candidate"], skill=event.skill, at=event.at, **known)
        self.candidates[candidate.id] = candidate
        self._changed.setdefault(event.skill, event.at)

    def _judged(self, event: Event) -> None:
        self._decide(event["candidate"], Judgement(**event["judgement"]), event)

    def _took_trial(self, event: Event) -> None:
        judgement = Judgement(**event["judgement"])
        self._tried[event.skill, event["version"]] = judgement
        self._episodes[event.skill] = self._episodes.get(event.skill, 0) + judgement.episodes

    def _begun(self, event: Event) -> None:
        self.pending = event

    def _done(self, event: Event) -> None:
        begun, self.pending = self.pending, None
        if event.kind == "retired":
            self._gone(event)
            return
        self._seen(event)
        if event.kind == ADMITTED and begun is not None:
            self._decide(event["candidate"], Judgement(**begun["judgement"]), event)

    def _dropped(self, event: Event) -> None:
        begun, self.pending = self.pending, None
        if begun is not None and begun["change"] == ADMITTED:
            meant = Judgement(**begun["judgement"])
            self._decide(begun["candidate"], replace(meant, verdict=REJECTED, reason=event["reason"]), event)

    def _decide(self, id_: str, judgement: Judgement, event: Event) -> None:
        if id_ in self.candidates:
            self.candidates[id_] = replace(self.candidates[id_], judgement=judgement, judged_at=event.at)
        self._episodes[event.skill] = self._episodes.get(event.skill, 0) + judgement.episodes


_BY_HAND = ("edited", "found")


def _sure_gain(judgement: Judgement) -> float:
    """The lower end of a trial's interval, not below 0; 0 without one, or under full information."""
    trial = judgement.trial or {}
    interval = trial.get("interval") if trial.get("information", "communicated") == "communicated" else None
    if not isinstance(interval, Sequence) or not interval or not isinstance(interval[0], int | float):
        return 0.0
    return max(0.0, float(interval[0]))


_HANDLERS = {
    "found": Ledger._seen,
    "edited": Ledger._seen,
    "broken": Ledger._broke,
    "removed": Ledger._gone,
    "submitted": Ledger._submitted,
    "judged": Ledger._judged,
    "tried": Ledger._took_trial,
    "begun": Ledger._begun,
    "admitted": Ledger._done,
    "reverted": Ledger._done,
    "restored": Ledger._done,
    "retired": Ledger._done,
    "dropped": Ledger._dropped,
}
