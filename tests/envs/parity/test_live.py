"""The native environment and unmodified smacv2 side by side on the embedded engine, array by array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from envs.scenario_file import scenario_names
from tests.envs.parity.combinations import CHOICES
from tests.envs.parity.traces import POLICIES, Rules, numbered

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from tests.envs.parity.compare import side_by_side

LIVE_SEEDS = (1000, 1001)  # not among the committed ones
ONE_BY_ONE = [(name, value) for name, values in CHOICES.items() for value in values]
SMALL = [name for name in scenario_names() if "5_vs" in name]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scenario", scenario_names())
def test_the_same_bytes(scenario: str, policy: str) -> None:
    side_by_side(Rules(scenario), policy, LIVE_SEEDS)


@pytest.mark.parametrize(
    ("scenario", "policy", "name", "value"),
    [(SMALL[n % len(SMALL)], POLICIES[1 + n % 3], *option) for n, option in enumerate(ONE_BY_ONE)],
)
def test_the_same_bytes_under_one_other_option(scenario: str, policy: str, name: str, value: Any) -> None:
    changes = {name: value}
    if name == "obs_own_health":
        changes["obs_all_health"] = False  # which implies the own health
    side_by_side(Rules(scenario, changes, f"{name}={value}"), policy, (7, 8))


@pytest.mark.parametrize("number", range(1000, 1072))
def test_the_same_bytes_under_combined_options(number: int) -> None:
    scenario = scenario_names()[number % len(scenario_names())]
    side_by_side(numbered(scenario, number), POLICIES[number // 3 % len(POLICIES)], (number,))


@pytest.mark.parametrize("scenario", ["protoss_5_vs_5", "terran_5_vs_6_epo", "zerg_10_vs_10"])
def test_the_same_bytes_when_time_is_up(scenario: str) -> None:
    (end,) = side_by_side(Rules(scenario, {"continuing_episode": True}), "aggressive", (3,), limit=12)
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
    path.write_text(f"{content}\nsetting: {setting}\nmask_probability: 0.7\n", encoding="utf-8")
    for policy in POLICIES:
        side_by_side(Rules(str(path)), policy, (0, 1, 2, 3))
