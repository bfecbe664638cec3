"""The sequential test keeps its promises, over thousands of simulated trials."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from compass.errors import InputError
from compass.trial.sequential import Decision, PairedTest, Verdict

BATCH = 32


def trial(rng: np.random.Generator, difference: float, discordant: float, cap: int) -> Decision:
    """One trial: of so many battles a share is won by just one side, more of them by the candidate as the difference asks."""
    test = PairedTest(cap=cap)
    while True:
        drawn = rng.random(BATCH)
        candidate = drawn < (discordant + difference) / 2
        parent = (drawn >= (discordant + difference) / 2) & (drawn < discordant)
        decision = test.add(candidate.tolist(), parent.tolist())
        if decision is not None:
            return decision


def trials(count: int, difference: float, discordant: float, cap: int) -> tuple[Counter[Verdict], float, float]:
    """Verdicts, mean episodes spent, and how often the interval held the truth."""
    rng = np.random.default_rng(int(1000 * (2 + difference + discordant)))
    found = [trial(rng, difference, discordant, cap) for _ in range(count)]
    held = sum(each.interval[0] <= difference <= each.interval[1] for each in found)
    return Counter(each.verdict for each in found), 2 * sum(each.pairs for each in found) / count, held / count


@pytest.mark.parametrize("discordant", [0.1, 0.3, 0.6])
def test_an_equal_candidate_is_neither_admitted_nor_rejected(discordant: float) -> None:
    verdicts, _, held = trials(300, 0.0, discordant, 1600)
    assert verdicts[Verdict.ADMITTED] <= 0.05 * 300
    assert verdicts[Verdict.REJECTED] <= 0.05 * 300
    assert held >= 0.9


def test_a_worse_candidate_is_never_admitted_and_costs_little() -> None:
    verdicts, episodes, _ = trials(200, -0.1, 0.3, 1600)
    assert verdicts[Verdict.ADMITTED] == 0
    assert episodes < 300


@pytest.mark.parametrize(("gain", "power", "most_episodes"), [(0.05, 0.75, 2000), (0.1, 0.97, 700), (0.2, 0.99, 250)])
def test_a_better_candidate_is_admitted_the_sooner_the_more_it_gains(
    gain: float, power: float, most_episodes: float
) -> None:
    verdicts, episodes, held = trials(200, gain, 0.3, 1600)
    assert verdicts[Verdict.ADMITTED] >= power * 200
    assert episodes <= most_episodes
    assert verdicts[Verdict.REJECTED] <= 0.05 * 200 and held >= 0.9


def test_a_gain_of_the_margin_is_seldom_dropped_early() -> None:
    rng = np.random.default_rng(5)
    found = [trial(rng, 0.05, 0.3, 1600) for _ in range(200)]
    assert sum("does not win" in each.reason for each in found) <= 0.1 * 200


def test_figures_of_a_decision() -> None:
    test = PairedTest(cap=50)
    assert test.add([True, False, True, False], [True, False, False, True]) is None
    standing = test.standing(Verdict.UNDECIDED, "under way")
    assert (standing.pairs, standing.candidate_only, standing.parent_only, standing.difference) == (4, 1, 1, 0.0)
    low, high = standing.interval
    assert low == -high and low < -0.5
    decision = test.add([True] * 20, [False] * 20)
    assert decision is not None and decision.verdict is Verdict.ADMITTED and decision.interval[0] >= 0.0
    assert decision.difference == pytest.approx(20 / 24)


def test_nothing_told_apart_at_the_cap_is_undecided() -> None:
    test = PairedTest(cap=8)
    decision = test.add([True, False] * 4, [False, True] * 4)
    assert decision is not None and decision.verdict is Verdict.UNDECIDED and decision.pairs == 8


@pytest.mark.parametrize("settings", [{"alpha": 0.0}, {"margin": 1.0}, {"miss": -1.0}, {"cap": 0}])
def test_settings_that_promise_nothing_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InputError):
        PairedTest(**settings)  # type: ignore[arg-type]


def test_sides_must_have_played_the_same() -> None:
    with pytest.raises(ValueError, match="argument"):
        PairedTest().add([True], [])
