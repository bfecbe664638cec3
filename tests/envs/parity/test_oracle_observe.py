"""Where smacv2's observations and state surprise (docs/oracle.md), shown on the unmodified code."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from envs.units import UNITS

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from smacv2.env.starcraft2 import starcraft2

from tests.envs.parity.oracle import Oracle
from tests.envs.parity.stage import kill, native, put, upstream
from tests.envs.parity.traces import Rules

ONE = [("stalker", 8.0, 16.0)]
NEAR_AND_FAR = [("zealot", 12.0, 16.0), ("zealot", 28.0, 16.0)]  # of the stalker, which sees 10 far
TWO = [("stalker", 8.0, 14.0), ("stalker", 8.0, 18.0)]
SIZE = 9  # of a protoss enemy's row


def rows(vector: np.ndarray, enemies: int, size: int = SIZE) -> np.ndarray:
    """The enemies' rows of a vector: float32[enemies, size]."""
    return vector[4 : 4 + enemies * size].reshape(enemies, size)


def test_an_unseen_enemy_wipes_the_rows_before_it() -> None:
    with upstream(ONE, NEAR_AND_FAR) as env:
        assert not rows(env.get_obs()[0], 2).any()
    with upstream(ONE, NEAR_AND_FAR[::-1]) as env:
        assert rows(env.get_obs()[0], 2).any(axis=1).tolist() == [False, True]
    assert not rows(native(ONE, NEAR_AND_FAR, "upstream").observe()[0], 2).any()
    assert rows(native(ONE, NEAR_AND_FAR, "repaired").observe()[0], 2).any(axis=1).tolist() == [True, False]


def test_full_observability_is_wiped_as_well() -> None:
    allies = [("stalker", 8.0, 16.0), ("stalker", 26.0, 16.0)]  # the second one discovers the far enemy for itself
    options = {"fully_observable": True, "prob_obs_enemy": 0.0}
    with upstream(allies, NEAR_AND_FAR, **options) as env:
        assert not rows(env.get_obs()[0], 2).any()
    assert rows(native(allies, NEAR_AND_FAR, "repaired", **options).observe()[0], 2).any(axis=1).all()


def test_a_corpse_out_of_sight_goes_on_wiping() -> None:
    with upstream(ONE, NEAR_AND_FAR) as env:
        kill(env, env.enemies[1])
        env.step([1])
        assert env.enemies[0].health > 0 == env.enemies[1].health
        assert not rows(env.get_obs()[0], 2).any()
        put(env, env.enemies[1], 12, 16)  # in sight, the corpse is tracked, and hides nobody
        assert rows(env.get_obs()[0], 2).any(axis=1).tolist() == [True, False]
        assert env.enemy_tags[1] == 0


def test_the_dead_stay_where_they_were_last_seen() -> None:
    with upstream(ONE, NEAR_AND_FAR) as env:
        kill(env, env.enemies[1])
        x, shield = env.enemies[1].pos.x, env.enemies[1].shield
        env.step([1])
        assert (env.enemies[1].pos.x, env.enemies[1].shield, env.enemies[1].health) == (x, shield, 0)


def test_every_call_draws_from_the_global_generators() -> None:
    with upstream(TWO, NEAR_AND_FAR) as env:
        for uses, tags in ((1, [None, None]), (0, [0, 0])):
            env.enemy_tags = list(tags)
            shuffle = mock.patch.object(starcraft2.random, "shuffle")
            rand = mock.patch.object(np.random, "rand", return_value=0.0)
            with shuffle as shuffled, rand as drawn:
                env.get_obs()
            assert shuffled.call_count == 1
            assert drawn.call_count == uses  # one for each team-mate, even where prob_obs_enemy is 1


def test_who_observes_first_owns_the_enemy_for_good() -> None:
    options = {"prob_obs_enemy": 0.0, "action_mask": False}
    with upstream(TWO, NEAR_AND_FAR[:1], **options) as env:
        assert env.enemy_tags == [0]  # already: reset observes once
        env.enemy_tags, env.obs_enemies[:] = [None], 0
        assert rows(env.get_obs_agent(1), 1).any() and not rows(env.get_obs_agent(0), 1).any()
        put(env, env.enemies[0], 30, 30)  # far from its owner
        env.get_obs()
        put(env, env.enemies[0], 9, 14)  # beside the other agent
        assert not rows(env.get_obs()[0], 1).any()


def test_an_owners_death_blinds_the_whole_team() -> None:
    with upstream(TWO, NEAR_AND_FAR[:1], prob_obs_enemy=0.5) as env:
        env.enemy_tags, env.obs_enemies[:] = [0], 1
        kill(env, env.agents[0])
        env.step([1, 1])
        assert not env.obs_enemies.any() and env.enemy_tags == [None]


