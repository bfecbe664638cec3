"""Observation vectors and the tracking of enemies, by hand-computed cases."""

from __future__ import annotations

import numpy as np
import pytest

from envs.smac.observe import forget, make_draws
from tests.envs.smac.hand import board

f32 = np.float32


def test_every_feature_of_a_protoss_observation():
    b = board([("stalker", 10, 12), ("zealot", 13, 16)], [("colossus", 16, 20), ("zealot", 4, 12)])
    b.seen["health_part"] = [0.5, 0.25, 0.75, 0.125]
    b.seen["shield_part"] = [0, 0.5, 1, 0.0625]
    obs = b.observe()
    assert obs.dtype == f32
    assert obs[0].tolist() == pytest.approx(
        [1, 1, 1, 1]
        + [0] * 9  # the colossus stands at distance 10: sight is strict
        + [1, f32(0.6), f32(-0.6), 0, 0.125, 0.0625, 0, 1, 0]
        + [1, 0.5, f32(0.3), f32(0.4), 0.25, 0.5, 0, 1, 0]
        + [0.5, 0, 10 / 32, 12 / 32, 1, 0, 0],
        abs=0,
    )
    assert b.enemy_row(obs, 1, 0).tolist() == [0, f32(5 / 9), f32(3 / 9), f32(4 / 9), 0.75, 1, 0, 0, 1]
    assert b.ally_row(obs, 1, 0).tolist() == [1, f32(5 / 9), f32(-3 / 9), f32(-4 / 9), 0.5, 0, 1, 0, 0]


def test_sight_is_strict_and_the_dead_are_neither_seen_nor_see():
    b = board([("zealot", 10, 10), ("zealot", 19, 10), ("zealot", 10, 12)], [("zealot", 18.99, 10)])
    obs = b.observe()
    assert b.ally_row(obs, 0, 0)[0] == 0
    assert b.enemy_row(obs, 0, 0)[1] > 0
    b.kill(2, 3)
    obs = b.observe()
    assert not b.ally_row(obs, 0, 1).any()
    assert not b.enemy_row(obs, 0, 0).any()
    assert not obs[2].any()


def test_a_medivac_reads_the_health_of_allies_where_others_read_attack():
    allies = [("marine", 10, 10), ("marine", 16, 10), ("medivac", 12, 10)]
    b = board(allies, [("marine", 14, 10)] * 4, action_mask=False)
    assert [b.enemy_row(b.observe(), 2, e)[0] for e in range(4)] == [1, 1, 0, 0]
    assert [b.enemy_row(b.observe(), 0, e)[0] for e in range(4)] == [1, 1, 1, 1]
    b.kill(1)
    assert [b.enemy_row(b.observe(), 2, e)[0] for e in range(4)] == [1, 0, 0, 0]


def test_attackable_tells_the_truth_without_action_mask():
    b = board([("zealot", 10, 10)], [("zealot", 12, 10), ("zealot", 12.5, 10)], action_mask=False)
    assert [b.enemy_row(b.observe(), 0, e)[0] for e in range(2)] == [1, 0]


def test_a_masked_enemy_shows_where_it_is_and_nothing_else():
    b = board([("stalker", 10, 10), ("stalker", 10, 12)], [("zealot", 12, 10), ("zealot", 14, 10)])
    b.seen[3]["masked_from"] = 0b01
    obs = b.observe()
    assert b.enemy_row(obs, 0, 1).tolist() == [1, f32(0.4), f32(0.4), 0, 0, 0, 0, 0, 0]
    assert b.enemy_row(obs, 0, 0)[4:].tolist() == b.enemy_row(obs, 1, 1)[4:].tolist() == [1, 1, 0, 1, 0]


THREE = [("zealot", 11, 10), ("zealot", 12, 10), ("zealot", 28, 28)]


@pytest.mark.parametrize(("observation", "rows_seen"), [("upstream", 0), ("repaired", 2)])
def test_only_upstream_wipes_the_rows_before_an_untracked_enemy(observation, rows_seen):
    b = board([("zealot", 10, 10)], THREE, observation)
    obs = b.observe()
    assert sum(b.enemy_row(obs, 0, e).any() for e in range(3)) == rows_seen
    assert b.tracked[:, 0].tolist() == [1, 1, 0]  # tracking itself is the same


def test_the_wipe_spares_later_rows_and_earlier_agents_matter():
    enemies = [("zealot", 11, 10), ("zealot", 28, 28), ("zealot", 12, 10)]
    b = board([("zealot", 10, 10), ("zealot", 27, 27)], enemies, "upstream")
    obs = b.observe(order=[0, 1])  # agent 1 discovers enemy 1 only after agent 0 has looked
    assert [b.enemy_row(obs, 0, e).any() for e in range(3)] == [False, False, True]
    b = board([("zealot", 10, 10), ("zealot", 27, 27)], enemies, "upstream")
    obs = b.observe(order=[1, 0])
    assert [b.enemy_row(obs, 0, e).any() for e in range(3)] == [True, False, True]


