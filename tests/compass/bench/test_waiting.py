"""The measurement of waiting: what it counts, on a small scale."""

from __future__ import annotations

import pytest

from compass.bench.waiting import measure


def test_time_is_set_beside_the_waiting_itself() -> None:
    (wait,) = measure(cells=((0.05, "fused"),), episodes=2)
    assert wait.calls > 10
    assert wait.pictures == pytest.approx(4 * wait.calls, rel=0.5)
    rounds = wait.ideal / 0.05
    assert rounds == pytest.approx(round(rounds)) and 2 <= rounds <= wait.calls
    assert wait.ratio == wait.spent / wait.ideal > 1.0
