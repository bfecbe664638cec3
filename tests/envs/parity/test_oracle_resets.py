"""Where smacv2's construction, resets and interface surprise (docs/oracle.md), shown on the unmodified code."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from envs.scenario import StartPositions
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from envs.smacv2_api import make

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from smacv2.env.starcraft2.distributions import get_distribution
from smacv2.env.starcraft2.starcraft2 import CannotResetException, StarCraft2Env
from smacv2.env.starcraft2.wrapper import StarCraftCapabilityEnvWrapper

from envs.sc2api import inprocess
from tests.envs.parity.oracle import Oracle, options
from tests.envs.parity.traces import Rules

PROTOSS = load_scenario("protoss_5_vs_5")


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    inprocess.install()
    yield
    inprocess.uninstall()


def wrapper(**changes: Any) -> StarCraftCapabilityEnvWrapper:
    return StarCraftCapabilityEnvWrapper(**(options(PROTOSS) | changes))


def drawn(kind: str, **config: Any) -> dict[str, Any]:
    """What a distribution of 2 agents and 3 enemies generates."""
    content: dict[str, Any] = get_distribution(kind)(
        {"n_units": 2, "n_enemies": 3, "env_key": "key"} | config
    ).generate()
    return content


def test_a_seed_decides_neither_teams_nor_places() -> None:
    first, second = (wrapper(seed=3) for _ in range(2))
    assert not np.array_equal(first.reset()[1], second.reset()[1])
    assert np.array_equal(make("protoss_5_vs_5", seed=3).reset()[1], make("protoss_5_vs_5", seed=3).reset()[1])


def worth(env: Any) -> float:
    """What the enemies' health and shields add to the reward scale."""
    return float(sum(unit.health_max + unit.shield_max for unit in env.enemies.values()))


def test_a_reset_before_the_first_end_launches_a_game_and_adds_to_the_reward_scale() -> None:
    env, games = wrapper(), []
    expected = 5 * 10 + 200
    for _ in range(3):
        env.reset()
        games.append(env.env._controller)
        expected += worth(env)
        assert env.max_reward == expected
    assert len(set(map(id, games))) == 3
    ours = make("protoss_5_vs_5", seed=1)
    for _ in range(3):
        ours.reset()
        assert ours.max_reward == 5 * 10 + 200 + worth(ours)


def test_the_reward_scale_is_that_of_the_first_battle() -> None:
    oracle = Oracle(Rules("protoss_5_vs_5"))
    oracle.reset(1)
    env = oracle.env.env
    env._episode_count, env.max_reward = 1, 777
    env.reset({**env.episode_config, "team_gen": {"ally_team": ["zealot"] * 5, "enemy_team": ["colossus"] * 5}})
    assert env.max_reward == 777
    oracle.close()


def test_a_reset_that_is_tried_again_returns_nothing() -> None:
    env = wrapper()
    once = [CannotResetException("no units"), env.env.reset]
    with mock.patch.object(env.env, "reset", side_effect=lambda config: _first_fails(once, config)):
        assert env.reset() is None
    assert len(env.env.agents) == 5


def _first_fails(steps: list[Any], config: dict[str, Any]) -> Any:
    step = steps.pop(0)
    if isinstance(step, Exception):
        raise step
    return step(config)


def test_a_unit_that_dies_at_once_keeps_the_battle_from_beginning() -> None:
    scenario = replace(
        load_scenario("zerg_20_vs_20"), weights=(0.5, 0.0, 0.5), exception_unit_types=(),
        start_positions=StartPositions("surrounded"),
    )  # fmt: skip
    skirmish = Skirmish(scenario)
    seed = next(s for s in range(100) if skirmish.reset(s) and (skirmish.seen["health"] <= 0).any())
    changes = {name: getattr(scenario, name) for name in ("weights", "exception_unit_types", "start_positions")}
    oracle = Oracle(Rules("zerg_20_vs_20", changes))
    with pytest.raises(CannotResetException):
        oracle.reset(seed)
    oracle.close()


def test_the_configuration_given_is_written_into() -> None:
    config = PROTOSS.capability_config()
    before = copy.deepcopy(config)
    wrapper(capability_config=config)
    assert config != before and config["team_gen"]["env_key"] == "team_gen"
    with pytest.raises(KeyError, match="n_units"):  # which the inner environment cannot do without
        StarCraft2Env(**(options(PROTOSS) | {"capability_config": before}))


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_the_mask_probability_is_that_of_not_masking(probability: float) -> None:
    hidden = drawn("mask", mask_probability=probability)["enemy_mask"]["item"]
    assert hidden.shape == (2, 3) and (hidden == 1 - probability).all()


