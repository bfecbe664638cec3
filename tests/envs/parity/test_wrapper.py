"""`envs.smacv2_api` against the wrapper whose place it takes: the same answers from every public method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from envs.draws import stream_key
from envs.scenario_file import load_scenario
from envs.smacv2_api import StarCraftCapabilityEnvWrapper
from envs.teams import draw_battle
from tests.envs.parity.traces import Case, Driver, Rules, Turn, numbered

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from tests.envs.parity.oracle import Oracle, options

SCENARIOS = ("protoss_5_vs_6", "terran_5_vs_5_epo", "zerg_10_vs_10", "terran_10_vs_11")
ASKED = (
    "get_avail_actions",
    "get_capabilities",
    "get_env_info",
    "get_obs_feature_names",
    "get_obs_size",
    "get_state",
    "get_state_feature_names",
    "get_state_size",
    "get_total_actions",
    "get_unit_types",
    "get_visibility_matrix",
)
OF_AN_AGENT = ("get_avail_agent_actions", "unit_sight_range", "unit_shoot_range")


def same(ours: Any, theirs: Any, where: str) -> None:
    if isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype, where
        assert np.array_equal(ours, theirs), where
    else:
        assert ours == theirs, where


def look(ours: Any, theirs: Oracle, call: int, where: str) -> Turn:
    """`get_obs`, then everything else that can be asked; what a driver needs."""
    with theirs.draws.handed_over(call):
        expected = theirs.env.get_obs()
    seen = ours.get_obs()
    same(np.stack(seen), np.stack(expected).astype(np.float32), f"{where}: get_obs")
    for name in ASKED:
        same(getattr(ours, name)(), getattr(theirs.env, name)(), f"{where}: {name}")
    for agent in range(ours.n_agents):
        for name in OF_AN_AGENT:
            same(getattr(ours, name)(agent), getattr(theirs.env, name)(agent), f"{where}: {name} {agent}")
    for side in ("agents", "enemies"):
        units, originals = getattr(ours, side), getattr(theirs.env, side)
        for i, unit in originals.items():
            for name in ("unit_type", "owner", "health", "health_max", "shield", "shield_max"):
                same(getattr(units[i], name), getattr(unit, name), f"{where}: {side}[{i}].{name}")
            assert tuple(units[i].pos) == (unit.pos.x, unit.pos.y), f"{where}: {side}[{i}].pos"
    return Turn(np.stack(seen), ours.get_state(), np.array(ours.get_avail_actions(), dtype=np.uint8))


@pytest.mark.parametrize(
    "rules",
    [*(Rules(name) for name in SCENARIOS), *(numbered(SCENARIOS[n % 4], n) for n in range(2000, 2012))],
    ids=str,
)
def test_every_method_gives_the_same(rules: Rules) -> None:
    known = rules.scenario
    theirs = Oracle(rules)
    ours = StarCraftCapabilityEnvWrapper(**(options(known) | rules.options), seed=40, observation="upstream")
    for seed in (40, 41, 42):
        expected = theirs.reset(seed)
        obs, state = ours.env.reset(draw_battle(known, seed).episode_config())
        same(np.stack(obs), expected.obs, "reset")
        same(state, expected.state, "reset")
        driver, terminated, step = Driver(Case(rules, "aggressive", seed)), False, 0
        turn = look(ours, theirs, 1, f"battle {seed}, reset")
        while not terminated:
            actions = driver.actions(turn, step).tolist()
            answer, step = ours.step(actions), step + 1
            same(answer, theirs.env.step(actions), f"battle {seed}, step {step}")
            theirs.draws.step = step
            terminated = answer[1]
            turn = look(ours, theirs, 0, f"battle {seed}, step {step}")
        same(ours.get_stats(), theirs.env.get_stats(), f"battle {seed}: get_stats")
    theirs.close()


def test_the_same_draws_for_every_further_observation() -> None:
    """Each call of `get_obs` between two steps has draws of its own, on both sides."""
    known = load_scenario("protoss_10_vs_10")
    theirs = Oracle(Rules("protoss_10_vs_10", {"prob_obs_enemy": 0.5}))
    ours = StarCraftCapabilityEnvWrapper(**(options(known) | {"prob_obs_enemy": 0.5}), seed=1, observation="upstream")
    theirs.reset(1)
    ours.reset()
    assert ours.env._skirmish.key == stream_key("evaluation", 1)
    for call in range(1, 6):
        look(ours, theirs, call, f"call {call}")
    theirs.close()
