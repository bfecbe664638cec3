"""Attack-moves, marches of a script, and the way round walls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from envs.arenas import FLAT, load_arena
from envs.engine import Engine
from envs.engine.state import ALLY, ATTACK_MOVE, ENEMY, NONE
from envs.errors import InputError
from envs.units import UNIT_NAMES

INDEX = {name: index for index, name in enumerate(UNIT_NAMES)}


def place(battle, slot):
    return float(battle.units[slot]["x"]), float(battle.units[slot]["y"])


def test_an_attack_move_ends_at_its_goal(field):
    battle = field()
    marine = battle.put("marine", ALLY, 6, 6)
    battle.order_attack_move(marine, 12, 9)
    battle.run_until(lambda: battle.units[marine]["order"] == NONE)
    assert place(battle, marine) == pytest.approx((12, 9), abs=0.01)


def test_an_attack_move_fights_whom_it_meets_and_goes_on(field):
    battle = field()
    marine, zealot = battle.put("marine", ALLY, 6, 6), battle.put("zealot", ENEMY, 16, 6)
    battle.units[zealot]["health"], battle.units[zealot]["shield"] = 12, 0
    battle.quiet("zealot")
    battle.order_attack_move(marine, 26, 6)
    battle.run_until(lambda: not battle.alive(zealot))
    assert 16 - place(battle, marine)[0] == pytest.approx(5 + 0.375 + 0.5, abs=0.2)  # it shot from afar
    assert battle.units[marine]["order"] == ATTACK_MOVE
    battle.run_until(lambda: place(battle, marine)[0] > 25.9)


def test_a_move_ignores_enemies_that_an_attack_move_meets(field):
    battle = field()
    marine, zealot = battle.put("marine", ALLY, 6, 6), battle.put("zealot", ENEMY, 12, 6)
    battle.quiet("zealot")
    battle.order_move(marine, 26, 6.0)
    battle.run(40)
    assert battle.life(zealot) == 150


def test_a_medivac_on_an_attack_move_heals_and_goes_on(field):
    battle = field()
    medivac, marine = battle.put("medivac", ALLY, 6, 6), battle.put("marine", ALLY, 12, 6)
    battle.units[marine]["health"] = 20
    battle.order_attack_move(medivac, 26, 6)
    battle.run_until(lambda: battle.life(marine) == 45)
    battle.run_until(lambda: place(battle, medivac)[0] > 25.9)


def test_a_script_marches_once():
    battle = Engine(4, script="attack", point=(9.0, 16.0))
    battle.begin(1)
    enemies = [battle.create(INDEX["marine"], ENEMY, 23, 16) for _ in range(2)]
    battle.run(1)
    assert all(battle.units[enemy]["order"] == ATTACK_MOVE for enemy in enemies)
    late = battle.create(INDEX["marine"], ENEMY, 23, 20)
    battle.run(400)
    assert math.dist(place(battle, enemies[0]), (9, 16)) < 1.5
    assert place(battle, late) == (23, 20)


def test_an_unknown_script_is_refused():
    with pytest.raises(InputError, match="closest"):
        Engine(2, script="nearest")


def bend():
    """A corridor with one bend: along the west edge, then along the north one."""
    grid = np.zeros((32, 32), np.bool_)
    grid[2:6, 2:30] = True
    grid[2:30, 26:30] = True
    return grid


@pytest.mark.parametrize("name", ["zergling", "stalker"])
def test_units_walk_round_walls(name):
    grid = bend()
    battle = Engine(2, grid=grid, script="none")
    battle.begin(1)
    unit = battle.create(INDEX[name], ENEMY, 4, 4)
    battle.order_attack_move(unit, 28, 27)
    walked, last = 0.0, place(battle, unit)
    for _ in range(600):
        battle.run(1)
        here = place(battle, unit)
        assert grid[int(here[0]), int(here[1])]
        walked, last = walked + math.dist(here, last), here
    assert last == pytest.approx((28, 27), abs=0.01)
    assert walked < 46  # 42.2 round the inner corner


def test_a_chase_goes_round_walls():
    battle = Engine(2, grid=bend(), script="closest")
    battle.begin(1)
    marine = battle.create(INDEX["marine"], ALLY, 28, 28)
    battle.create(INDEX["zergling"], ENEMY, 4, 4)
    for _ in range(800):
        battle.run(1)
    assert battle.units[marine]["alive"] == 0


def test_a_colossus_steps_over_walls_and_flyers_over_everything():
    battle = Engine(2, grid=bend(), script="none")
    battle.begin(1)
    units = [battle.create(INDEX["colossus"], ALLY, 4, 4), battle.create(INDEX["medivac"], ALLY, 4, 4)]
    for unit in units:
        battle.order_move(unit, 20, 10)
    battle.run(400)
    for unit in units:
        assert place(battle, unit) == pytest.approx((20, 10), abs=0.01)


def test_a_move_into_a_wall_ends_at_the_wall():
    battle = Engine(1, grid=bend(), script="none")
    battle.begin(1)
    marine = battle.create(INDEX["marine"], ALLY, 4, 10)
    battle.order_move(marine, 9, 10)
    battle.run(200)
    assert place(battle, marine)[0] == pytest.approx(6, abs=0.15)
    assert battle.units[marine]["order"] == NONE


def test_nobody_slips_between_walls_that_touch_at_a_corner():
    grid = np.zeros((32, 32), np.bool_)
    grid[4:10, 4:10] = grid[10:16, 10:16] = True
    battle = Engine(1, grid=grid, script="none")
    battle.begin(1)
    marine = battle.create(INDEX["marine"], ALLY, 6, 6)
    for goal in (14.0, 14.0), (13.0, 14.5), (14.5, 12.0):
        battle.order_move(marine, *goal)
        battle.run(200)
        x, y = place(battle, marine)
        assert x < 10 and y < 10


def test_units_are_created_where_they_may_stand():
    battle = Engine(9, grid=bend(), script="none")
    battle.begin(1)
    for _ in range(9):
        battle.create(INDEX["zealot"], ENEMY, 7, 20)
    assert all(bend()[int(x), int(y)] for x, y in battle.units[["x", "y"]].tolist())


def test_the_default_arena_has_no_walls():
    engine = Engine(1)
    arena = engine.table[0]["arena"]
    assert not engine.rows["walled"].any() and (arena["cells"] == load_arena(FLAT)).all() and not arena["ways"].any()
