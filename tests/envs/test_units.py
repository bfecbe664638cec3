"""The unit data agrees with the values derived from the game's own files, and every number names its source."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from envs.units import COPIED, DATA_FILE, RACES, RULES, SOURCES, UNITS

EXPECTED = json.loads((Path(__file__).parent / "engine" / "expected.json").read_text())["units"]


@pytest.mark.parametrize("name", COPIED)
def test_values_are_the_games(name):
    unit, expected = UNITS[name], dict(EXPECTED[name])
    weapons = [[w.damage, w.range, w.range_slop, w.period, w.damage_point, w.backswing] for w in unit.weapons]
    assert weapons == expected.pop("weapons")
    assert sorted(unit.attributes) == expected.pop("attributes")
    assert {key: getattr(unit, key) for key in expected} == expected


def test_what_differs_for_allies():
    differing = {
        name
        for name, unit in UNITS.items()
        if (unit.ally_health, unit.ally_speed, unit.ally_acceleration) != (unit.health, unit.speed, unit.acceleration)
    }
    assert differing == {"hydralisk", "medivac"}
    assert (UNITS["hydralisk"].health, UNITS["hydralisk"].ally_health) == (90, 80)
    assert (UNITS["medivac"].speed, UNITS["medivac"].ally_speed) == (2.5, 2.75)
    assert UNITS["medivac"].ally_always_threatens and not UNITS["medivac"].always_threatens


def test_smac_ranges_have_their_floor():
    ranges = {name: UNITS[name].smac_shoot_range for name in COPIED}
    assert ranges == {
        "baneling": 2, "colossus": 7, "hydralisk": 5, "marauder": 6, "marine": 5,
        "medivac": 4, "stalker": 6, "zealot": 2, "zergling": 2,
    }  # fmt: skip


def test_the_spine_crawler_is_rooted_and_reaches_seven():
    crawler = UNITS["spine_crawler"]
    assert (crawler.health, crawler.armor, crawler.speed, crawler.race) == (300, 2, 0, "zerg")
    assert (crawler.weapons[0].damage, crawler.weapons[0].bonus, crawler.weapons[0].range) == (25, 5, 7)


def test_names_and_races():
    assert tuple(sorted(COPIED)) == COPIED
    assert sorted(name for race in RACES.values() for name in race) == sorted(COPIED)
    assert all(UNITS[name].race == race for race, names in RACES.items() for name in names)
    assert [name for name in UNITS if UNITS[name].flying] == ["medivac"]


def entries(node, path=""):
    """Every leaf of the data file with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from entries(value, f"{path}.{key}")
    elif isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
        for index, item in enumerate(node):
            yield from entries(item, f"{path}.{index}")
    else:
        yield path, node


def test_every_number_names_its_source():
    bare = [
        path
        for path, leaf in entries(yaml.safe_load(DATA_FILE.read_text()))
        if path.rsplit(".", 1)[-1] not in ("race", "name", "weapons")
        and not (isinstance(leaf, list) and len(leaf) == 2 and leaf[1] in SOURCES)
    ]
    assert bare == []


def test_turning_constants_belong_together():
    assert RULES.turn_cosine**2 + RULES.turn_sine**2 == pytest.approx(1, abs=1e-15)


def test_the_data_loads_without_numpy_or_a_compiler():
    code = "import sys, envs.units; assert not {'numpy', 'numba'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
