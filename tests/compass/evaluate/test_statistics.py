"""Statistics: intervals against published values, outcomes kept apart, pairs matched by seed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.evaluate.statistics import paired_difference, statistics_of, wilson
from compass.types import EpisodeResult, Outcome

WON = EpisodeResult(0, Outcome.WIN, 20.0, 1000.0, 40, 1, 5, 10, 0, {}, True)
LOST = replace(WON, outcome=Outcome.LOSS, returned=10.0, length=60)


def run_of(*outcomes: Outcome, first: int = 0) -> list[EpisodeResult]:
    return [replace(WON, seed=first + i, outcome=outcome) for i, outcome in enumerate(outcomes)]


def test_wilson_intervals_are_those_of_the_textbook():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(20, 20)[1] == 1.0


def test_outcomes_are_kept_apart():
    found = statistics_of(run_of(*Outcome))
    assert found.outcomes == {"win": 1, "loss": 1, "draw": 1, "timeout": 1, "env_crash": 1}
    assert found.episodes == 5


def test_a_crash_of_the_environment_is_nobodys_loss():
    crash = replace(WON, seed=9, outcome=Outcome.ENV_CRASH, returned=0.0, length=0)
    found = statistics_of([WON, replace(LOST, seed=1), crash])
    assert found.win_rate == 0.5
    assert found.win_rate_ci == wilson(1, 2)
    assert (found.return_mean, found.length_mean) == (15.0, 50.0)


@pytest.mark.parametrize("results", [[], [replace(WON, outcome=Outcome.ENV_CRASH)]])
def test_without_an_episode_that_ended_there_are_no_rates(results):
    found = statistics_of(results)
    assert (found.win_rate, found.win_rate_ci, found.return_mean, found.length_mean) == (None, None, None, None)


def test_the_order_of_episodes_does_not_matter():
    results = [replace(WON, seed=i, returned=0.1 * i) for i in range(50)]
    assert statistics_of(results) == statistics_of(reversed(results))


def test_pairs_are_matched_by_seed():
    first = run_of(Outcome.WIN, Outcome.WIN, Outcome.LOSS, Outcome.WIN)
    second = run_of(Outcome.LOSS, Outcome.WIN, Outcome.TIMEOUT, Outcome.WIN, first=1)
    found = paired_difference(first, second)
    assert found is not None
    assert (found.pairs, found.first_only, found.second_only, found.difference) == (3, 2, 1, pytest.approx(1 / 3))


def test_seeds_where_either_crashed_are_no_pairs():
    found = paired_difference(run_of(Outcome.WIN, Outcome.ENV_CRASH), run_of(Outcome.LOSS, Outcome.WIN))
    assert found is not None and (found.pairs, found.difference) == (1, 1.0)
    assert paired_difference(run_of(Outcome.WIN), run_of(Outcome.WIN, first=5)) is None


def test_the_paired_interval_is_bonett_and_price():
    # 36 pairs, of which 9 won by the first only and 1 by the second only: p = 10/38, q = 2/38, worked out by hand.
    first = run_of(*[Outcome.WIN] * 29, *[Outcome.LOSS] * 7)
    second = run_of(*[Outcome.LOSS] * 9, *[Outcome.WIN] * 20, Outcome.WIN, *[Outcome.LOSS] * 6)
    found = paired_difference(first, second)
    assert found is not None and (found.first_only, found.second_only) == (9, 1)
    assert found.interval == pytest.approx((0.0449, 0.3762), abs=5e-5)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_paired_interval_is_odd_and_within_bounds(pairs):
    outcome = {True: Outcome.WIN, False: Outcome.LOSS}
    first, second = (run_of(*(outcome[pair[side]] for pair in pairs)) for side in (0, 1))
    there, back = paired_difference(first, second), paired_difference(second, first)
    assert there is not None and back is not None
    assert -1 <= there.interval[0] < there.interval[1] <= 1
    assert (there.difference, there.interval) == (
        -back.difference,
        pytest.approx((-back.interval[1], -back.interval[0])),
    )
