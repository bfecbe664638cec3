"""The same battle gives the same bytes, however its loops are divided, beside whatever other battles it runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from envs.draws import stream_key
from envs.engine import Engine, rules_hash
from envs.engine.loop import run_batch
from envs.engine.state import BATTLE, UNIT
from envs.engine.table import make_table
from envs.units import RACES, UNIT_NAMES

SIZE = 8


def populate(battle, seed, race):
    """Eight against eight, with orders given."""
    battle.begin(stream_key("evaluation", seed))
    for index in range(2 * SIZE):
        side = index // SIZE
        battle.create(UNIT_NAMES.index(RACES[race][index % 3]), side, 10 + 12 * side, 16)
    for index in range(SIZE):
        target = SIZE + index
        if not battle.order_attack(index, target) and not battle.order_attack(index, 2 * SIZE - 2):
            battle.order_move(index, 16, 16)


def prepared(seed, race):
    battle = Engine(2 * SIZE)
    populate(battle, seed, race)
    return battle


def visible(units):
    return [units[field].tobytes() for field in ("alive", "x", "y", "health", "shield", "cooldown", "order", "target")]


@pytest.mark.parametrize("race", RACES)
def test_calls_may_be_divided_at_will(race):
    whole, parts = prepared(1, race), prepared(1, race)
    whole.run(240)
    for loops in (1, 7, 32, 100, 100):
        parts.run(loops)
    assert visible(whole.units) == visible(parts.units)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_is_its_battles(threads):
    seeds = range(12)
    units, battles = np.zeros((len(seeds), 2 * SIZE), UNIT), np.zeros(len(seeds), BATTLE)
    singles = [prepared(seed, list(RACES)[seed % 3]) for seed in seeds]
    for index, single in enumerate(singles):
        units[index], battles[index] = single.units, single.battle[0]
    table = make_table()
    cuts = np.linspace(0, len(seeds), threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda cut: run_batch(units, battles, table, 200, *cut), pairwise(cuts)))
    for index, single in enumerate(singles):
        single.run(200)
        assert units[index].tobytes() == single.units.tobytes()
        assert battles[index].tobytes() == single.battle.tobytes()


def test_another_seed_is_another_battle():
    one, two = prepared(1, "terran"), prepared(2, "terran")
    one.run(160)
    two.run(160)
    assert visible(one.units) != visible(two.units)


def test_an_earlier_battle_leaves_nothing_behind():
    used, fresh = prepared(5, "zerg"), prepared(6, "protoss")
    used.run(300)
    populate(used, 6, "protoss")
    for battle in (used, fresh):
        battle.run(200)
    assert used.units.tobytes() == fresh.units.tobytes() and used.battle.tobytes() == fresh.battle.tobytes()


def test_the_rules_have_a_hash():
    assert len(rules_hash()) == 16 and int(rules_hash(), 16) >= 0
