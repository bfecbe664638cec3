"""Random play beside the real game's: whose returns, which battles, and the arithmetic of the verdicts by hand."""

from __future__ import annotations

from dataclasses import replace
from math import exp, sqrt

import numpy as np
import pytest

from compass.bench import fidelity
from compass.bench.fidelity import Cell, Difference, Mean, combine, differences, measure, real_figures
from envs.random_play import play_out, record
from envs.scenario_file import load_scenario, scenario_names
from envs.skirmish import BatchedSkirmish, Skirmish


def difference(real, ours, name="3m", figure="return"):
    return Difference(name, figure, Mean(*real), Mean(*ours))


@pytest.mark.parametrize(
    ("real", "ours", "share", "errors", "within"),
    [
        ((10.0, 0.3), (10.6, 0.4), 0.06, 1.2, True),  # 0.6 over sqrt(0.09 + 0.16)
        ((10.0, 0.3), (8.8, 0.4), -0.12, -2.4, False),
        ((2.0, 0.03), (2.09, 0.0), 0.045, 3.0, True),
        ((2.0, 0.03), (2.11, 0.0), 0.055, 11 / 3, False),
    ],
)
def test_a_difference_is_within_five_percent_or_two_standard_errors(real, ours, share, errors, within):
    found = difference(real, ours)
    assert found.share == pytest.approx(share) and found.errors == pytest.approx(errors)
    assert found.within is within


def test_the_variance_of_a_difference_has_three_parts():
    assert difference((10.0, 0.3), (11.0, 0.4)).chi_square == pytest.approx(1 / (0.09 + 0.16 + 0.0625))
    assert difference((10.0, 0.0), (9.5, 0.0)).chi_square == pytest.approx(4.0)  # 5 % are two of 2.5 %


def test_the_combined_chi_square_is_that_of_its_terms():
    one = difference((10.0, 0.0), (10.25, 0.0))  # a chi-square of 1
    maps = real_figures()["combined"]
    terms = [replace(one, map=name, figure=figure) for name in maps for figure in ("return", "length")]
    left_out = difference((10.0, 0.0), (99.0, 0.0), "2c_vs_64zg")
    found = combine([*terms, left_out])
    assert found.terms == 12 and found.chi_square == pytest.approx(12.0)
    assert found.p == pytest.approx(
        exp(-6) * (1 + 6 + 18 + 36 + 54 + 64.8)
    )  # the closed form for 12 degrees of freedom


def test_the_real_figures_are_of_maps_that_exist():
    maps = real_figures()["maps"]
    assert set(real_figures()["combined"]) < set(maps) <= set(scenario_names("smac"))
    assert maps["2s3z"] == {"episodes": 85, "return": [3.728, 0.098], "length": [52.67, 1.10]}
    assert all(figure[1] > 0 for each in maps.values() for figure in (each["return"], each["length"]))


def test_a_map_without_logs_is_compared_with_nothing():
    cell = Cell("27m_vs_30m", 2, 1.0, 0.1, 30.0, 1.0)
    assert differences(cell) == []
    found = differences(replace(cell, map="8m"))
    assert [(each.figure, each.real.mean, each.ours.mean) for each in found] == [
        ("return", 1.859, 1.0),
        ("length", 34.58, 30.0),
    ]


def played_alone(scenario, seed):
    """SMAC's return before 2022 and the length of one battle, from what the units show."""
    skirmish = Skirmish(scenario)
    actions = record(skirmish, seed)
    skirmish.reset(seed)
    total, enemies = 0.0, skirmish.seen[skirmish.n_agents :]
    life = [float(each["health"]) + float(each["shield"]) for each in enemies]
    for chosen in actions:
        frame = skirmish.step(chosen)
        now = [float(each["health"]) + float(each["shield"]) if each["health"] > 0 else 0.0 for each in enemies]
        died = sum(1 for before, after in zip(life, now, strict=True) if before > 0 and after == 0)
        total += abs(sum(life) - sum(now) + 10 * died) + 200 * frame.battle_won
        life = now
    return total * 20 / skirmish.max_reward, len(actions)


@pytest.mark.parametrize("name", ["2s3z", "2s_vs_1sc"])
def test_returns_are_absolute_and_every_battle_is_played_to_its_end(monkeypatch, name):
    monkeypatch.setattr(fidelity, "_BATCH", 1)  # each battle alone has the actions of its own seed
    found = measure(load_scenario(name), 4, 70)
    returns, lengths = np.array([played_alone(name, seed) for seed in range(70, 74)]).T
    assert (found.map, found.episodes) == (name, 4)
    assert found.return_mean == pytest.approx(returns.mean()) and found.length_mean == pytest.approx(lengths.mean())
    assert found.return_se == pytest.approx(returns.std(ddof=1) / sqrt(4))
    assert found.length_se == pytest.approx(lengths.std(ddof=1) / sqrt(4))


def test_regained_life_counts_for_the_player_as_in_the_logs(monkeypatch):
    monkeypatch.setattr(fidelity, "_BATCH", 1)
    scenario = load_scenario("2s_vs_1sc")
    skirmish = Skirmish(scenario, **fidelity.SIGNED)
    skirmish.reset(70)
    signed = sum(skirmish.step(chosen).reward for chosen in record(Skirmish(scenario), 70))
    assert signed < played_alone(scenario, 70)[0]


def test_figures_do_not_depend_on_the_threads(monkeypatch):
    scenario = load_scenario("3m")
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(fidelity, "cores", lambda threads=threads: threads)
        found.append(measure(scenario, 20, 0))
    assert found[0] == found[1]


def test_play_goes_on_until_the_last_battle_has_ended():
    skirmish = BatchedSkirmish("3m", 8)
    running = [now.copy() for _, now in play_out(skirmish, range(8))]
    assert running[0].all() and running[-1].any()
    lengths = np.sum(running, axis=0)
    assert lengths.min() < lengths.max() == len(running)  # the first to end stood still until the last did
