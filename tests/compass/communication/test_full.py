"""Full information: everything that is, nothing that could not be done, and the same battle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from compass.communication import Exchange
from compass.episode import COMMUNICATED, FULL, EpisodeSettings, run_episode
from compass.errors import InputError
from compass.policies import RandomTeam
from compass.policies.base import Choice
from compass.types import FIRST_TARGET, Constants, EpisodeResult, Planned, Trigger
from envs.skirmish import Skirmish
from envs.units import UNIT_NAMES


class Witness:
    """Plays at random, alike whatever is known, and keeps what was known and what was at every step."""

    reproducible = True

    def __init__(self, name: str, information: str) -> None:
        self.env, self.player = Skirmish(name), RandomTeam()
        self.exchanges: list[Exchange] = []
        self.seen: list[np.ndarray] = []
        self.aims: list[list[int]] = []
        self.actions: list[tuple[int, ...]] = []
        self.result: EpisodeResult = run_episode(self.env, self, 5, EpisodeSettings(information=information))

    def begin(self, constants: Constants, seed: int) -> None:
        self.player.begin(constants, seed)

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        return ()

    def act(self, exchange: Exchange) -> Choice:
        self.exchanges.append(exchange)
        self.seen.append(self.env.seen.copy())
        self.aims.append(self.env.aims().tolist())
        choice = self.player.act(exchange)
        self.actions.append(choice.actions)
        return choice

    def end(self) -> None:
        pass


@pytest.mark.parametrize("name", ["protoss_5_vs_6_epo", "terran_5_vs_5", "2s_vs_1sc"])
def test_every_agent_knows_every_living_unit_as_it_is(name: str) -> None:
    found = Witness(name, FULL)
    n_agents = found.env.n_agents
    for exchange, seen, aims in zip(found.exchanges, found.seen, found.aims, strict=True):
        living = [slot for slot in range(len(seen)) if seen[slot]["health"] > 0]
        for obs in map(exchange.observation, exchange.alive):
            units = {unit.id: unit for unit in (obs.own, *obs.allies)}
            units |= {n_agents + unit.id: unit for unit in obs.enemies}
            assert sorted(units) == living and len(units) == 1 + len(obs.allies) + len(obs.enemies)
            for slot, unit in units.items():
                there = seen[slot]
                assert unit.position == (there["x"], there["y"]) and unit.unit_type == UNIT_NAMES[there["kind"]]
                assert (unit.health, unit.shield) == (there["health_part"], there["shield_part"])
                assert (unit.hops, unit.age) == (0, 0)
                offset = np.subtract(unit.position, obs.own.position)
                assert unit.relative == tuple(offset) and unit.distance == pytest.approx(np.hypot(*offset), abs=1e-9)
                aim = aims[slot - n_agents] if slot >= n_agents else -1
                assert unit.aims_at == (None if aim < 0 else aim)
    assert any(aim >= 0 for aims in found.aims for aim in aims)


def test_allies_actions_are_known_and_nothing_is_told() -> None:
    found = Witness("protoss_5_vs_5_epo", FULL)
    assert found.result.messages == 0
    for actions, exchange in zip(found.actions, found.exchanges[1:], strict=False):
        for obs in map(exchange.observation, exchange.alive):
            assert obs.last_action == actions[obs.agent_id]
            assert all(ally.last_action == actions[ally.id] for ally in obs.allies)
        assert not exchange.graph.edges and set(exchange.graph.nodes) == set(exchange.alive)


@pytest.mark.parametrize("name", ["protoss_5_vs_6_epo", "terran_5_vs_5", "terran_5_vs_6_epo"])
def test_the_battle_and_what_can_be_done_in_it_stay_the_same(name: str) -> None:
    """What an agent sees itself is the same to those who know everything, but for the enemies' aims."""
    plain, full = (Witness(name, information) for information in (COMMUNICATED, FULL))
    assert replace(plain.result, messages=0) == full.result
    compared = 0
    for ordinary, informed in zip(plain.exchanges, full.exchanges, strict=True):
        assert np.array_equal(ordinary.vectors, informed.vectors) and ordinary.alive == informed.alive
        for less, more in ((ordinary.observation(a), informed.observation(a)) for a in ordinary.alive):
            assert less.available == more.available and less.can_move == more.can_move
            all_of = {(unit.team, unit.id): unit for unit in (*more.allies, *more.enemies)}
            for unit in (*less.allies, *less.enemies):
                if unit.hops == 0 and unit.age == 0:
                    compared += 1
                    assert unit.attackable == all_of[unit.team, unit.id].attackable
                    assert unit.position == pytest.approx(all_of[unit.team, unit.id].position, abs=1e-4)
            for unit in more.enemies:
                legal = FIRST_TARGET + unit.id in more.available
                assert not unit.attackable or (legal and unit.distance <= more.shoot_range)
            assert all(unit.aims_at is None for unit in (less.own, *less.allies, *less.enemies, *more.allies))
    assert compared > 100


def test_whoever_is_hit_was_aimed_at() -> None:
    """One zealot, which strikes at once: the only one who can hurt anybody."""
    found = Witness("2m_vs_1z", FULL)
    hits = 0
    for before, now, was, aims in zip(found.seen, found.seen[1:], found.aims, found.aims[1:], strict=False):
        for agent in range(2):
            if now[agent]["health"] < before[agent]["health"]:
                hits += 1
                assert agent in (was[0], aims[0])
    assert hits


def test_another_word_is_refused() -> None:
    with pytest.raises(InputError, match="unknown information 'perfect'"):
        EpisodeSettings(information="perfect")
