"""What a run has spent on its model, and the limits that end it between episodes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from math import isfinite
from time import monotonic

from compass.errors import InputError
from compass.models.base import Call, FaultKind, Model, Reply
from compass.models.prices import Price, Tariff, text_tokens


@dataclass(frozen=True)
class Limits:
    """Where a run ends between episodes; None for no limit. Tokens and dollars are the whole run's, minutes those of one start."""

    max_tokens: float | None = None
    max_dollars: float | None = None
    max_minutes: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            limit = getattr(self, each.name)
            if limit is not None and not (isfinite(limit) and limit > 0):
                raise InputError(f"{each.name} is {limit}; give a number above 0, or leave it out")


@dataclass(frozen=True)
class Spent:
    """Calls and their tokens. `unmetered`: calls whose tokens no server counted; where a model has read them they are estimated."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    unmetered: int = 0

    @property
    def tokens(self) -> int:
        """Of prompts and answers together."""
        return self.prompt_tokens + self.completion_tokens

    def dollars(self, price: Price | None) -> float | None:
        """What it all cost, None where the price is not known; no call costs nothing."""
        if not self.calls:
            return 0.0
        return price.dollars(self.prompt_tokens, self.completion_tokens) if price else None

    def beyond(self, other: Spent) -> Spent:
        """What this is more than another, at least nothing."""
        return Spent(*(max(0, getattr(self, each.name) - getattr(other, each.name)) for each in fields(Spent)))

    def __add__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Spent)))


def spent_on(reply: Reply) -> Spent:
    """What a call has cost."""
    unmetered = not reply.metered or reply.prompt_tokens is None
    return Spent(1, reply.prompt_tokens or 0, reply.completion_tokens or 0, int(unmetered))


class Budget:
    """What has been spent, and whether another episode may begin. Several threads may use it at once.

    spent: before this start, on whatever. finished: the costs of the episodes that were finished then. expected: the estimated cost
    of an episode.

    Raises:
        InputError: a limit on dollars where the price is unknown.
    """

    def __init__(
        self, limits: Limits, tariff: Tariff, expected: Spent, spent: Spent, finished: Iterable[Spent]
    ) -> None:
        if limits.max_dollars is not None and tariff.price is None:
            raise InputError(
                "--max-dollars needs the model's price, which is unknown: add it to a file and name that with --prices, "
                "or limit tokens with --max-tokens"
            )
        self._limits, self._tariff, self._expected = limits, tariff, expected
        self._total = spent
        self._finished = list(finished)
        self._open: dict[Meter, Spent] = {}
        self._lock = threading.Lock()
        self._began = monotonic()

    @property
    def total(self) -> Spent:
        """All that was spent."""
        return self._total

    def add(self, meter: Meter, spent: Spent) -> None:
        """Count a call of the episode that is played behind a meter."""
        with self._lock:
            self._total += spent
            self._open[meter] = self._open.get(meter, Spent()) + spent

    def finish(self, meter: Meter, episode: Spent | None) -> None:
        """The episode behind a meter is over, and what it cost in all, earlier starts included; None if it was given up."""
        with self._lock:
            self._open.pop(meter, None)
            if episode is not None:
                self._finished.append(episode)

    def stop(self, running: int) -> str | None:
        """The limit that forbids another episode beside those `running`, in words; None while there is room.

        An episode is expected to cost the mean of those finished, so that the running ones, too, find room.
        """
        minutes = (monotonic() - self._began) / 60
        if self._limits.max_minutes is not None and minutes >= self._limits.max_minutes:
            return f"--max-minutes {self._limits.max_minutes:g}"
        with self._lock:
            mean, total, begun = self._mean(), self._total, list(self._open.values())
        still = [mean.beyond(spent) for spent in begun] + [mean] * (running - len(begun))
        ahead, price = sum((*still, mean), total), self._tariff.price
        for name, limit, used in (
            ("max-tokens", self._limits.max_tokens, ahead.tokens),
            ("max-dollars", self._limits.max_dollars, ahead.dollars(price)),
        ):
            if limit is not None and used is not None and used > limit:
                return f"--{name} {limit:g}"
        return None

    def check(self) -> None:
        """Make sure that one episode fits.

        Raises:
            InputError: it does not.
        """
        reached = self.stop(0)
        if reached is not None:
            each, so_far = self._mean(), self._total.tokens
            raise InputError(
                f"{reached} leaves no room for an episode: one is expected to take about {each.tokens:,} tokens, and {so_far:,} "
                "are spent; raise the limit"
            )

    def _mean(self) -> Spent:
        count = len(self._finished)
        if not count:
            return self._expected
        total = sum(self._finished, Spent())
        return Spent(*(round(getattr(total, each.name) / count) for each in fields(Spent)))


_AFTER_READING = (FaultKind.EMPTY, FaultKind.TOO_LONG, FaultKind.TIMEOUT, FaultKind.PROTOCOL)


class Meter:
    """A model whose calls are counted into a budget, estimated where the server does not count: for one episode at a time."""

    def __init__(self, model: Model, budget: Budget, tariff: Tariff) -> None:
        self._model, self._budget, self._tariff = model, budget, tariff

    async def ask(self, call: Call) -> Reply:
        """The model's reply, with its tokens."""
        reply = self._estimated(call, Reply(None))  # what is left of a call that is given up
        try:
            reply = await self._model.ask(call)
            if None in (reply.prompt_tokens, reply.completion_tokens) and _was_read(reply):
                reply = self._estimated(call, reply)
        finally:
            self._budget.add(self, spent_on(reply))
        return reply

    def _estimated(self, call: Call, reply: Reply) -> Reply:
        tokens = self._tariff.tokens(call), text_tokens(reply.text or "")
        return replace(reply, prompt_tokens=tokens[0], completion_tokens=tokens[1], metered=False)


def _was_read(reply: Reply) -> bool:
    """Whether a model has read the prompt, as far as can be told: then it costs, whatever became of the answer."""
    return reply.text is not None or any(failure.kind in _AFTER_READING for failure in reply.failures[-1:])
