"""Beliefs about whom the enemies attack: what each sign tells, and how often they are right in whole battles."""

from __future__ import annotations

from typing import Any

import pytest

from compass.beliefs import aims_of
from compass.communication import Exchange
from compass.episode import EpisodeSettings, run_episode
from compass.measures import distance
from compass.policies import Choice, NearestTeam
from compass.types import Constants, Observation, Position
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from tests.compass.observation.sights import FACTS, observation, unit

FOE = 3


def facing(own: Position, ally: Position, health: float = 1.0, kind: str = "stalker") -> Observation:
    """An agent 0, an ally 1 and an enemy zealot at (20, 10)."""
    me = unit("ally", 0, "stalker", own, health=health)
    others = [unit("ally", 1, kind, ally, me), unit("enemy", FOE, "zealot", (20.0, 10.0), me)]
    return observation(me, others[:1], others[1:])._replace(units=FACTS)


def at(obs: Observation, place: Position, steps: int = 1, age: int = 0) -> Observation:
    """The same with the enemy at another place, some steps later."""
    return obs._replace(step=obs.step + steps, enemies=(obs.enemies[0]._replace(position=place, age=age),))


def test_a_new_enemy_aims_at_the_nearest_and_a_walk_away_from_it_tells_otherwise() -> None:
    obs, memory = facing((10.0, 10.0), (20.0, 18.0)), dict[str, Any]()
    assert aims_of(obs, memory) == {FOE: 1}
    assert aims_of(at(obs, (19.0, 10.0)), memory) == {FOE: 0}
    assert aims_of(at(obs, (14.0, 10.0)), memory) == {FOE: 0}  # asked twice at a step
    assert aims_of(at(obs, (18.8, 10.4), 2), memory) == {FOE: 0}  # a shift in a crowd tells nothing of a way
    assert aims_of(at(obs, (12.0, 10.0), 3, age=2), memory) == {FOE: 0}  # old news tells nothing
    assert aims_of(at(obs, (18.0, 10.0), 4), memory) == {FOE: 0}


def test_one_strange_step_does_not_change_a_belief_but_several_do() -> None:
    obs, memory = facing((10.0, 10.0), (20.0, 30.0)), dict[str, Any]()
    for step in range(4):
        assert aims_of(at(obs, (20.0 - step, 10.0), step), memory) == {FOE: 0}
    found = [aims_of(at(obs, (17.0 + 0.1 * step, 11.0 + step), 4 + step), memory)[FOE] for step in range(4)]
    assert found[0] == 0 and found[-1] == 1


def test_a_standing_enemy_strikes_who_is_in_reach_and_loses_hit_points() -> None:
    obs, memory = facing((19.0, 10.0), (20.0, 10.8)), dict[str, Any]()
    assert aims_of(obs, memory) == {FOE: 1}  # the nearer of two in reach
    hurt = facing((19.0, 10.0), (20.0, 10.8), health=0.5)
    assert aims_of(at(hurt, (20.0, 10.0)), memory) == {FOE: 0}
    assert aims_of(at(hurt, (20.0, 10.0), 2), memory) == {FOE: 0}
    far, memory = facing((17.0, 10.0), (20.0, 14.0)), {}
    assert aims_of(far, memory) == {FOE: 0}
    closer = facing((17.0, 10.0), (20.0, 11.0))
    assert aims_of(at(closer, (20.0, 10.0)), memory) == {FOE: 1}  # the other one is out of its reach


def test_who_could_strike_and_walks_on_goes_for_somebody_else() -> None:
    def passing(step: int) -> Observation:
        obs = at(facing((20.0 - step, 12.0), (8.0, 10.0)), (20.0 - step, 10.0), step)
        return obs._replace(enemies=(obs.enemies[0]._replace(unit_type="hydralisk"),))

    memory = dict[str, Any]()
    found = [aims_of(passing(step), memory) for step in range(4)]
    assert found[0] == {FOE: 0} and found[-1] == {FOE: 1}


def test_what_is_known_counts_and_the_dead_are_nobodys_aim() -> None:
    obs, memory = facing((10.0, 10.0), (20.0, 20.0)), dict[str, Any]()
    told = obs._replace(enemies=(obs.enemies[0]._replace(aims_at=1),))
    assert aims_of(told, memory) == {FOE: 1}
    later = at(told, (20.0, 10.0))
    assert aims_of(later._replace(allies=()), memory) == {}
    unknown = later._replace(step=later.step + 1, allies=(), enemies=(obs.enemies[0],))
    assert aims_of(unknown, memory) == {FOE: 0}  # it was sent at somebody else


def test_an_enemy_without_a_weapon_and_one_known_to_attack_nobody_have_no_aim() -> None:
    obs = facing((10.0, 10.0), (20.0, 20.0))
    healer = obs.enemies[0]._replace(unit_type="medivac")
    assert aims_of(obs._replace(enemies=(healer,)), {}) == {}
    idle, busy = obs.enemies[0]._replace(id=1), obs.enemies[0]._replace(id=2, aims_at=1)
    told = obs._replace(enemies=(idle, busy, healer._replace(aims_at=0)))
    assert aims_of(told, {}) == {2: 1}


def test_who_cannot_hit_flyers_aims_at_none() -> None:
    obs, memory = facing((10.0, 10.0), (19.0, 10.4), kind="medivac"), dict[str, Any]()
    assert aims_of(obs, memory) == {FOE: 0}
    flying = obs._replace(own=obs.allies[0]._replace(id=0), allies=())
    assert aims_of(flying, {}) == {}


class Asking(NearestTeam):
    """Walks and shoots as policy `nearest`, and counts how many enemies in sight aim at whom each agent believes they do, and how
    many at whoever is nearest."""

    def __init__(self, env: Skirmish) -> None:
        super().__init__()
        self._env = env
        self.known = self.right = self.nearest = 0

    def begin(self, constants: Constants, seed: int) -> None:
        super().begin(constants, seed)
        self._memories = [dict[str, Any]() for _ in range(constants.n_agents)]

    def act(self, exchange: Exchange) -> Choice:
        truth = self._env.aims()
        for agent in exchange.alive:
            obs = exchange.observation(agent)
            believed = aims_of(obs, self._memories[agent])
            for foe in obs.enemies:
                if foe.age == 0 and truth[foe.id] >= 0:
                    closest = min((obs.own, *obs.allies), key=lambda each: distance(each.position, foe.position))
                    self.known += 1
                    self.right += believed.get(foe.id) == truth[foe.id]
                    self.nearest += closest.id == truth[foe.id]
        return super().act(exchange)


@pytest.mark.parametrize("name", ["zerg_5_vs_5_epo", "protoss_5_vs_5"])
def test_most_aims_are_told_right(name: str) -> None:
    env = Skirmish(load_scenario(name))
    team = Asking(env)
    for seed in range(6):
        run_episode(env, team, seed, EpisodeSettings())
    assert team.known > 300
    assert team.right / team.known > max(0.65, team.nearest / team.known + 0.1)
