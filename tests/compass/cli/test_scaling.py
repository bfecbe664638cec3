"""How steps slow down with more units."""

from __future__ import annotations

import json
import math

import pytest

from compass.bench import scaling


def test_growth_is_the_power_of_the_units(monkeypatch):
    monkeypatch.setattr(scaling, "_single", lambda scenario, observation, work: 1e6 / scenario.n_units**2)
    monkeypatch.setattr(scaling, "_batch", lambda scenario, observation, work: 1e6 / scenario.n_enemies)
    first, second, third = scaling.measure("repaired", (5, 10, 40), 1)
    assert first.single_exponent is None and first.batch_exponent is None
    assert second.single_exponent == pytest.approx(2) and third.batch_exponent == pytest.approx(1)


def test_eighty_a_side_can_be_measured(compass, monkeypatch):
    monkeypatch.setattr(scaling, "SIDES", (5, 80))
    monkeypatch.setattr(scaling, "WORK", 40)
    ran = compass("bench", "--scaling", "--json")
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    assert [size["units"] for size in content["sizes"]] == [5, 80] and content["goal"] == 2
    few, many = content["sizes"]
    assert few["single"] > many["single"] > 0 and few["batch"] > many["batch"] > 0
    assert many["batch_exponent"] == pytest.approx(math.log(few["batch"] / many["batch"]) / math.log(16))


def test_scaling_has_cells_of_its_own(compass):
    ran = compass("bench", "env_5v5_single", "--scaling")
    assert ran.code == 2 and "env_5v5_single" in ran.err
