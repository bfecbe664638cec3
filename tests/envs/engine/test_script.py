"""The enemy script, and what units do without an order."""

from __future__ import annotations

import math

import pytest

from envs.draws import stream_key

ALLY, ENEMY = 0, 1


@pytest.mark.parametrize("seed", range(6))
def test_the_script_acts_every_eight_loops_in_the_battles_phase(exact, seed):
    battle = exact(key=stream_key("evaluation", seed))
    enemy, far, near = (battle.put("zealot", side, x, 16) for side, x in ((ENEMY, 28), (ALLY, 4), (ALLY, 10)))
    phase = int(battle.battle[0]["phase"])
    assert 0 <= phase < 8
    first = (8 - phase) % 8
    battle.run(first)
    assert battle.units[enemy]["order"] == 0
    battle.run(1)
    assert battle.units[enemy]["order"] == 2 and battle.units[enemy]["target"] == near
    battle.kill(near)
    battle.run(1)
    assert battle.units[enemy]["order"] == 0
    battle.run(7)
    assert battle.units[enemy]["target"] == far


def test_all_phases_occur():
    from envs.engine import Engine

    battle = Engine(1)
    phases = set()
    for seed in range(64):
        battle.begin(stream_key("evaluation", seed))
        phases.add(int(battle.battle[0]["phase"]))
    assert phases == set(range(8))


def test_an_ordered_enemy_does_not_change_its_target(exact):
    battle = exact()
    enemy, ally = battle.put("zealot", ENEMY, 28, 16), battle.put("zealot", ALLY, 20, 16)
    battle.run(8)
    other = battle.put("zealot", ALLY, 25, 20)
    battle.run(16)
    assert battle.units[enemy]["target"] == ally != other


def test_allies_never_act_without_an_order(exact):
    battle = exact()
    ally, enemy = battle.put("marine", ALLY, 16, 16), battle.put("zealot", ENEMY, 18, 16)
    battle.run(40)
    assert battle.life(ally) < 45 and battle.life(enemy) == 150
    assert (battle.units[ally]["x"], battle.units[ally]["y"]) == (16, 16)


def test_a_ground_weapon_cannot_be_ordered_at_a_flyer(exact):
    battle = exact()
    marauder, medivac = battle.put("marauder", ENEMY, 20, 16), battle.put("medivac", ALLY, 17, 16)
    marine = battle.put("marine", ALLY, 5, 16)
    assert not battle.order_attack(marauder, medivac)
    battle.run(20)
    assert battle.units[marauder]["order"] == 0 and battle.units[marauder]["acquired"] == -1
    battle.units[marine]["x"] = 15
    battle.run(1)
    assert battle.units[marauder]["order"] == 0 and battle.units[marauder]["acquired"] == marine
    battle.run(20)
    assert battle.life(marine) < 45


def test_an_order_on_the_acquired_target_does_not_restart_the_wind_up(exact):
    battle = exact(key=3)
    stalker, marine = battle.put("stalker", ENEMY, 12, 16), battle.put("marine", ALLY, 16, 16)
    battle.face(stalker, marine)
    battle.units[stalker]["acquired"], battle.units[stalker]["victim"] = marine, marine
    battle.units[stalker]["windup"] = 2.5
    assert battle.order_attack(stalker, marine)
    assert battle.units[stalker]["victim"] == marine and battle.units[stalker]["order"] == 2


def test_idle_enemies_take_threats_before_nearer_targets(exact):
    battle = exact()
    battle.battle[0]["phase"] = 1  # the script acts in loop 7
    marine = battle.put("marine", ENEMY, 16, 16)
    zealot = battle.put("zealot", ALLY, 18, 16)
    harmless = battle.put("medivac", ALLY, 16, 18)
    stalker = battle.put("stalker", ALLY, 16, 20)
    battle.rows[ALLY, battle.units[zealot]["type"]]["weapons"] = 0
    battle.rows[ALLY, battle.units[harmless]["type"]]["threatens"] = 0
    battle.run(1)
    assert battle.units[marine]["acquired"] == stalker


def test_an_allied_medivac_is_a_threat_and_an_enemys_is_not(exact):
    battle = exact()
    index = battle.units[battle.put("medivac", ALLY, 5, 5)]["type"]
    assert battle.rows[ALLY, index]["threatens"] == 1 and battle.rows[ENEMY, index]["threatens"] == 0


def test_invalid_attacks_leave_the_old_order(exact):
    battle = exact()
    marine, friend = battle.put("marine", ALLY, 5, 5), battle.put("marine", ALLY, 8, 8)
    corpse, medivac = battle.put("marine", ENEMY, 20, 20), battle.put("medivac", ALLY, 9, 9)
    battle.kill(corpse)
    battle.order_move(marine, 10, 5)
    assert not battle.order_attack(marine, friend)
    assert not battle.order_attack(marine, corpse)
    assert not battle.order_attack(medivac, corpse)
    assert battle.units[marine]["order"] == 1


def test_the_script_sends_a_healer_along(field):
    battle = field()
    medivac, comrade = battle.put("medivac", ENEMY, 28, 16), battle.put("marine", ENEMY, 20, 20)
    agent = battle.put("marine", ALLY, 8, 16)
    battle.quiet("marine")
    battle.units[comrade]["health"] = 20
    battle.run(8)
    assert battle.units[medivac]["order"] == 2 and battle.units[medivac]["target"] == agent
    battle.run_until(lambda: battle.life(comrade) == 45)
    assert battle.units[medivac]["x"] > 20
    battle.run(200)
    distance = math.dist(*((battle.units[slot]["x"], battle.units[slot]["y"]) for slot in (medivac, agent)))
    assert distance == pytest.approx(0.75 + 0.375, abs=0.01)
    battle.kill(agent)
    battle.run(1)
    assert battle.units[medivac]["order"] == 0
