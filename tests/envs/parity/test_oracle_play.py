"""Where smacv2's actions, rewards and ends surprise (docs/oracle.md), shown on the unmodified code."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from pysc2.lib import protocol

from envs.engine.state import MOVE
from envs.units import UNITS
from tests.envs.parity.stage import kill, native, put, upstream

ONE = [("stalker", 8.0, 16.0)]
TWO = [("stalker", 8.0, 14.0), ("stalker", 8.0, 18.0)]
FAR = [("zealot", 28.0, 16.0)]
MARINE, MARINES = [("marine", 8.0, 16.0)], [("marine", 8.0, 14.0), ("marine", 8.0, 18.0)]
MEDIVAC = ("medivac", 26.0, 16.0)


def test_an_attack_out_of_reach_leaves_the_earlier_order() -> None:
    options = {"action_mask": False, "move_amount": 8}  # more than a step's way
    with upstream(ONE, FAR, **options) as env:
        assert env.get_avail_agent_actions(0)[6] == 1
        env.step([4])
        goal = env.agents[0].orders[0].target_world_space_pos.x
        env.step([6])
        assert env.agents[0].orders[0].target_world_space_pos.x == goal
    skirmish = native(ONE, FAR, "upstream", **options)
    skirmish.step([4])
    order = skirmish.units[0][["order", "goal_x"]].copy()
    skirmish.step([6])
    assert order["order"] == MOVE and skirmish.units[0][["order", "goal_x"]] == order


def test_movement_is_judged_by_the_cell_half_way_cut_toward_zero() -> None:
    with upstream(ONE, FAR, move_amount=5) as env:
        unit, way = env.agents[0], {"west": 3}
        env.pathing_grid[:] = True
        put(env, unit, 2.3, 16)
        assert env.can_move(unit, way["west"])  # to -2.7: half way, -0.2 counts as cell 0
        put(env, unit, 2.3 - 0.9, 16)
        assert not env.can_move(unit, way["west"])
        env.pathing_grid[3, 16] = False
        put(env, unit, 8.3, 16)
        assert env.can_move(unit, way["west"])  # to 3.3, which is closed
        env.pathing_grid[5, 16] = False
        assert not env.can_move(unit, way["west"])


def test_a_healthy_ally_can_be_healed_and_a_medivac_cannot() -> None:
    allies = [("marine", 8.0, 16.0), ("medivac", 9.0, 16.0), ("medivac", 10.0, 16.0)]
    with upstream(allies, [("marine", 30.0, 2.0), ("marine", 30.0, 4.0), ("marine", 30.0, 6.0)]) as env:
        assert env.agents[0].health == env.agents[0].health_max
        assert env.get_avail_agent_actions(1)[6:] == [1, 0, 0]


@pytest.mark.parametrize(("name", "short"), [("zealot", True), ("colossus", False)])
def test_the_gate_of_an_attack_is_no_weapon_range(name: str, short: bool) -> None:
    with upstream([(name, 8.0, 16.0)], FAR) as env:
        unit = UNITS[name]
        reach = unit.weapons[0].range + unit.radius + UNITS["zealot"].radius  # between centres
        assert (reach < env.unit_shoot_range(0)) == short


def test_an_illegal_action_is_an_assertion_after_the_last_actions_changed() -> None:
    with upstream(ONE, FAR) as env:
        before = env.get_state()
        with pytest.raises(AssertionError, match="cannot perform action 6"):
            env.step([6])
        assert not np.array_equal(env.get_state(), before)
    with pytest.raises(ValueError, match="agent 0: action 6 is illegal"):
        native(ONE, FAR, "upstream").step([6])


def test_actions_are_cut_to_integers_and_count_from_the_end() -> None:
    with upstream(ONE, FAR) as env:
        env.step([4.9])
        assert env.last_action[0].argmax() == 4
        put(env, env.enemies[0], 9, 16)
        with pytest.raises(KeyError):  # -1 passes for the last, legal, action
            env.step([-1])
    with pytest.raises(ValueError, match="agent 0: action -1 is illegal"):
        native(ONE, FAR, "upstream").step([-1])
    with pytest.raises(ValueError, match="give one integer"):
        native(ONE, FAR, "upstream").step([4.9])  # type: ignore[list-item]


@pytest.mark.parametrize("failing", ["actions", "step", "observe"])
def test_a_crash_is_reported_as_the_end_of_an_episode(failing: str) -> None:
    with upstream(ONE, FAR) as env:
        lost = mock.patch.object(env._controller, failing, side_effect=protocol.ConnectionError("gone"))
        with lost:
            assert env.step([1]) == (0, True, {})
        assert (env.battles_game, env.force_restarts, env._episode_count) == (0, 1, 0)


def test_what_comes_after_the_end_is_counted_again() -> None:
    with upstream(ONE, FAR) as env:
        kill(env, env.enemies[0])
        first, second = env.step([1]), env.step([1])
        assert first[2]["battle_won"] and not second[2]["battle_won"]
        assert first[1] and second[1] and first[0] > 1 > second[0] == 0
        assert (env.battles_game, env.battles_won) == (2, 1)
    skirmish = native(ONE, FAR, "upstream")
    skirmish._over = True
    with pytest.raises(ValueError, match="the battle is over"):
        skirmish.step([1])


def test_all_dead_at_once_is_no_draw_for_terran() -> None:
    for allies, enemies, penalty in ((ONE, FAR, 0), (MARINE, [("marine", 28.0, 16.0)], -100)):
        with upstream(allies, enemies, reward_defeat=-100, reward_scale=False, reward_death_value=0) as env:
            worth = env.enemies[0].health + env.enemies[0].shield
            kill(env, env.agents[0], env.enemies[0])
            reward, terminated, info = env.step([1])
            assert (reward, terminated, info["battle_won"]) == (worth + penalty, True, False)
            stats = env.get_stats()
            assert (stats["battles_draw"], stats["battles_game"]) == (0, 1)  # "draws" are time-outs


def test_medivacs_alone_have_lost() -> None:
    with upstream(MARINE, [("marine", 28.0, 16.0), MEDIVAC]) as env:
        kill(env, env.enemies[0])
        assert env.step([1])[1:] == (True, {"battle_won": True, "dead_allies": 0, "dead_enemies": 1})
    allies = [("marine", 8.0, 16.0), ("medivac", 9.0, 16.0)]
    with upstream(allies, [("marine", 28.0, 16.0), MEDIVAC]) as env:
        kill(env, env.agents[0], env.enemies[0])  # medivacs on both sides: the agents' defeat is found first
        _, terminated, info = env.step([1, 1])
        assert terminated and not info["battle_won"]


def test_a_time_out_is_a_draw_in_the_statistics() -> None:
    with upstream(ONE, FAR) as env:
        env.episode_limit = 1
        assert env.step([1])[1:] == (True, {"battle_won": False, "dead_allies": 0, "dead_enemies": 0})
        assert env.get_stats()["battles_draw"] == 1


def test_a_victory_in_the_last_step_is_no_time_out() -> None:
    with upstream(ONE, FAR, continuing_episode=True) as env:
        env.episode_limit = 1
        kill(env, env.enemies[0])
        assert env.step([1])[2] == {"battle_won": True, "dead_allies": 0, "dead_enemies": 1}
        assert env.timeouts == 0


@pytest.mark.parametrize(("scaled", "reward"), [(True, 1 / ((10 + 200 + 150) / 20)), (False, 1)])
def test_the_sparse_reward_is_scaled_like_the_dense_one(scaled: bool, reward: float) -> None:
    with upstream(ONE, FAR, reward_sparse=True, reward_scale=scaled) as env:
        kill(env, env.enemies[0])
        assert env.step([1])[0] == reward


def reward_after(env: Any, enemy: float, ally: float = 0) -> float:
    """`reward_battle` when the first enemy and the first agent had so much more health a step before."""
    env.previous_ally_units, env.previous_enemy_units = deepcopy(env.agents), deepcopy(env.enemies)
    env.previous_enemy_units[0].health += enemy
    env.previous_ally_units[0].health += ally
    reward: float = env.reward_battle()
    return reward


def test_what_enemies_regain_is_taken_from_the_reward() -> None:
    with upstream(ONE, FAR) as env:
        assert reward_after(env, enemy=5) == 5
        assert reward_after(env, enemy=-5) == 0
        env.previous_enemy_units[0].shield += 7  # in one sum: 7 dealt, 5 regained
        assert env.reward_battle() == 2


def test_what_agents_regain_is_rewarded() -> None:
    with upstream(ONE, FAR, reward_only_positive=False) as env:
        assert reward_after(env, enemy=0, ally=-10) == 5
        assert reward_after(env, enemy=0, ally=10) == -5
