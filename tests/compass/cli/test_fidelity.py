"""`compass bench --fidelity`."""

from __future__ import annotations

import json

import pytest

from compass.bench.exact import Check
from compass.cli import fidelity as command
from envs.scenario_file import scenario_names

KEYS = ["map", "episodes", "return_mean", "return_se", "length_mean", "length_se"]


def test_json_holds_a_cell_for_every_map_and_nothing_else(compass):
    ran = compass("bench", "--fidelity", "--episodes", 2, "--json")
    (found,) = json.loads(ran.out).items()
    assert ran.code == 0 and found[0] == "cells"
    assert [cell["map"] for cell in found[1]] == list(scenario_names("smac")) and len(found[1]) == 23
    assert all(list(cell) == KEYS and cell["episodes"] == 2 and cell["length_mean"] > 0 for cell in found[1])


def test_both_halves_are_printed_with_labels(compass, monkeypatch):
    monkeypatch.setattr(command, "scenario_names", lambda benchmark: ("3m", "27m_vs_30m"))
    checks = [Check("a thing", "1", "1", True), Check("another", "1", "2", False)]
    monkeypatch.setattr(command, "GROUPS", {"Some checks": lambda: iter(checks)})
    ran = compass("bench", "--fidelity", "--episodes", 8, "--seed", 5)
    assert ran.code == 0
    assert "Random play, seeds 5 to 12" in ran.out and "real game" in ran.out and "embedded engine" in ran.out
    rows = [line.split() for line in ran.out.splitlines()]
    assert sum(row[:2] == ["3m", "return"] for row in rows) == 1
    assert ["27m_vs_30m", "length", "-"] in [row[:3] for row in rows]
    assert "The 2 differences of" in ran.out and "on 2 degrees of freedom" in ran.out
    assert "Some checks: 1 of 2 hold" in ran.out
    assert ["another", "1", "2", "NO"] in rows


def test_seeds_make_the_figures(compass, monkeypatch):
    monkeypatch.setattr(command, "scenario_names", lambda benchmark: ("3m",))
    runs = [compass("bench", "--fidelity", "--episodes", 4, "--seed", seed, "--json").out for seed in (0, 0, 4)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("env_5v5_single", "--fidelity"), "does not read the cells env_5v5_single"),
        (("env_5v5_single", "--against", "smax"), "does not read the cells env_5v5_single"),
        (("--episodes", 5), "bench of cells does not read --episodes"),
        (("--scaling", "--seed", 5), "--scaling does not read --seed"),
        (("--fidelity", "--observation", "upstream"), "--fidelity does not read --observation"),
        (("--against", "smax", "--observation", "upstream"), "--against does not read --observation"),
        (("--fidelity", "--against", "smax"), "give one of them"),
        (("--against", "smax", "--scaling"), "give one of them"),
        (("--observation", "nonsense"), "nonsense"),
        (("--fidelity", "--episodes", 1), "episodes"),
        (("--fidelity", "--seed", -1), "seed -1 is not allowed"),
    ],
)
def test_wrong_words_get_one_line(compass, words, message):
    ran = compass("bench", *words)
    assert ran.code == 2 and message in ran.err and len(ran.err.splitlines()) == 1 and not ran.out