def test_the_extra_enemies_are_no_exceptions_either() -> None:
    team = {"unit_types": ["marine", "medivac"], "weights": [0.05, 0.95], "exception_unit_types": ["medivac"]}
    assert {drawn("weighted_teams", **team)["key"]["enemy_team"][2] for _ in range(30)} == {"marine"}


def test_all_teams_forgets_the_number_of_enemies() -> None:
    teams = drawn("all_teams", unit_types=["marine"])["key"]
    assert len(teams["enemy_team"]) == 2 and teams["enemy_team"] is teams["ally_team"]


def test_fixed_teams_have_a_name_that_nobody_reads() -> None:
    assert set(drawn("fixed", test_mode=True, items=[["marine", "marine"]])["key"]) == {"item", "id"}


@pytest.mark.parametrize("key", ["attack", "health"])
def test_drawn_attack_and_health_break_with_numpy_2(key: str) -> None:
    config = PROTOSS.capability_config()
    config[key] = {"dist_type": "per_agent_uniform", "lower_bound": [0.1], "upper_bound": [0.4], "observe": True}
    with pytest.raises((TypeError, ValueError)):
        wrapper(capability_config=config).reset()


def test_agents_are_numbered_by_type_and_place() -> None:
    oracle = Oracle(Rules("zerg_10_vs_10"))
    oracle.reset(3)
    places = [(unit.unit_type, unit.pos.x, unit.pos.y) for unit in oracle.env.agents.values()]
    assert places == sorted(places)
    team = oracle.env.env.episode_config["team_gen"]["ally_team"]
    names = [oracle.env.env.ally_unit_map[name] for name in team]
    assert [unit for unit, *_ in places] == sorted(names) != names
    oracle.close()


@pytest.mark.parametrize(("name", "arguments"), [("get_cap_size", ()), ("seed", ()), ("get_capabilities_agent", (0,))])
def test_stubs_hide_methods_of_the_inner_environment(name: str, arguments: tuple[int, ...]) -> None:
    env, ours = wrapper(), make("protoss_5_vs_5")
    env.reset()
    ours.reset()
    getattr(env.env, name)(*arguments)
    with pytest.raises(NotImplementedError):
        getattr(env, name)(*arguments)
    getattr(ours, name)(*arguments)


def test_what_is_asked_too_early_or_wrongly_is_answered_without_words() -> None:
    env = wrapper()
    with pytest.raises(KeyError):
        env.get_obs()
    with pytest.raises(AttributeError, match=r"^$"):
        env.nothing_of_that_name  # noqa: B018
    with pytest.raises(RuntimeError, match="call reset first"):
        make("protoss_5_vs_5").get_obs()


def test_the_wrapper_cannot_be_copied() -> None:
    with pytest.raises(RecursionError):
        copy.copy(wrapper())
    assert copy.copy(make("protoss_5_vs_5")).n_agents == 5


def test_an_environment_is_kept_until_the_program_ends() -> None:
    env = wrapper().env
    alive = weakref.ref(env)
    del env
    gc.collect()
    assert alive() is not None
    ours = weakref.ref(make("protoss_5_vs_5").env)
    gc.collect()
    assert ours() is None


def test_statistics_before_the_first_end_divide_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        wrapper().get_stats()
    assert np.isnan(make("protoss_5_vs_5").get_stats()["win_rate"])


def test_options_that_cannot_work() -> None:
    with pytest.raises(NotImplementedError):
        wrapper(obs_instead_of_state=True)
    with pytest.raises(UnboundLocalError):
        wrapper(obs_starcraft=False).reset()
    with pytest.raises(IndexError):
        wrapper(obs_pathing_grid=True, move_amount=2.5).reset()


def test_the_codes_defaults_are_not_the_benchmarks() -> None:
    few = {name: value for name, value in options(PROTOSS).items() if name in ("map_name", "capability_config")}
    env = StarCraftCapabilityEnvWrapper(**few)
    env.reset()
    assert (env.unit_sight_range(0), env.unit_shoot_range(0), env.obs_own_pos) == (9, 6, False)
