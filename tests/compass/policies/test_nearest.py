"""The yardstick does exactly what its description says."""

from __future__ import annotations

import numpy as np
import pytest

from compass.communication import Channel
from compass.policies import NearestTeam, RandomTeam
from envs.scenario_file import load_scenario
from tests.compass.battlefield import NOBODY, Team, vectors

NORTH, SOUTH, EAST, WEST = 2, 3, 4, 5


def actions(name: str, allies: Team, enemies: Team = NOBODY, change: np.ndarray | None = None) -> tuple[int, ...]:
    """What the yardstick does at the first step of a battlefield; change: a mask to use instead."""
    scenario = load_scenario(name)
    obs, mask = vectors(scenario, allies, enemies, dict.fromkeys(enemies, 0) if "epo" in name else None)
    channel = Channel(scenario, 3, repaired=True)
    team = NearestTeam()
    team.begin(channel.constants, 0)
    used = mask if change is None else change
    return team.act(channel.exchange(obs, used, np.full(5, -1), 0)).actions


def test_attacks_the_nearest_in_shoot_range_ties_by_lowest_id() -> None:
    enemies: Team = {1: ("zealot", 13.0, 10.0), 2: ("zealot", 7.0, 10.0), 4: ("stalker", 10.0, 14.0)}
    assert actions("protoss_5_vs_5", {0: ("stalker", 10.0, 10.0)}, enemies)[0] == 6 + 1


@pytest.mark.parametrize(
    ("dx", "dy", "step"), [(8, 3, EAST), (-8, 3, WEST), (3, 8, NORTH), (3, -8, SOUTH), (6, 6, NORTH)]
)
def test_steps_along_the_larger_axis(dx: float, dy: float, step: int) -> None:
    enemy = {0: ("zealot", 16.0 + dx, 16.0 + dy)}
    assert actions("protoss_5_vs_5", {0: ("stalker", 16.0, 16.0)}, enemy)[0] == step


def test_takes_the_other_axis_when_the_larger_is_blocked() -> None:
    scenario = load_scenario("protoss_5_vs_5")
    allies: Team = {0: ("stalker", 16.0, 16.0)}
    enemies: Team = {0: ("zealot", 24.0, 18.0)}
    _, mask = vectors(scenario, allies, enemies)
    mask[0, EAST] = 0
    assert actions("protoss_5_vs_5", allies, enemies, mask)[0] == NORTH


def test_under_epo_it_attacks_enemies_it_only_heard_of() -> None:
    allies: Team = {0: ("stalker", 10.0, 10.0), 1: ("stalker", 12.0, 10.0)}
    assert actions("protoss_5_vs_5_epo", allies, {3: ("zealot", 15.0, 10.0)}) == (6 + 3, 6 + 3, 0, 0, 0)


def test_searches_the_centre_then_the_quarters() -> None:
    scenario = load_scenario("protoss_5_vs_5")
    team = NearestTeam()
    channel = Channel(scenario, 3, repaired=True)
    team.begin(channel.constants, 0)
    goals = [(16.0, 16.0), (8.0, 24.0), (24.0, 24.0), (8.0, 8.0), (24.0, 8.0), (16.0, 16.0)]
    x, y, found = 3.0, 16.0, []
    for step in range(200):
        obs, mask = vectors(scenario, {0: ("stalker", x, y)})
        action = team.act(channel.exchange(obs, mask, np.full(5, -1), step)).actions[0]
        x += {EAST: 1.5, WEST: -1.5}.get(action, 0.0)
        y += {NORTH: 1.5, SOUTH: -1.5}.get(action, 0.0)
        if len(found) < len(goals) and abs(x - goals[len(found)][0]) < 1.5 and abs(y - goals[len(found)][1]) < 1.5:
            found.append(goals[len(found)])
    assert found == goals


def test_a_medivac_heals_the_weakest_in_range_else_goes_to_it() -> None:
    allies: Team = {
        0: ("marine", 12.0, 10.0),
        1: ("marine", 13.0, 10.0),
        2: ("marine", 18.0, 10.0),
        4: ("medivac", 10.0, 10.0),
    }
    scenario = load_scenario("terran_5_vs_5")
    obs, mask = vectors(scenario, allies)
    mask[4, [6, 7]] = 1
    layout_row = 8
    obs[4, 4 + 5 * layout_row + 1 * layout_row + 4] = 0.5  # ally 1 has half its health
    obs[4, 4 + 5 * layout_row + 2 * layout_row + 4] = 0.1  # ally 2 less, out of heal range
    channel, team = Channel(scenario, 0, repaired=True), NearestTeam()
    team.begin(channel.constants, 0)
    assert team.act(channel.exchange(obs, mask, np.full(5, -1), 0)).actions[4] == 6 + 1
    far: Team = {2: ("marine", 18.0, 10.0), 4: ("medivac", 10.0, 10.0)}
    assert actions("terran_5_vs_5", far)[4] == EAST


def test_random_play_is_legal_uniform_and_follows_the_seed() -> None:
    scenario = load_scenario("protoss_5_vs_5_epo")
    obs, mask = vectors(scenario, {0: ("stalker", 10.0, 10.0)}, {2: ("zealot", 20.0, 10.0)})
    seen: list[int] = []
    for seed in range(700):
        channel, team = Channel(scenario, 3, repaired=True), RandomTeam()
        team.begin(channel.constants, seed)
        first = team.act(channel.exchange(obs, mask, np.full(5, -1), 0)).actions
        team.begin(channel.constants, seed)
        assert first == team.act(channel.exchange(obs, mask, np.full(5, -1), 0)).actions
        seen.append(first[0])
    assert set(seen) == {1, 2, 3, 4, 5, 8}
    assert min(seen.count(action) for action in set(seen)) > 80
