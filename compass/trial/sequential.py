"""The test that decides between two libraries while battles are still being played, however often one looks.

Both play the same battles. What a battle says is x = 1 (only the candidate won), -1 (only the parent did) or 0, and the question is
the mean of x, the difference of the win rates. Against each claim "the mean is at most m" the test bets: its wealth starts at 1 and
is multiplied by 1 + b (x - m) after each battle, for several stakes b at once, between which the first unit is divided equally. As
long as the claim is true no stake wins in expectation, so the wealth ever reaches 1 / alpha with probability alpha at most (Ville's
inequality); that it may be looked at after every battle is the point of it. For m = 0 only discordant battles move the wealth.

Sources: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (JRSS B 86, 2024), sections 3 and 4;
Robbins, Statistical methods related to the law of the iterated logarithm (Ann. Math. Stat. 41, 1970), for dividing the stake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compass.errors import InputError

CAP = 1600
_STAKES = np.geomspace(0.05, 0.8, 8)  # the best one for a difference d where a share s of battles is discordant: d / s
_MEANS = np.linspace(-1.0, 1.0, 2001)


class Verdict(StrEnum):
    """What a trial ends with."""

    ADMITTED = "admitted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Decision:
    """How things stand after so many `pairs` of battles.

    candidate_only, parent_only: battles that just one of them won. difference: of the win rates, candidate minus parent. interval:
    holds the true difference, each end with confidence 1 - alpha, whenever one stops.
    """

    verdict: Verdict
    reason: str
    pairs: int
    candidate_only: int
    parent_only: int
    difference: float
    interval: tuple[float, float]


class PairedTest:
    """Admits what wins more, rejects what wins less, and stops where too little is to be gained.

    alpha: an equal or worse candidate is admitted, and an equal or better one rejected, with at most this probability. cap: pairs
    after which it stays undecided. margin: a gain that should not be missed; what is shown to gain less is undecided at once.
    miss: a candidate that gains that much is so dropped with at most this probability.

    Raises:
        InputError: alpha, margin or miss is not between 0 and 1, or the cap not 1 or more.
    """

    def __init__(self, alpha: float = 0.05, cap: int = CAP, margin: float = 0.05, miss: float = 0.1) -> None:
        for name, value in (("alpha", alpha), ("margin", margin), ("miss", miss)):
            if not 0 < value < 1:
                raise InputError(f"{name} is {value}; give a number between 0 and 1")
        if cap < 1:
            raise InputError(f"the cap is {cap} pairs; give 1 or more")
        self.cap = cap
        self._alpha, self._margin, self._miss = alpha, margin, miss
        self.pairs = self.candidate_only = self.parent_only = 0

    def add(self, candidate_wins: Sequence[bool], parent_wins: Sequence[bool]) -> Decision | None:
        """Count battles that both have played, in the same order; the decision, once there is one."""
        for ours, theirs in zip(candidate_wins, parent_wins, strict=True):
            self.pairs += 1
            self.candidate_only += ours and not theirs
            self.parent_only += theirs and not ours
        if self._wealth(0.0) >= -log(self._alpha):
            return self.standing(Verdict.ADMITTED, "it wins more")
        if self._wealth(0.0, below=True) >= -log(self._alpha):
            return self.standing(Verdict.REJECTED, "it wins less")
        if self._wealth(self._margin, below=True) >= -log(self._miss):
            return self.standing(Verdict.UNDECIDED, f"it does not win {100 * self._margin:g} points more")
        if self.pairs >= self.cap:
            return self.standing(Verdict.UNDECIDED, f"{self.pairs} pairs do not tell them apart")
        return None

    def standing(self, verdict: Verdict, reason: str) -> Decision:
        """The figures so far under this verdict."""
        difference = (self.candidate_only - self.parent_only) / self.pairs if self.pairs else 0.0
        counts = (self.pairs, self.candidate_only, self.parent_only)
        return Decision(verdict, reason, *counts, difference, self._interval())

    def _wealth(self, mean: float, below: bool = False) -> float:
        """Logarithm of the wealth against "the mean is at most `mean`", with `below` against "it is at least `mean`"."""
        return float(self._wealths([mean], below)[0])

    def _wealths(self, means: ArrayLike, below: bool) -> NDArray[np.float64]:
        """The same for many means: float64[means]."""
        ups, downs = self.candidate_only, self.parent_only
        m = np.asarray(means, np.float64)[:, None]
        if below:  # the same bet on -x
            ups, downs, m = downs, ups, -m
        stakes = _STAKES / (1.0 + np.abs(m))  # so that no battle can lose all of it
        logs = (
            ups * np.log1p(stakes * (1.0 - m))
            + downs * np.log1p(-stakes * (1.0 + m))
            + (self.pairs - ups - downs) * np.log1p(-stakes * m)
        )
        wealths: NDArray[np.float64] = np.logaddexp.reduce(logs, axis=1) - log(len(_STAKES))
        return wealths

    def _interval(self) -> tuple[float, float]:
        """The means between those refuted from below and those refuted from above, to a thousandth."""
        refuted = self._wealths(_MEANS, below=False) >= -log(self._alpha)
        too_low = int(np.argmin(refuted))  # the first that is not
        refuted = self._wealths(_MEANS, below=True)[::-1] >= -log(self._alpha)
        too_high = int(np.argmin(refuted))
        low, high = _MEANS[max(too_low - 1, 0)], _MEANS[::-1][max(too_high - 1, 0)]
        return round(float(low), 3), round(float(high), 3)
