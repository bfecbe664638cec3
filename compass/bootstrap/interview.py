"""Questions to a model whose answers are judged here: asked, judged, asked once more with every complaint, then given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from compass.models.base import Call, FaultKind, Model, Picture, Turn
from compass.models.budget import Budget
from compass.models.cassette import Tape
from compass.planner.vlm.answers import Answer, schema_of
from compass.planner.vlm.extract import Unusable, answer_in
from compass.planner.vlm.prompts import Prompts

T = TypeVar("T", bound=Answer)
V = TypeVar("V")

_QUOTED = 16_000  # characters of a bad answer that are shown to the model again
_ANSWERED_BADLY = (FaultKind.EMPTY, FaultKind.TOO_LONG)


class Refused(Exception):
    """An answer of the right form that cannot be used: every complaint about it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Given(Generic[V]):
    """What became of a question: the answer's worth, or None with the reasons.

    text: the last answer, as it came; turns: the conversation that it answered; model: who answered, as the server says. reasons:
    of a value, why its first answer was not taken.
    """

    value: V | None
    reasons: tuple[str, ...] = ()
    text: str = ""
    turns: tuple[Turn, ...] = ()
    model: str = ""


@dataclass(frozen=True)
class Question(Generic[T]):
    """One question: its place on the tape (topic and number), the module that asks, the system's text and its own, its pictures,
    and the form of the answer.
    """

    place: tuple[int, int]
    module: str
    system: str
    text: str
    shape: type[T]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Interview:
    """The way to a model for the questions of one bootstrap."""

    model: Model
    tape: Tape
    budget: Budget
    prompts: Prompts
    answer_tokens: int

    async def put(self, question: Question[T], judge: Callable[[T], V]) -> Given[V]:
        """What `judge` makes of the answer, at the second attempt at the latest.

        judge: raises `Refused`; it is run in a thread of its own.

        Raises:
            InputError: no call can succeed, or the tape cannot be written.
        """
        asked: tuple[Turn, ...] = (Turn("system", question.system), Turn("user", question.text, question.pictures))
        turns, given = asked, Given[V](None)
        for _ in range(2):
            stopped = self.budget.stop(0)
            if stopped is not None:
                return replace(given, reasons=(*given.reasons, f"not asked: stopped by {stopped}"))
            call = Call(question.module, turns, schema_of(question.shape), self.answer_tokens)
            reply = await self.tape.ask(self.model, *question.place, call)
            text = reply.text or ""
            try:
                if reply.text is not None:
                    value = await asyncio.to_thread(judge, answer_in(text, question.shape))
                    return Given(value, given.reasons, text, turns, reply.model)
                reasons = tuple(failure.detail for failure in reply.failures[-1:]) or ("no answer",)
                given = replace(given, reasons=reasons) if given.text else Given(None, reasons, turns=turns)
                if reply.failures and reply.failures[-1].kind not in _ANSWERED_BADLY:
                    return given
            except Unusable as error:
                given = Given(None, (error.failure.detail,), text, turns, reply.model)
            except Refused as error:
                given = Given(None, error.reasons, text, turns, reply.model)
            problem = "\n".join(f"- {reason}" for reason in given.reasons)
            repair = Turn("user", self.prompts.fill("bootstrap_repair", problem=problem))
            turns = (*asked, Turn("assistant", text[:_QUOTED] or "(empty)"), repair)
        return given
