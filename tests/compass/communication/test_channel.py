"""Communication: who talks to whom, how far a record travels, what it carries, and what absence proves."""

from __future__ import annotations

import numpy as np
import pytest

from compass.communication import Channel, Exchange, Trace
from compass.errors import InputError
from compass.knowledge import ACTION, ATTACKABLE, HEALTH, HOPS, ORIGIN, SEEN, X
from compass.types import Observation, StepRecord
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from tests.compass.battlefield import NOBODY, Team, vectors

EPO = load_scenario("protoss_5_vs_5_epo")
DEFAULT = load_scenario("protoss_5_vs_5")
LINE: Team = {a: ("stalker", 2.0 + 7.0 * a, 16.0) for a in range(5)}  # each sees its neighbours only (sight 10)
ENEMY: Team = {0: ("zealot", 2.0, 12.0)}
SLOT = 5  # of enemy 0
NONE = np.full(5, -1)


class Field:
    """A channel fed step by step with battlefields."""

    def __init__(self, scenario: Scenario = EPO, hops: int = 3, repaired: bool = True) -> None:
        self.scenario, self.channel, self.step = scenario, Channel(scenario, hops, repaired), -1

    def see(
        self, allies: Team, enemies: Team = NOBODY, owners: dict[int, int] | None = None, actions: np.ndarray = NONE
    ) -> Exchange:
        self.step += 1
        return self.channel.exchange(*vectors(self.scenario, allies, enemies, owners), actions, self.step)


def enemy_of(obs: Observation, name: int = 0) -> tuple[int, int] | None:
    """(hops, age) of the enemy as this observation has it."""
    return next(((e.hops, e.age) for e in obs.enemies if e.id == name), None)


@pytest.mark.parametrize(("hops", "reached"), [(0, 0), (1, 1), (2, 2), (3, 3), (9, 4), (2**70, 4)])
def test_a_record_travels_so_many_hops_within_one_step(hops: int, reached: int) -> None:
    exchange = Field(hops=hops).see(LINE, ENEMY, {0: 0})
    known = [enemy_of(exchange.observation(a)) for a in range(5)]
    assert known == [(a, 0) if a <= reached else None for a in range(5)]


def test_the_hop_count_is_over_the_records_whole_life() -> None:
    field = Field(hops=2)
    field.see(LINE, ENEMY, {0: 0})
    # The owner dies; agents 2 (at two hops) and 3 keep talking, yet agent 3 must never learn of the enemy.
    survivors = {a: LINE[a] for a in (2, 3, 4)}
    for _ in range(4):
        exchange = field.see(survivors, ENEMY, {})
    assert enemy_of(exchange.observation(2)) == (2, 4)
    assert enemy_of(exchange.observation(3)) is None


def test_edges_run_between_agents_of_whom_either_sees_the_other() -> None:
    far: Team = {
        0: ("stalker", 5.0, 5.0),
        1: ("zealot", 14.5, 5.0),
        2: ("zealot", 24.0, 5.0),
    }  # 9.5: only the stalker sees
    exchange = Field().see(far)
    assert sorted(exchange.graph.edges) == [(0, 1)]
    assert sorted(exchange.graph.nodes) == [0, 1, 2]
    heard = exchange.observation(1).allies
    assert [(ally.id, ally.hops) for ally in heard] == [(0, 1)]


def test_freshest_wins_then_fewest_hops() -> None:
    field = Field()
    field.see({a: LINE[a] for a in (0, 1)}, ENEMY, {0: 0})
    moved: Team = {0: ("zealot", 2.0, 10.0)}
    exchange = field.see({0: LINE[0], 1: LINE[1]}, moved, {0: 0})
    enemy = exchange.observation(1).enemies[0]
    assert (enemy.position, enemy.hops, enemy.age) == (pytest.approx((2.0, 10.0), abs=1e-5), 1, 0)
    # Agent 1 sees agent 0 itself (0 hops) although agent 0 also reports itself (1 hop).
    assert exchange.observation(1).allies[0].hops == 0


def test_last_known_positions_are_kept_with_their_age_and_made_relative_anew() -> None:
    field = Field()
    field.see(LINE, ENEMY, {0: 0})
    walked = {1: ("stalker", 9.0, 14.0), 2: LINE[2]}
    exchange = field.see(walked, ENEMY, {})
    enemy = exchange.observation(1).enemies[0]
    assert (enemy.hops, enemy.age) == (1, 1)
    assert enemy.position == pytest.approx((2.0, 12.0), abs=1e-5)
    assert enemy.relative == pytest.approx((-7.0, -2.0), abs=1e-5)
    assert enemy.distance == pytest.approx(53**0.5, abs=1e-5)


def test_last_actions_come_by_message_only() -> None:
    actions = np.array([2, 3, 4, 5, 1])
    silent, talking = Field(hops=0), Field(hops=1)
    assert {ally.last_action for ally in silent.see(LINE, actions=actions).observation(1).allies} == {None}
    heard = talking.see(LINE, actions=actions).observation(1).allies
    assert {ally.id: ally.last_action for ally in heard} == {0: 2, 2: 4, 3: None}
    assert talking.see(LINE, actions=actions).table[1, 3, ACTION] == -1
    assert talking.see(LINE, actions=actions).observation(1).last_action == 3


