"""Regeneration, shields, energy and healing."""

from __future__ import annotations

import pytest

ALLY, ENEMY = 0, 1
QUANTUM = 70 / 4096


@pytest.mark.parametrize("name", ["zergling", "hydralisk", "baneling"])
def test_zerg_regenerate_a_quantum_each_loop(field, name):
    battle = field()
    unit = battle.put(name, ALLY, 16, 16)
    battle.units[unit]["health"] -= 10
    start = battle.life(unit)
    battle.run(100)
    assert battle.life(unit) == start + 100 * QUANTUM
    battle.run(1000)
    assert battle.life(unit) == battle.rows[ALLY, battle.units[unit]["type"]]["health"]


@pytest.mark.parametrize("name", ["marine", "marauder", "medivac", "stalker", "zealot", "colossus"])
def test_no_other_life_regenerates(field, name):
    battle = field()
    unit = battle.put(name, ALLY, 16, 16)
    battle.units[unit]["health"] -= 10
    start = battle.units[unit]["health"]
    battle.run(400)
    assert battle.units[unit]["health"] == start


def test_shields_regenerate_after_160_loops_without_damage(field):
    battle = field()
    unit = battle.put("zealot", ALLY, 16, 16)
    marine = battle.put("marine", ENEMY, 13, 16)
    battle.order_attack(marine, unit)
    battle.run_until(lambda: battle.life(unit) < 150)
    battle.kill(marine)
    assert battle.life(unit) == 144
    battle.run(159)
    assert battle.life(unit) == 144
    battle.run(1)
    assert battle.life(unit) == 144.125
    battle.run(8)
    assert battle.life(unit) == 145.125
    battle.run(100)
    assert battle.life(unit) == 150


def medivac_and(battle, name="marine", distance=4.0, side=ALLY):
    patient = battle.put(name, side, 16 + distance, 16)
    medivac = battle.put("medivac", side, 16, 16)
    battle.units[patient]["health"] = 10
    return medivac, patient


def test_healing_costs_energy(field):
    battle = field()
    medivac, patient = medivac_and(battle)
    assert battle.order_heal(medivac, patient)
    battle.run(16)
    assert battle.life(patient) == pytest.approx(19.0)
    assert battle.units[medivac]["energy"] == pytest.approx(50 - 9 * 0.33 + 0.5625)
    battle.run(60)
    assert battle.life(patient) == 45 and battle.units[medivac]["order"] == 0


def test_healing_ends_with_the_energy(field):
    battle = field(capacity=4)
    medivac, patient = medivac_and(battle, "marauder")
    battle.rows["health"] = 1e9
    battle.order_heal(medivac, patient)
    battle.run(16 * 60)
    assert battle.life(patient) - 10 == pytest.approx(187, abs=1.5)
    assert battle.units[medivac]["order"] == 0
    battle.units[medivac]["energy"] = 0.1
    assert not battle.order_heal(medivac, patient)


def test_an_allied_medivac_heals_only_by_order(field):
    battle = field()
    _, patient = medivac_and(battle)
    battle.run(50)
    assert battle.life(patient) == 10


def test_an_enemy_medivac_heals_by_itself_the_weakest_then_the_nearest(field):
    battle = field()
    medivac, near = medivac_and(battle, side=ENEMY)
    weak = battle.put("marine", ENEMY, 16, 12)
    battle.units[weak]["health"] = 9
    battle.put("stalker", ENEMY, 14, 16)
    battle.run(1)
    assert battle.units[medivac]["acquired"] == weak
    battle.units[medivac]["acquired"], battle.units[medivac]["energy"] = -1, 4.9
    battle.run(1)
    assert battle.units[medivac]["acquired"] == -1  # too little energy to start by itself
    assert battle.order_heal(medivac, near)


def test_a_medivac_comes_into_range_first(field):
    battle = field()
    medivac, patient = medivac_and(battle, distance=9.0)
    battle.order_heal(medivac, patient)
    battle.run_until(lambda: battle.life(patient) > 10)
    assert battle.units[patient]["x"] - battle.units[medivac]["x"] == pytest.approx(4.75, abs=0.05)


@pytest.mark.parametrize(("name", "health"), [("stalker", 10), ("medivac", 10), ("marine", 45), ("marine", 0)])
def test_whom_a_medivac_cannot_heal(field, name, health):
    battle = field()
    medivac = battle.put("medivac", ALLY, 10, 10)
    patient = battle.put(name, ALLY, 12, 10)
    battle.order_move(medivac, 5, 5)
    battle.units[patient]["health"] = health
    battle.units[patient]["alive"] = health > 0
    assert not battle.order_heal(medivac, patient)
    assert not battle.order_heal(medivac, medivac)
    assert battle.units[medivac]["order"] == 1


def test_two_medivacs_do_not_heal_one_patient_at_once(field):
    battle = field()
    medivac, patient = medivac_and(battle)
    other = battle.put("medivac", ALLY, 16, 18)
    battle.order_heal(medivac, patient)
    battle.order_heal(other, patient)
    battle.run(16)
    assert battle.life(patient) == pytest.approx(19.0)
