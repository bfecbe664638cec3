"""Told rows: what a message says stands where the agent's own eyes would have written it, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from compass.communication import Channel, ToldRows
from envs.layout import Layout
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from tests.compass.battlefield import NOBODY, Team, vectors

EPO = load_scenario("protoss_5_vs_5_epo")
LAYOUT = Layout.of(EPO)
ENEMIES = slice(LAYOUT.enemies_at, LAYOUT.allies_at)
PAIR: Team = {0: ("stalker", 10.0, 16.0), 1: ("stalker", 14.0, 16.0)}
ENEMY: Team = {2: ("zealot", 12.0, 12.0)}


def told(
    channel: Channel,
    scenario: Scenario,
    step: int,
    allies: Team,
    enemies: Team = NOBODY,
    owners: dict[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors as seen and as filled."""
    obs, mask = vectors(scenario, allies, enemies, owners)
    rows = obs.copy()
    ToldRows(scenario).write(rows, mask, channel.table, channel.hear(obs, mask, step))
    return obs, rows


def enemy_row(vector: np.ndarray, enemy: int) -> np.ndarray:
    return vector[ENEMIES].reshape(LAYOUT.n_enemies, LAYOUT.enemy_row)[enemy]


def test_a_hidden_enemy_that_a_comrade_tells_of_stands_where_it_would_be_seen() -> None:
    channel = Channel(EPO, 3, repaired=True)
    obs, rows = told(channel, EPO, 0, PAIR, ENEMY, {2: 0})
    unhidden, _ = vectors(EPO, PAIR, ENEMY)
    assert not enemy_row(obs[1], 2).any()
    assert enemy_row(rows[1], 2)[1:] == pytest.approx(enemy_row(unhidden[1], 2)[1:], abs=1e-6)
    assert enemy_row(rows[1], 2)[0] == 1  # the agent's own mask: under EPO every living enemy may be attacked
    enemy_row(rows[1], 2)[:] = 0
    assert np.array_equal(rows, obs)


def test_far_comrades_are_told_of_but_not_visible() -> None:
    line: Team = {a: ("stalker", 2.0 + 7.0 * a, 16.0) for a in range(5)}
    obs, rows = told(Channel(EPO, 2, repaired=True), EPO, 0, line)
    allies = rows[0, LAYOUT.allies_at : LAYOUT.own_at].reshape(4, LAYOUT.ally_row)
    assert allies[:, 0].tolist() == [1, 0, 0, 0]  # sees the next one alone
    assert allies[:, 1] == pytest.approx([0.7, 1.4, 2.1, 0.0])  # hears of two more, over two hops
    assert allies[:, 2] == pytest.approx([0.7, 1.4, 2.1, 0.0])
    assert allies[1:3, 4:6].tolist() == [[1, 1], [1, 1]]
    assert np.array_equal(obs[:, ENEMIES], rows[:, ENEMIES])


def test_a_message_is_shown_for_one_step_and_without_hops_there_is_none() -> None:
    channel = Channel(EPO, 3, repaired=True)
    told(channel, EPO, 0, PAIR, ENEMY, {2: 0})
    obs, rows = told(channel, EPO, 1, PAIR, ENEMY, {})
    assert np.array_equal(obs, rows)
    obs, rows = told(Channel(EPO, 0, repaired=True), EPO, 0, PAIR, ENEMY, {2: 0})
    assert np.array_equal(obs, rows)


def test_news_of_a_death_leaves_the_row_empty() -> None:
    default = load_scenario("protoss_5_vs_5")
    channel = Channel(default, 3, repaired=True)
    near: Team = {0: ("stalker", 10.0, 16.0), 1: ("stalker", 19.0, 16.0)}
    enemy: Team = {2: ("zealot", 9.0, 16.0)}  # agent 1 does not see it
    _, rows = told(channel, default, 0, near, enemy)
    assert enemy_row(rows[1], 2)[1] == pytest.approx(1.0)
    obs, rows = told(channel, default, 1, near, NOBODY)
    assert channel.table[1, 7, 8] == 0  # agent 1 heard that it died
    assert np.array_equal(obs, rows)
