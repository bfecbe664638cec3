"""One question to the model: asked, checked, asked once more with the problem named, then given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from compass.models.base import Call, Failure, FaultKind, Picture, Reply, Turn
from compass.models.lines import one_line
from compass.planner.vlm.answers import Answer, schema_of
from compass.planner.vlm.extract import DETAIL, Unusable, answer_in
from compass.planner.vlm.prompts import Prompts
from compass.types import PlanFault

T = TypeVar("T", bound=Answer)
V = TypeVar("V")

QUOTED = 1500  # characters of a bad answer that are shown to the model again
_ANSWERED_BADLY = (FaultKind.EMPTY, FaultKind.TOO_LONG)

Ask = Callable[[Call], Awaitable[Reply]]


class Dialogue:
    """The calls for one plan of one agent, and what went wrong in them."""

    def __init__(self, ask: Ask, prompts: Prompts, system: str, answer_tokens: int) -> None:
        self._ask = ask
        self._prompts = prompts
        self._answer_tokens = answer_tokens
        self._system = Turn("system", system)
        self.faults: list[PlanFault] = []

    async def put(
        self, module: str, text: str, shape: type[T], judge: Callable[[T], V], pictures: tuple[Picture, ...] = ()
    ) -> V | None:
        """What `judge` makes of the answer to a module's prompt; None where there was no usable one, nor after one repair.

        judge: raises `Unusable` for an answer of the right form that cannot be used.
        """
        turns: tuple[Turn, ...] = (self._system, Turn("user", text, pictures))
        for repairs_left in (1, 0):
            reply = await self._ask(Call(module, turns, schema_of(shape), self._answer_tokens))
            for failure in reply.failures:
                self._note(module, failure)
            if reply.text is None:
                problem = reply.failures[-1] if reply.failures else Failure(FaultKind.EMPTY, "no answer")
                if problem.kind not in _ANSWERED_BADLY:
                    return None
            else:
                try:
                    return judge(answer_in(reply.text, shape))
                except Unusable as error:
                    problem = error.failure
                    self._note(module, problem)
            if repairs_left:
                turns = (*turns, *self._repair(reply.text, problem))
        return None

    def _repair(self, answer: str | None, problem: Failure) -> tuple[Turn, Turn]:
        quoted = one_line(answer or "", QUOTED) or "(empty)"
        return Turn("assistant", quoted), Turn("user", self._prompts.fill("repair", problem=f"{problem.detail}."))

    def _note(self, module: str, failure: Failure) -> None:
        self.faults.append(PlanFault(module, failure.kind.value, one_line(failure.detail, DETAIL)))
