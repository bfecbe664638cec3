"""Walking, turning, and who stands in whose way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from envs.units import RACES, UNIT_NAMES, UNITS

ALLY, ENEMY = 0, 1


@pytest.mark.parametrize("name", [name for name in UNIT_NAMES if name != "medivac"])
def test_ground_units_walk_at_full_speed_at_once(exact, name):
    battle = exact()
    unit = battle.put(name, ALLY, 6, 16)
    battle.units[unit]["heading_x"], battle.units[unit]["heading_y"] = 1, 0
    battle.order_move(unit, 30, 16)
    battle.run(32)
    assert battle.units[unit]["x"] - 6 == pytest.approx(2 * UNITS[name].ally_speed)


@pytest.mark.parametrize(("side", "speed", "acceleration"), [(ALLY, 2.75, 2.3125), (ENEMY, 2.5, 2.25)])
def test_a_medivac_accelerates_and_brakes(exact, side, speed, acceleration):
    battle = exact()
    unit = battle.put("medivac", side, 4, 16)
    battle.units[unit]["heading_x"], battle.units[unit]["heading_y"] = 1, 0
    battle.order_move(unit, 20, 16)
    battle.run(1)
    assert battle.units[unit]["x"] - 4 == pytest.approx(acceleration / 256)
    battle.run(39)
    before = float(battle.units[unit]["x"])
    battle.run(16)
    assert battle.units[unit]["x"] - before == pytest.approx(speed)
    battle.run_until(lambda: battle.units[unit]["order"] == 0)
    assert battle.units[unit]["x"] == pytest.approx(20, abs=1e-3)


def test_turning_takes_62_5_degrees_a_loop(exact):
    battle = exact()
    unit = battle.put("marine", ALLY, 16, 16)
    battle.units[unit]["heading_x"], battle.units[unit]["heading_y"] = 1, 0
    battle.order_move(unit, 4, 16)
    angles = []
    for _ in range(3):
        battle.run(1)
        angles.append(math.degrees(math.atan2(battle.units[unit]["heading_y"], battle.units[unit]["heading_x"])) % 360)
    assert angles == pytest.approx([62.5, 125.0, 180.0], abs=1.0)  # the walk begins before the turn ends


def test_a_stop_ends_a_chase(exact):
    battle = exact()
    unit, enemy = battle.put("marine", ALLY, 4, 16), battle.put("marine", ENEMY, 28, 16)
    battle.quiet("marine")
    battle.order_attack(unit, enemy)
    battle.run(16)
    battle.order_stop(unit)
    x = float(battle.units[unit]["x"])
    battle.run(16)
    assert x > 5 and battle.units[unit]["x"] == x


def test_a_chase_follows_its_target_until_it_dies(exact):
    battle = exact()
    hunter, prey = battle.put("zergling", ALLY, 4, 16), battle.put("marine", ENEMY, 12, 16)
    battle.quiet("marine")
    battle.order_attack(hunter, prey)
    battle.order_move(prey, 28, 28)
    battle.run_until(lambda: not battle.alive(prey), 600)
    assert (
        battle.units[hunter]["order"] in (0, 2)
        and math.dist(
            (battle.units[hunter]["x"], battle.units[hunter]["y"]), (battle.units[prey]["x"], battle.units[prey]["y"])
        )
        < 2.5
    )


def test_walls_hold_ground_units_but_not_flyers(exact):
    battle = exact()
    marine, medivac = battle.put("marine", ALLY, 4, 4), battle.put("medivac", ALLY, 4, 8)
    battle.order_move(marine, -5, 1)
    battle.order_move(medivac, 0.5, 8)
    battle.run(120)
    assert (battle.units[marine]["x"], battle.units[marine]["y"]) == (2, 2)
    assert battle.units[medivac]["x"] == pytest.approx(0.5, abs=1e-3)
    assert battle.units[marine]["order"] == battle.units[medivac]["order"] == 0


def test_a_unit_put_off_the_map_is_brought_back(exact):
    battle = exact()
    unit = battle.put("marine", ALLY, 16, 16)
    battle.units[unit]["x"], battle.units[unit]["y"] = 400.0, -400.0
    battle.order_move(unit, 16, 16)
    battle.run(8)
    assert 16 < battle.units[unit]["x"] < 32 and 0 <= battle.units[unit]["y"] < 16


def test_idle_comrades_are_pushed_aside(exact):
    battle = exact()
    walker, idle = battle.put("zealot", ALLY, 10, 16), battle.put("zealot", ALLY, 13, 16.05)
    battle.order_move(walker, 18, 16)
    battle.run_until(lambda: battle.units[walker]["order"] == 0, 120)
    battle.run(8)
    assert battle.units[walker]["x"] == pytest.approx(18, abs=0.01)
    assert battle.units[idle]["y"] != 16.05 and battle.gap(walker, idle) > -0.01


def test_enemies_block_and_are_walked_round(exact):
    battle = exact()
    walker, wall = battle.put("zealot", ALLY, 10, 16), battle.put("zealot", ENEMY, 13, 16)
    battle.quiet("zealot")
    battle.order_move(walker, 18, 16)
    least = math.inf
    for _ in range(100):
        battle.run(1)
        least = min(least, battle.gap(walker, wall))
    assert least > -1e-3
    assert (battle.units[wall]["x"], battle.units[wall]["y"]) == (13, 16)
    assert battle.units[walker]["x"] == pytest.approx(18, abs=0.01)


def test_a_move_order_ends_where_the_way_is_blocked_for_long(exact):
    battle = exact(capacity=32)
    for y in np.arange(2.0, 30.0, 1.0):
        battle.put("stalker", ENEMY, 16, float(y))
    battle.quiet("stalker")
    walker = battle.put("zealot", ALLY, 12, 16)
    battle.order_move(walker, 20, 16)
    battle.run(400)
    assert battle.units[walker]["order"] == 0 and battle.units[walker]["x"] < 16


def test_a_colossus_walks_over_ground_units(exact):
    battle = exact()
    colossus, marine = battle.put("colossus", ALLY, 10, 16), battle.put("marine", ENEMY, 13, 16)
    battle.quiet("marine")
    battle.order_move(colossus, 18, 16)
    battle.run(58)
    assert battle.units[colossus]["x"] == pytest.approx(18, abs=0.01) and battle.units[colossus]["y"] == 16
    assert battle.units[marine]["x"] == 13


def test_about_six_zerglings_surround_a_marine(exact):
    counts = []
    for key in range(10):
        battle = exact(key=key, health=1e9)
        marine = battle.put("marine", ALLY, 16, 16)
        lings = [battle.create(UNIT_NAMES.index("zergling"), ENEMY, 22, 16) for _ in range(10)]
        battle.run(300)
        counts.append(sum(battle.gap(slot, marine) <= 0.1 for slot in lings))
    assert max(counts) == 6 and min(counts) >= 5


@pytest.mark.parametrize("flees", [True, False])
def test_a_fast_shooter_that_hits_and_runs_is_not_hit(field, flees):
    battle = field()
    stalker, zealot = battle.put("stalker", ALLY, 8, 8), battle.put("zealot", ENEMY, 4, 4)
    for _ in range(35):
        if battle.units[stalker]["cooldown"] <= 2 or not flees:
            battle.order_attack(stalker, zealot)
        else:
            battle.order_move(stalker, 28, 28)
        battle.run(4)
    assert battle.life(zealot) <= 99  # four hits, the last of which meets armor
    assert (battle.life(stalker) == 160) is flees


@pytest.mark.parametrize("race", RACES)
def test_no_units_overlap_during_a_battle(field, race):
    battle = field(capacity=24)
    rng = np.random.default_rng(3)
    for side, x in ((ALLY, 9), (ENEMY, 23)):
        for _ in range(12):
            battle.create(UNIT_NAMES.index(RACES[race][rng.integers(3)]), side, x, 16)
    for step in range(60):
        for slot in range(12):
            foes = [foe for foe in range(12, 24) if battle.alive(foe)]
            if foes and battle.alive(slot) and battle.units[slot]["order"] == 0:
                battle.order_attack(slot, foes[(slot + step) % len(foes)])
        battle.run(8)
        assert battle.worst_gap() > -0.05
        inside = battle.units[["x", "y"]][battle.units["alive"] != 0].tolist()
        assert all(0 <= value < 32 for place in inside for value in place)


@pytest.mark.parametrize("race", RACES)
def test_a_crowd_that_was_pushed_together_comes_apart(exact, race):
    battle = exact(capacity=24)
    for index in range(24):
        battle.create(UNIT_NAMES.index(RACES[race][index % 3]), ALLY, 16, 16)
        battle.order_move(index, 16, 16)
    battle.run(160)
    for index in range(24):
        battle.order_stop(index)
    battle.run(160)
    assert battle.worst_gap() > -0.01