def test_without_sharing_the_first_in_order_owns_the_enemy():
    two = [("zealot", 10, 10), ("zealot", 12, 10)]
    for order in ([0, 1], [1, 0]):
        b = board(two, [("zealot", 11, 10)], prob_obs_enemy=0)
        obs = b.observe(order)
        assert b.seen[2]["tracker"] == order[0]
        assert b.enemy_row(obs, order[0], 0).any()
        assert not b.enemy_row(obs, order[1], 0).any()


def test_ownership_stays_when_the_owner_walks_away_and_ends_with_its_death():
    b = board([("zealot", 10, 10), ("zealot", 12, 10)], [("zealot", 11, 10)], prob_obs_enemy=0)
    b.observe([0, 1])
    b.seen[0]["x"] = 28
    assert not b.enemy_row(b.observe([1, 0]), 1, 0).any()
    b.kill(0)
    forget(b.settings[0], b.seen, b.tracked)
    assert b.seen[2]["tracker"] == -1
    assert not b.tracked.any()
    assert b.enemy_row(b.observe([1, 0]), 1, 0).any()
    assert b.seen[2]["tracker"] == 1


def test_a_dead_enemy_is_forgotten_each_step_and_tracked_anew_as_a_corpse():
    b = board([("zealot", 10, 10)], [("zealot", 11, 10), ("zealot", 12, 10)], "upstream")
    b.observe()
    b.kill(2)
    forget(b.settings[0], b.seen, b.tracked)
    assert b.tracked[:, 0].tolist() == [1, 0]
    obs = b.observe()
    assert b.tracked[:, 0].tolist() == [1, 1]  # so that the corpse wipes nothing
    assert b.enemy_row(obs, 0, 0).any()
    b.seen[2]["x"] = 28
    forget(b.settings[0], b.seen, b.tracked)
    assert not b.enemy_row(b.observe(), 0, 0).any()  # an unseen corpse does


def test_sharing_uses_one_number_per_team_mate_in_order():
    b = board([("zealot", 10, 10)] * 3, [("zealot", 11, 10), ("zealot", 11, 11)], prob_obs_enemy=0.5)
    b.observe([1, 0, 2], [0.4, 0.5, 0.9, 0.1])
    assert b.tracked.tolist() == [[1, 1, 0], [0, 1, 1]]


def test_fully_observable_ignores_sight_and_tracking():
    b = board([("zealot", 4, 4), ("zealot", 28, 4)], [("zealot", 28, 28)], prob_obs_enemy=0, fully_observable=True)
    obs = b.observe()
    assert b.enemy_row(obs, 0, 0)[2] == f32(24 / 9)
    assert b.ally_row(obs, 0, 0)[1] == f32(24 / 9)


def test_optional_features():
    units = [("zealot", 10, 10), ("zealot", 12, 10)], [("zealot", 11, 10)]
    b = board(*units, obs_last_action=True, obs_timestep_number=True)
    b.seen[1]["action"] = 3
    b.tallies["step"] = 50
    obs = b.observe()
    assert b.ally_row(obs, 0, 0)[b.layout.enemy_row :].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert obs[:, -1].tolist() == [0.25, 0.25]
    bare = board(*units, obs_all_health=False, obs_own_health=False, obs_own_pos=False)
    obs = bare.observe()
    assert obs[0].tolist() == pytest.approx(
        [1, 1, 1, 1, 1, f32(1 / 9), f32(1 / 9), 0, 0, 1, 0, 1, f32(2 / 9), f32(2 / 9), 0, 0, 1, 0, 0, 1, 0]
    )


def test_draws_are_a_shuffle_that_step_and_call_decide():
    def order(key, step, call, count=5):
        places, numbers = np.empty(count, np.int64), np.zeros(4)
        make_draws(np.uint64(key), step, call, 0.5, places, numbers)
        assert sorted(places) == list(range(count))
        assert ((numbers >= 0) & (numbers < 1)).all() and numbers.any()
        return tuple(places), tuple(numbers)

    assert order(1, 2, 3) == order(1, 2, 3)
    assert len({order(1, step, call) for step in range(5) for call in range(5)}) == 25
    firsts = np.bincount([order(7, step, 0)[0][0] for step in range(3000)], minlength=5)
    assert firsts.min() > 500  # each agent is first in about 600
