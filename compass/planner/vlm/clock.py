"""When a decision that took time to think takes effect: the game waits for it, or runs on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from compass.observation.decode import STEP_SECONDS
from compass.types import Plan


@dataclass
class _Pending:
    """A plan that is thought about in a future."""

    future: Future[Plan]

    def plan(self) -> Plan:
        """The plan."""
        return self.future.result()

    def drop(self) -> None:
        """Give up the calls under way."""
        self.future.cancel()


class Waiting(_Pending):
    """The game stands still until the plan is there."""

    def arrived(self, steps: int) -> bool:
        """True, after waiting for the plan.

        Raises:
            InputError: no call can succeed, or a recording lacks one.
            CancelledError: (of concurrent.futures) the planner was stopped meanwhile.
        """
        self.future.result()
        return True


@dataclass
class RunningOn(_Pending):
    """The game goes on at its own speed: a plan takes effect at the first step that begins after it is there, never at once.

    game_speed: game seconds per second. took: told after how many steps the plan took effect.
    """

    game_speed: float
    took: Callable[[int], None]
    asked: float = field(default_factory=monotonic)

    def arrived(self, steps: int) -> bool:
        """Whether the plan is there when the step begins; waits for that moment, but not when the plan is there.

        Raises:
            InputError: no call can succeed.
            CancelledError: (of concurrent.futures) the planner was stopped meanwhile.
        """
        if steps == 0:
            return False
        begins = self.asked + steps * STEP_SECONDS / self.game_speed
        with suppress(TimeoutError, CancelledError):
            self.future.exception(max(0.0, begins - monotonic()))
        if not self.future.done():
            return False
        self.future.result()
        self.took(steps)
        return True


@dataclass
class PlayedBack(_Pending):
    """A plan takes effect when it did in the recording. delay: after so many steps; None: it never did."""

    delay: int | None

    def arrived(self, steps: int) -> bool:
        """Whether this is the recorded step; only then the plan is waited for.

        Raises:
            InputError: the recording lacks a call.
            CancelledError: (of concurrent.futures) the planner was stopped meanwhile.
        """
        if self.delay is None or steps < self.delay:
            return False
        self.future.result()
        return True
