"""What is tried again, and when."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from compass.models.base import Failure, FaultKind


class AttemptFailed(Exception):
    """One attempt gave no answer.

    again: whether another attempt may succeed, `wait` the seconds the server asks to wait before it. wording: the server may have
    stumbled over how it was asked, not over what.
    """

    def __init__(
        self, kind: FaultKind, detail: str, again: bool = True, wait: float | None = None, wording: bool = False
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.again, self.wait, self.wording = kind, detail, again, wait, wording

    @property
    def failure(self) -> Failure:
        """As it stands in a reply."""
        return Failure(self.kind, self.detail)


@dataclass(frozen=True)
class Backoff:
    """How often a call is tried, and how long it waits between: `first` seconds, doubled each time, a quarter up or down by
    chance; or what the server asks for, `longest` at most.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 60.0

    def wait(self, failed: int, asked: float | None) -> float:
        """Seconds to wait after so many failed attempts."""
        if asked is not None:
            return min(asked, self.longest)
        return min(self.first * 2.0 ** (failed - 1) * random.uniform(0.75, 1.25), self.longest)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header, a number or an HTTP date, asks to wait; None without one that can be read."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return max(seconds, 0.0) if not math.isnan(seconds) else None


def _seconds_until(date: str) -> float:
    """Seconds until an HTTP date; NaN if it is none."""
    try:
        then = parsedate_to_datetime(date)
        return (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):  # what the standard library has for dates that are none
        return math.nan
