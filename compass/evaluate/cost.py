"""What a run has cost: calls, tokens, dollars and seconds, in all, per episode and per win."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compass.models.budget import Spent


@dataclass(frozen=True)
class Cost:
    """The cost of a run of so many finished episodes and wins.

    spent: all calls, those of episodes that were never finished included. dollars: None where the price is not known. seconds: of
    play, waiting for models included, summed over finished episodes.
    """

    spent: Spent
    dollars: float | None
    seconds: float
    episodes: int
    wins: int

    def content(self) -> dict[str, Any]:
        """The figures for programs: None for what is not known, and for a mean over nothing."""
        return spent_fields(self.spent, self.dollars) | {
            "seconds": self.seconds,
            "per_episode": self._per(self.episodes),
            "per_win": self._per(self.wins),
        }

    def line(self) -> str:
        """The cost in one line for people, after a run whose model was called."""
        each, win = self._per(self.episodes), self._per(self.wins)
        unmetered = f" ({self.spent.unmetered:,} calls not counted by the server)" if self.spent.unmetered else ""
        return (
            f"{self.spent.calls:,} calls, {self.spent.tokens:,} tokens{unmetered}, {dollars(self.dollars)}; "
            f"per episode {_amounts(each)}; per win {_amounts(win)}"
        )

    def _per(self, count: int) -> dict[str, float | None]:
        totals = {"tokens": self.spent.tokens, "dollars": self.dollars, "seconds": self.seconds}
        return {name: total / count if count and total is not None else None for name, total in totals.items()}


def spent_fields(spent: Spent, amount: float | None) -> dict[str, Any]:
    """Calls, tokens and their price as plain values; None for an unknown price."""
    return {
        "calls": spent.calls,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "unmetered_calls": spent.unmetered,
        "dollars": amount,
    }


def dollars(amount: float | None) -> str:
    """An amount in words."""
    return "dollars unknown" if amount is None else f"${amount:,.4f}" if amount < 1 else f"${amount:,.2f}"


def _amounts(each: dict[str, float | None]) -> str:
    tokens, seconds = each["tokens"], each["seconds"]
    if tokens is None or seconds is None:
        return "none"
    return f"{tokens:,.0f} tokens, {dollars(each['dollars'])}, {seconds:,.1f} s"
