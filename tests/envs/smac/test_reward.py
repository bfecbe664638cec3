"""Rewards and ends, by hand-computed cases."""

from __future__ import annotations

import pytest

from tests.envs.smac.hand import board

PAIR = [("stalker", 10, 10), ("zealot", 11, 10)], [("stalker", 12, 10), ("zealot", 13, 10)]


def test_damage_kills_and_regeneration():
    b = board(*PAIR)
    b.seen[2]["shield"] = 70  # 10 lost
    assert b.settle()["raw_reward"] == 10
    b.seen["previous_shield"], b.seen["previous_health"] = b.seen["shield"], b.seen["health"]
    b.seen[2]["shield"] = 72  # 2 regained
    b.kill(3)
    after = b.settle()
    assert after["raw_reward"] == 100 + 50 + 10 - 2
    assert after["max_reward"] == 2 * 10 + 200 + 160 + 150
    assert after["reward"] == after["raw_reward"] / (after["max_reward"] / 20)
    assert (after["dead_allies"], after["dead_enemies"], after["terminated"]) == (0, 1, False)


def test_the_sum_is_clamped_at_zero_and_a_corpse_counts_once():
    b = board(*PAIR)
    b.seen["previous_shield"][2] = 60
    assert b.settle()["raw_reward"] == 0
    b = board(*PAIR)
    b.kill(3)
    b.seen["previous_health"][3] = 0
    assert b.settle()["raw_reward"] == 0


def test_losses_count_when_rewards_may_be_negative():
    b = board(*PAIR, reward_only_positive=False, reward_scale=False)
    b.seen[0]["health"] -= 30
    b.kill(1)
    assert b.settle()["reward"] == -5 - 0.5 * (30 + 150)


@pytest.mark.parametrize(
    ("dead", "code", "reward"),
    [((2, 3), 1, 200 + 160 + 150 + 20), ((0, 1), -1, -7), ((0, 1, 2, 3), 0, 160 + 150 + 20), ((0, 2), 2, 160 + 10)],
)
def test_ends(dead, code, reward):
    b = board(*PAIR, reward_defeat=-7)
    b.kill(*dead)
    after = b.settle()
    assert (after["end_code"], after["raw_reward"]) == (code, reward)
    assert (after["battle_won"], after["terminated"], after["timeout"]) == (code == 1, code != 2, False)


@pytest.mark.parametrize(("dead", "reward"), [((2, 3), 1), ((0, 1), -1), ((0, 1, 2, 3), 0), ((3,), 0)])
def test_sparse_rewards(dead, reward):
    b = board(*PAIR, reward_sparse=True, reward_scale=False)
    b.kill(*dead)
    assert b.settle()["reward"] == reward


@pytest.mark.parametrize(
    ("dead", "code"),
    [((0,), -1), ((2,), 1), ((0, 2), -1), ((0, 1, 2, 3), -1), ((1, 3), 2)],  # units 1 and 3 are the medivacs
)
def test_a_side_of_nothing_but_medivacs_has_lost(dead, code):
    b = board([("marine", 10, 10), ("medivac", 10, 10)], [("marine", 12, 10), ("medivac", 12, 10)])
    b.kill(*dead)
    assert b.settle()["end_code"] == code


def test_time_is_up_after_the_last_step_unless_the_battle_ends_with_it():
    b = board(*PAIR)
    b.tallies["step"] = 198
    assert not b.settle()["terminated"]
    after = b.settle()
    assert after["terminated"] and after["timeout"] and not after["battle_won"]
    b = board(*PAIR)
    b.tallies["step"] = 199
    b.kill(2, 3)
    after = b.settle()
    assert after["battle_won"] and not after["timeout"]
