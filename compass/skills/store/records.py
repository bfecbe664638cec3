"""What is handed to a store: a candidate, and what came of trying it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

HUMAN = "human"
ADMITTED, REJECTED, UNDECIDED = VERDICTS = ("admitted", "rejected", "undecided")


@dataclass(frozen=True)
class Candidate:
    """A skill file that somebody proposes: the next text of the skill `name`, or a new skill.

    by: who made it, "human", "vlm", "scripted" or another word. parent: sha256 of the source it was made from, None for a new
    skill. prompt, reply: what a model was asked and answered. evidence: anything that orjson can write.
    """

    name: str
    source: str
    by: str
    parent: str | None
    reason: str
    prompt: str | None
    reply: str | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """What came of a candidate. verdict: "admitted", "rejected" or "undecided"; only the last may be followed by another.

    gate, trial: the findings, anything that orjson can write; of a trial the numbers `pairs` (battles played by either side) and
    `candidate_wins`, where given, go into the statistics, and the lower end of `interval` (of the difference in win rate) is what
    the text has proven. episodes: battles spent, both sides together.
    """

    verdict: str
    reason: str
    gate: Mapping[str, Any]
    trial: Mapping[str, Any] | None
    episodes: int

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"a verdict is one of {', '.join(VERDICTS)}, not {self.verdict!r}")

    def fields(self) -> dict[str, Any]:
        """As the log keeps it."""
        return asdict(self)
