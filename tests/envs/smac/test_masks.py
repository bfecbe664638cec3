"""Availability of actions, by hand-computed cases."""

from __future__ import annotations

import numpy as np
import pytest

from envs.smac.masks import legal
from tests.envs.smac.hand import board

FAR = ("stalker", 28, 28)


def test_the_dead_may_only_do_nothing_and_the_living_never():
    b = board([("stalker", 16, 16), ("stalker", 10, 10)], [FAR])
    b.kill(1)
    assert b.masks().tolist() == [[0, 1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("x", "y", "moves"),
    [
        (2.99, 16, [1, 1, 1, 0]),  # west: cell 1, in the margin
        (3.0, 16, [1, 1, 1, 1]),
        (28.99, 16, [1, 1, 1, 1]),
        (29.0, 16, [1, 1, 0, 1]),  # east: cell 30
        (16, 29.0, [0, 1, 1, 1]),
        (16, 2.99, [1, 0, 1, 1]),
        (1.5, 16, [0, 0, 1, 0]),  # a unit in the margin can only leave it
    ],
)
def test_moves_need_a_free_cell_half_a_move_away(x, y, moves):
    assert board([("stalker", x, y)], [FAR]).masks()[0, 2:6].tolist() == moves


def test_move_amount_sets_which_cell_is_asked():
    assert board([("stalker", 4.0, 16)], [FAR], move_amount=6).masks()[0, 5] == 0
    assert board([("stalker", 4.0, 16)], [FAR], move_amount=4).masks()[0, 5] == 1


def test_the_border_of_the_shoot_range_belongs_to_it():
    stalker, zealot = ("stalker", 10, 10), ("zealot", 10, 10)
    targets = [("zealot", 16, 10), ("zealot", np.nextafter(np.float32(16), np.float32(17)), 10), ("zealot", 12, 10)]
    b = board([stalker, zealot], targets)
    assert b.masks()[:, 6:].tolist() == [[1, 0, 1], [0, 0, 1]]


def test_ranges_without_use_unit_ranges():
    b = board([("zealot", 10, 10)], [("zealot", 16, 10), ("zealot", 16.01, 10)], use_unit_ranges=False)
    assert b.masks()[0, 6:].tolist() == [1, 0]


def test_min_attack_range_lifts_short_ranges():
    b = board([("zealot", 10, 10), ("stalker", 10, 10)], [("zealot", 14, 10)], min_attack_range=4)
    assert b.masks()[:, 6].tolist() == [1, 1]


def test_dead_targets_are_never_legal_and_without_action_mask_all_living_ones_are():
    b = board([("stalker", 10, 10)], [("zealot", 11, 10), FAR, FAR], action_mask=False)
    b.kill(0 + 1, 3)
    assert b.masks()[0, 6:].tolist() == [0, 1, 0]


def test_medivacs_heal_allies_that_are_no_medivacs_whole_ones_included():
    allies = [("marine", 10, 10), ("marauder", 15, 10), ("medivac", 12, 10), ("medivac", 12, 11)]
    b = board(allies, [("marine", 12, 12)])
    assert b.layout.n_actions == 6 + 4
    assert b.masks()[2, 6:].tolist() == [1, 1, 0, 0]
    assert b.masks()[0, 6:].tolist() == [1, 0, 0, 0]
    b.kill(0)
    assert b.masks()[2, 6:].tolist() == [0, 1, 0, 0]


def test_fewer_allies_than_enemies():
    b = board([("marine", 10, 10), ("medivac", 10, 11)], [("marine", 10, 12)] * 3)
    assert b.masks()[:, 6:].tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize("action_mask", [True, False])
@pytest.mark.parametrize("kinds", [("stalker", "zealot", "colossus"), ("marine", "marauder", "medivac")])
def test_masks_and_legality_say_the_same(kinds, action_mask):
    rng = np.random.default_rng(5)
    for _ in range(20):
        places = [(kinds[rng.integers(3)], *rng.uniform(0, 32, 2)) for _ in range(9)]
        b = board(places[:5], places[5:], action_mask=action_mask)
        b.kill(*np.flatnonzero(rng.random(9) < 0.3))
        masks = b.masks()
        for agent in range(5):
            for action in range(-1, b.layout.n_actions + 1):
                said = 0 <= action < b.layout.n_actions and masks[agent, action] == 1
                assert legal(b.settings[0], b.seen, agent, action) == said
