"""The clock of attacks: periods with their random delay, wind-up, cooldown, facing."""

from __future__ import annotations

import numpy as np
import pytest

ALLY, ENEMY = 0, 1
NO_DELAY = {"delay_low": 0, "delay_high": 0}
FOREVER = {"health": 1e12, "shield": 0}


def shots(battle, shooter, victim, loops):
    """The loops, counted from 1, in which the victim lost life."""
    found = []
    before = battle.life(victim)
    for loop in range(1, loops + 1):
        battle.run(1)
        if battle.life(victim) < before:
            found.append(loop)
        before = battle.life(victim)
    return found


def duel(battle, attacker="marine", distance=3.0, target="marine"):
    victim = battle.put(target, ALLY, 16.0, 16.0)
    shooter = battle.put(attacker, ENEMY, 16.0 - distance, 16.0)
    battle.face(shooter, victim)
    assert battle.order_attack(shooter, victim)
    return shooter, victim


@pytest.mark.parametrize(("attacker", "period"), [("marine", 13.7728), ("marauder", 24.0), ("stalker", 29.92)])
def test_periods_keep_their_fractions(field, attacker, period):
    battle = field(**FOREVER, **NO_DELAY)
    found = shots(battle, *duel(battle, attacker), 3000)
    assert found[-1] - found[0] == pytest.approx(period * (len(found) - 1), abs=1.0)


def test_random_delay_is_uniform_between_minus_one_and_two_loops(field):
    battle = field(**FOREVER)
    found = np.diff(shots(battle, *duel(battle), 14300))
    assert found.mean() == pytest.approx(13.7728 + 0.5, abs=0.1)
    assert found.min() >= 12 and found.max() <= 16
    assert found.std() == pytest.approx((9 / 12 + 1 / 6) ** 0.5, abs=0.1)  # three loops wide, and rounding to loops


def test_cooldown_starts_at_the_release(exact):
    battle = exact()
    shooter, _ = duel(battle, "stalker")
    cooldowns = []
    for _ in range(5):
        battle.run(1)
        cooldowns.append(float(battle.units[shooter]["cooldown"]))
    assert cooldowns[:3] == [0.0, 0.0, 0.0]  # 2.67 loops of wind-up
    assert cooldowns[3:] == pytest.approx([29.92 - 3, 29.92 - 4])


def test_a_move_cancels_the_wind_up_and_costs_no_cooldown(exact):
    battle = exact()
    shooter, victim = duel(battle, "stalker")
    battle.run(2)
    battle.order_move(shooter, 10.0, 16.0)
    battle.run(10)
    assert battle.life(victim) == 45 and battle.units[shooter]["cooldown"] == 0.0


def test_a_repeated_order_does_not_restart_the_wind_up(exact):
    battle = exact()
    shooter, victim = duel(battle, "stalker")
    for _ in range(4):
        battle.run(1)
        assert battle.order_attack(shooter, victim)
    assert battle.units[shooter]["missile"] == victim


def test_the_range_runs_from_edge_to_edge(exact):
    battle = exact(speed=0)
    reach = 5 + 0.375 + 0.375
    shooter, victim = duel(battle, distance=reach + 0.01)
    battle.run(20)
    assert battle.life(victim) == 45
    battle.units[shooter]["x"] += 0.02
    battle.run(20)
    assert battle.life(victim) < 45


@pytest.mark.parametrize(("beyond", "lands"), [(0.9, True), (1.1, False)])
def test_a_started_attack_lands_within_the_slop(exact, beyond, lands):
    battle = exact(speed=0)
    shooter, victim = duel(battle, distance=5.0)
    battle.run(1)
    battle.units[victim]["x"] = battle.units[shooter]["x"] + 5.75 + beyond
    battle.run(1)
    assert (battle.life(victim) < 45) is lands
    assert bool(battle.units[shooter]["cooldown"] > 0) is lands


def test_a_chase_goes_on_at_once_after_an_attack(exact):
    battle = exact()
    shooter, victim = duel(battle, "zealot", 0.9)
    battle.run(1)
    battle.units[victim]["x"] += 3.0
    start = float(battle.units[shooter]["x"])
    battle.run(7)
    assert battle.units[shooter]["x"] == pytest.approx(start + 7 * 2.25 / 16)


def test_a_unit_turns_before_it_fires(exact):
    battle = exact()
    shooter, victim = duel(battle)
    battle.units[shooter]["heading_x"], battle.units[shooter]["heading_y"] = -1.0, 0.0
    assert shots(battle, shooter, victim, 6) == [4]  # loops 1 to 3 turn 180 degrees; the wind-up starts in the third


def test_a_colossus_fires_without_turning(exact):
    battle = exact()
    shooter, _ = duel(battle, "colossus")
    battle.units[shooter]["heading_x"], battle.units[shooter]["heading_y"] = -1.0, 0.0
    battle.run(3)
    assert battle.units[shooter]["beam"] >= 0 and battle.units[shooter]["heading_x"] == -1.0


def test_a_hydralisk_bites_what_is_close(exact):
    battle = exact(**FOREVER)
    shooter, victim = duel(battle, "hydralisk", 1.2)
    found = shots(battle, shooter, victim, 1300)
    assert battle.units[shooter]["missile"] == -1
    assert np.diff(found).mean() == pytest.approx(12.0, abs=0.05)


def test_the_dead_release_nothing(exact):
    battle = exact()
    shooter, victim = duel(battle, "stalker")
    battle.run(2)
    battle.kill(shooter)
    battle.run(40)
    assert battle.life(victim) == 45