def test_attackable_under_epo_is_true_range_for_heard_enemies() -> None:
    near: Team = {0: ("stalker", 10.0, 16.0), 1: ("stalker", 13.0, 16.0), 2: ("zealot", 18.0, 16.0)}
    exchange = Field().see(near, {0: ("zealot", 12.0, 16.0)}, {0: 0})
    assert [exchange.observation(a).enemies[0].attackable for a in (0, 1, 2)] == [True, True, False]
    assert 6 in exchange.observation(2).available  # the mask only says that it lives


def test_what_a_weapon_cannot_reach_is_not_attackable() -> None:
    allies: Team = {0: ("marauder", 10.0, 16.0), 1: ("marine", 10.0, 18.0)}
    exchange = Field(load_scenario("terran_5_vs_5")).see(allies, {0: ("medivac", 12.0, 16.0)})
    assert [exchange.observation(a).enemies[0].attackable for a in (0, 1)] == [False, True]
    assert 6 in exchange.observation(0).available  # smacv2's mask knows nothing of planes


def test_under_epo_the_mask_tells_who_died_and_the_news_spreads() -> None:
    field = Field()
    field.see(LINE, ENEMY, {0: 0})
    exchange = field.see(LINE, {}, {})
    assert all(not exchange.observation(a).enemies for a in range(5))
    assert exchange.table[0, SLOT, SEEN] >= 0
    assert exchange.table[0, SLOT, HEALTH] == 0


@pytest.mark.parametrize(("repaired", "gone"), [(True, True), (False, False)])
def test_absence_proves_an_enemys_death_only_near_seen_and_repaired(repaired: bool, gone: bool) -> None:
    field = Field(DEFAULT, repaired=repaired)
    field.see(LINE, ENEMY)
    exchange = field.see(LINE, {})
    assert (enemy_of(exchange.observation(0)) is None) == gone


def test_an_enemy_that_may_have_left_sight_stays_known() -> None:
    field = Field(DEFAULT)
    field.see({0: LINE[0]}, {0: ("zealot", 2.0, 25.0)})  # 9 away: it can leave the sight of 10
    assert enemy_of(field.see({0: LINE[0]}, {}).observation(0)) == (0, 1)


def test_a_near_ally_that_vanishes_is_dead() -> None:
    field = Field()
    close = {0: LINE[0], 1: ("stalker", 5.0, 16.0)}
    assert len(field.see(close).observation(0).allies) == 1
    exchange = field.see({0: LINE[0]})
    assert exchange.observation(0).allies == ()
    assert exchange.table[0, 1, HEALTH] == 0


def test_the_dead_know_and_tell_nothing() -> None:
    field = Field()
    field.see(LINE, ENEMY, {0: 0})
    exchange = field.see({a: LINE[a] for a in (0, 1, 3, 4)}, ENEMY, {0: 0})
    assert exchange.alive == (0, 1, 3, 4)
    assert (exchange.table[2, :, SEEN] < 0).all()
    with pytest.raises(KeyError):
        exchange.observation(2)


def test_an_agent_never_learns_from_beyond_its_component() -> None:
    """Decentralisation: what agents out of reach see changes nothing in what an agent knows."""
    split: Team = {0: ("stalker", 3.0, 3.0), 1: ("stalker", 8.0, 3.0), 2: ("stalker", 28.0, 28.0)}
    one = Field().see(split, {0: ("zealot", 27.0, 25.0)}, {0: 2})
    other = Field().see({**split, 2: ("colossus", 25.0, 28.0)}, {0: ("stalker", 20.0, 28.0)}, {0: 2})
    assert one.payloads[:2] == other.payloads[:2]
    assert one.payloads[2] != other.payloads[2]
    assert (one.table[:2, SLOT, SEEN] < 0).all()


def test_the_trace_names_the_relays() -> None:
    field, trace = Field(), Trace()
    for _ in range(2):
        exchange = field.see(LINE, ENEMY, {0: 0})
        trace.on_step(StepRecord(field.step, None, exchange, (), (), (), None))
    last = trace.learned(3, SLOT, until=1)
    assert last is not None
    assert (last.sender, last.origin, last.hops, last.age) == (2, 0, 3, 0)
    assert [(d.sender, d.receiver) for d in trace.route(3, SLOT, until=1)] == [(0, 1), (1, 2), (2, 3)]
    assert trace.learned(4, SLOT, until=1) is None
    assert exchange.table[3, SLOT, [HOPS, ORIGIN]].tolist() == [3, 0]


def test_records_carry_absolute_positions() -> None:
    exchange = Field().see(LINE, ENEMY, {0: 0})
    assert exchange.table[:4, SLOT, X] == pytest.approx([2.0] * 4, abs=1e-5)
    assert exchange.table[1, SLOT, ATTACKABLE] == 0


def test_negative_hops_are_refused() -> None:
    with pytest.raises(InputError, match="hops is -1"):
        Channel(EPO, -1, repaired=True)
