"""What attacks do after their release: missiles, second strikes, beams, bursts."""

from __future__ import annotations

import pytest

ALLY, ENEMY = 0, 1


def released(battle, attacker, target, distance):
    """An attack that has just left the attacker."""
    victim = battle.put(target, ALLY, 16.0, 16.0)
    shooter = battle.put(attacker, ENEMY, 16.0 - distance, 16.0)
    battle.face(shooter, victim)
    assert battle.order_attack(shooter, victim)
    battle.run_until(lambda: battle.units[shooter]["cooldown"] > 0)
    return shooter, victim


def test_a_missile_takes_its_time(exact):
    battle = exact()
    shooter, victim = released(battle, "stalker", "marine", 6.0)
    assert battle.life(victim) == 45
    loops = battle.run_until(lambda: battle.life(victim) < 45)
    assert loops == 5  # 6 - 0.625 - 0.375 = 5 map units at 1.17 a loop
    assert battle.units[shooter]["missile"] == -1


def test_a_missile_follows_its_target(exact):
    battle = exact()
    _, victim = released(battle, "stalker", "marine", 6.0)
    battle.units[victim]["y"] += 4.0
    battle.run(8)
    assert battle.life(victim) < 45


def test_a_missile_outlives_its_shooter_and_vanishes_with_its_target(exact):
    battle = exact()
    shooter, victim = released(battle, "stalker", "marine", 6.0)
    battle.kill(shooter)
    battle.run(8)
    assert battle.life(victim) == 45 - 13
    battle = exact()
    shooter, victim = released(battle, "stalker", "marine", 6.0)
    battle.kill(victim)
    battle.run(2)
    assert battle.units[shooter]["missile"] == -1


def test_a_zealot_strikes_twice(exact):
    battle = exact()
    _, victim = released(battle, "zealot", "marauder", 1.1)
    assert battle.life(victim) == 125 - 7
    loops = battle.run_until(lambda: battle.life(victim) < 118)
    assert loops == 5 and battle.life(victim) == 125 - 14  # 0.28 s are 4.48 loops


def test_a_new_order_ends_a_double_strike(exact):
    battle = exact()
    shooter, victim = released(battle, "zealot", "marauder", 1.1)
    battle.order_move(shooter, 5.0, 5.0)
    battle.run(10)
    assert battle.life(victim) == 125 - 7


def test_beams_hit_each_enemy_across_their_line_once_each(exact):
    battle = exact()
    shooter, middle = released(battle, "colossus", "marine", 6.0)
    beside = [battle.put("marine", ALLY, 16.0, 16.0 + dy) for dy in (-1.7, 1.7)]
    missed = [battle.put("marine", ALLY, 16.0, 18.0), battle.put("marine", ALLY, 17.0, 16.0)]
    friend = battle.put("marine", ENEMY, 16.0, 16.8)
    battle.quiet("marine")
    flyer = battle.put("medivac", ALLY, 16.0, 16.0)
    assert battle.life(middle) == 45
    battle.run(8)
    assert [battle.life(slot) for slot in (middle, *beside)] == [45 - 30] * 3
    assert [battle.life(slot) for slot in (*missed, friend)] == [45] * 3
    assert battle.life(flyer) == 150
    assert battle.units[shooter]["beam"] == -1


def test_a_baneling_hurts_every_enemy_on_the_ground_around_it(exact):
    battle = exact()
    battle.quiet("marine")
    near = battle.put("marauder", ALLY, 16.0, 18.7)
    far = battle.put("marauder", ALLY, 16.0, 13.1)
    flyer = battle.put("medivac", ALLY, 16.0, 16.0)
    walker = battle.put("colossus", ALLY, 14.0, 16.0)
    friend = battle.put("marine", ENEMY, 15.0, 17.0)
    target = battle.put("marauder", ALLY, 16.0, 16.0)
    bomb = battle.put("baneling", ENEMY, 16.0, 16.0)
    assert battle.order_attack(bomb, target)
    battle.run(3)
    assert not battle.alive(bomb)
    assert battle.life(target) == battle.life(near) == 125 - 19
    assert battle.life(walker) == 350 - 20
    assert (battle.life(far), battle.life(flyer), battle.life(friend)) == (125, 150, 45)


def test_a_killed_baneling_bursts_but_a_removed_one_does_not(exact):
    battle = exact()
    bomb = battle.put("baneling", ALLY, 16.0, 16.0)
    killer = battle.put("marine", ENEMY, 15.0, 16.0)
    battle.order_attack(killer, bomb)
    battle.run_until(lambda: not battle.alive(bomb))
    assert battle.life(killer) == 45 - 35
    battle = exact()
    bomb = battle.put("baneling", ALLY, 16.0, 16.0)
    near = battle.put("zealot", ENEMY, 15.0, 16.0)
    battle.quiet("zealot")
    battle.kill(bomb)
    battle.run(2)
    assert battle.life(near) == 150


def test_bursts_set_off_bursts(exact):
    battle = exact(health=20)
    battle.quiet("baneling")
    first = battle.put("baneling", ALLY, 14.0, 16.0)
    second = battle.put("baneling", ENEMY, 16.0, 16.0)
    third = battle.put("baneling", ALLY, 18.0, 16.0)
    assert not battle.order_attack(second, first)
    battle.order_attack(first, second)
    battle.run(20)
    assert not any(battle.alive(slot) for slot in (first, second, third))


@pytest.mark.parametrize("key", range(8))
def test_both_sides_may_die_in_one_loop(exact, key):
    battle = exact(key=key, health=10)
    one, two = battle.put("stalker", ALLY, 14.0, 16.0), battle.put("stalker", ENEMY, 18.0, 16.0)
    battle.rows["shield"] = 0
    for a, b in ((one, two), (two, one)):
        battle.units[a]["shield"] = 0
        battle.face(a, b)
        battle.order_attack(a, b)
    battle.run(20)
    assert not battle.alive(one) and not battle.alive(two)
