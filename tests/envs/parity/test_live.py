"""The native environment and unmodified smacv2 side by side on the embedded engine, array by array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.scenario_file import load_scenario, scenario_names
from tests.envs.parity.native import Native
from tests.envs.parity.traces import POLICIES, Case, Turn, play

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from tests.envs.parity.oracle import Oracle

LIVE_SEEDS = (1000, 1001)  # not among the committed ones


def assert_same(native: Turn, oracle: Turn, where: str) -> None:
    """Name the first array that differs, and where; then compare the bytes that the hashes are taken of."""
    for name in ("obs", "state", "available"):
        ours, theirs = getattr(native, name), getattr(oracle, name)
        assert ours.shape == theirs.shape, f"{where}: {name}"
        at = np.argwhere(ours != theirs)
        assert not len(at), (
            f"{where}: {name}{at[0].tolist()}: {ours[tuple(at[0])]!r} but smacv2 has {theirs[tuple(at[0])]!r}"
        )
    assert (native.reward, native.terminated, native.info) == (oracle.reward, oracle.terminated, oracle.info), where
    assert native.pack() == oracle.pack(), f"{where}: bytes"


def side_by_side(scenario: str, policy: str, seeds: tuple[int, ...], limit: int = 200, **options: Any) -> list[Turn]:
    """Play on both sides and compare; the last turn of each episode. The length of an episode is no option on either side."""
    ours = Native(load_scenario(scenario), **options)
    theirs = Oracle(load_scenario(scenario), **options)
    theirs.env.env.episode_limit = limit
    ours.skirmish._battles.settings["episode_limit"] = limit
    ends = []
    try:
        for seed in seeds:
            case = Case(scenario, policy, seed)
            both = zip(play(ours, case), play(theirs, case), strict=True)
            for step, ((native, _), (oracle, actions)) in enumerate(both):
                where = f"{case.name}, {f'step {step}' if step else 'reset'}, actions {actions}"
                assert_same(native, oracle, where)
            ends.append(native)
    finally:
        theirs.close()
    return ends


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scenario", scenario_names())
def test_the_same_bytes(scenario: str, policy: str) -> None:
    side_by_side(scenario, policy, LIVE_SEEDS)


@pytest.mark.parametrize("scenario", ["protoss_5_vs_5", "terran_10_vs_11", "zerg_5_vs_6_epo"])
@pytest.mark.parametrize(
    "options",
    [
        {"prob_obs_enemy": 0.5},
        {"obs_last_action": True, "obs_timestep_number": True, "state_timestep_number": True},
        {"state_last_action": False, "obs_all_health": False, "obs_own_health": False, "obs_own_pos": False},
        {"reward_only_positive": False, "reward_defeat": -50},
        {"reward_sparse": True},
        {"reward_scale": False},
        {"use_unit_ranges": False, "fully_observable": True},
        {"step_mul": 3, "move_amount": 3},
    ],
    ids=lambda options: ",".join(options),
)
def test_the_same_bytes_under_other_options(scenario: str, options: dict[str, Any]) -> None:
    policy = "random" if "obs_own_pos" in options else "aggressive"  # which reads the own position
    side_by_side(scenario, policy, (7,), **options)


@pytest.mark.parametrize("scenario", ["protoss_5_vs_5", "terran_5_vs_6_epo", "zerg_10_vs_10"])
def test_the_same_bytes_when_time_is_up(scenario: str) -> None:
    (end,) = side_by_side(scenario, "aggressive", (3,), limit=12, continuing_episode=True)
    assert end.info["episode_limit"] is True
    assert not end.info["battle_won"]


@pytest.mark.parametrize("setting", ["default", "epo"])
@pytest.mark.parametrize(
    "content",
    [
        "race: zerg\nn_units: 2\nn_enemies: 2\nweights: {baneling: 1}",
        "race: zerg\nn_units: 1\nn_enemies: 1\nweights: {zergling: 1}",
        "race: terran\nn_units: 6\nn_enemies: 3\nweights: {marine: 0.4, medivac: 0.6}\nexception_unit_types: [medivac]",
        "race: terran\nn_units: 4\nn_enemies: 5\nweights: {marauder: 0.5, medivac: 0.5}\nexception_unit_types: [medivac]",
        "race: protoss\nn_units: 3\nn_enemies: 2\nweights: {colossus: 1}\nstart_positions: {rule: surrounded}",
    ],
    ids=["banelings", "one against one", "more allies", "medivacs", "colossi"],
)
def test_the_same_bytes_in_scenarios_of_ones_own(content: str, setting: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"{content}\nsetting: {setting}\n", encoding="utf-8")
    for policy in POLICIES:
        side_by_side(str(path), policy, (0, 1, 2, 3))