def test_a_medivac_reads_of_allies_in_the_enemies_rows() -> None:
    allies = [("marine", 8.0, 16.0), ("medivac", 9.0, 16.0)]
    enemies = [("marine", 11.0, 14.0), ("marine", 11.0, 16.0), ("marine", 11.0, 18.0)]
    with upstream(allies, enemies) as env:
        medivac = next(i for i, unit in env.agents.items() if unit.unit_type == env.medivac_id)
        bits = rows(env.get_obs()[medivac], 3, 8)[:, 0]
        assert bits.tolist() == [1 if i != medivac else 0 for i in range(2)] + [0]
        assert rows(env.get_obs()[1 - medivac], 3, 8)[:, 0].all()


@pytest.mark.parametrize(("gap", "seen"), [(10.0, False), (9.5, True)])
def test_sight_ends_before_its_range(gap: float, seen: bool) -> None:
    with upstream(ONE, NEAR_AND_FAR[:1]) as env:
        put(env, env.enemies[0], env.agents[0].pos.x + gap, env.agents[0].pos.y)
        assert rows(env.get_obs()[0], 1).any() == seen
        assert env.get_visibility_matrix()[0, 1] == seen


def test_the_shoot_range_includes_its_end() -> None:
    with upstream(ONE, NEAR_AND_FAR[:1]) as env:
        x, y = env.agents[0].pos.x, env.agents[0].pos.y
        put(env, env.enemies[0], x + 6, y)
        assert env.get_avail_agent_actions(0)[6] == 1
        put(env, env.enemies[0], np.nextafter(np.float32(x + 6), np.float32(99)), y)
        assert env.get_avail_agent_actions(0)[6] == 0


def test_the_visibility_matrix_takes_the_lower_agents_sight_for_both() -> None:
    with upstream([("marauder", 8.0, 10.0), ("marine", 8.0, 19.5)], [("marine", 30.0, 2.0)]) as env:
        assert (env.unit_sight_range(0), env.unit_sight_range(1)) == (10, 9)
        assert env.get_visibility_matrix()[1, 0]
        ally = env.get_obs()[1][4 + 8 : 4 + 8 + 8]
        assert not ally.any()


def test_asking_for_one_agent_forgets_full_observability() -> None:
    with upstream(ONE, NEAR_AND_FAR[1:], fully_observable=True) as env:
        env.obs_enemies[:] = 1
        whole, alone = env.get_obs()[0], env.get_obs_agent(0)
        assert rows(whole, 1).any() and not rows(alone, 1).any()
        assert rows(whole, 1)[0, 1] > 1  # distances are in sight ranges, and leave the space's bounds
    assert rows(native(ONE, NEAR_AND_FAR[1:], "repaired", fully_observable=True).observe(0)[0], 1).any()


def test_the_time_step_turns_vectors_to_float64() -> None:
    with upstream(ONE, NEAR_AND_FAR, obs_timestep_number=True) as env:
        env.step([1])
        assert env.get_obs()[0].dtype == np.float64
        assert env.get_obs()[0][-1] == 1 / 200 != float(np.float32(1 / 200))
    skirmish = native(ONE, NEAR_AND_FAR, "upstream", obs_timestep_number=True)
    assert skirmish.step([1]).obs[0, -1] == np.float32(1 / 200)


def test_a_mask_leaves_the_place_and_the_state() -> None:
    oracle = Oracle(Rules("protoss_5_vs_5", {"mask_probability": 0.0, "fully_observable": True}))
    obs, state = oracle.env.env.reset(
        oracle.env.env_key_to_distribution_map["team_gen"].generate()
        | oracle.env.env_key_to_distribution_map["start_positions"].generate()
        | oracle.env.env_key_to_distribution_map["enemy_mask"].generate()
    )
    oracle.env.env.obs_enemies[:] = 1
    shown = rows(oracle.env.get_obs()[0], 5)
    assert shown[:, 1].all() and not shown[:, 4:].any()
    assert len(obs) == 5 and state[5 * 8 :: 7][:5].all()  # every enemy's health
    oracle.close()


def test_fractions_of_hydralisks_have_two_denominators() -> None:
    with upstream([("hydralisk", 8.0, 16.0)], [("hydralisk", 28.0, 16.0)]) as env:
        assert (env.agents[0].health_max, env.enemies[0].health_max) == (80, 90)
        assert env.max_reward == 10 + 200 + 90


def test_cooldowns_in_the_state_exceed_one() -> None:
    with upstream([("hydralisk", 8.0, 16.0)], [("hydralisk", 28.0, 16.0)]) as env:
        env.agents[0].weapon_cooldown = 16 * UNITS["hydralisk"].weapons[0].period
        assert env.get_state()[1] == pytest.approx(1.32)
