"""The helpers of `compass.skill`: legal moves, ties, and the action numbers of SMACv2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from compass.skill import (
    attack,
    away,
    best_target,
    can_hit,
    centroid,
    distance,
    heal,
    move,
    nearest,
    probe,
    search,
    stop,
    toward,
    under_fire,
)
from compass.types import Observation
from envs.units import UNITS
from tests.compass.observation.sights import FACTS

Make = Callable[..., Observation]


def test_actions_are_the_numbers_of_smacv2() -> None:
    assert (stop(), attack(0), attack(4), heal(3)) == (1, 6, 10, 9)
    assert [move(direction) for direction in ("north", "south", "east", "west")] == [2, 3, 4, 5]


def test_away_leads_from_the_centre_of_the_threats(observation: Make) -> None:
    obs = observation(0)  # at (10, 12), all enemies to the east
    assert away(obs, obs.enemies) == move("west")
    assert away(obs, obs.enemies[0]) == move("west")
    assert away(obs, (10.0, 20.0)) == move("south")
    assert away(obs, [(10.0, 20.0), (10.0, 4.0), (4.0, 12.0)]) == move("east")


def test_away_takes_only_legal_moves_and_never_comes_closer(observation: Make) -> None:
    sideways = observation(0, available=(1, 2, 4))
    assert away(sideways, sideways.enemies) == move(
        "north"
    )  # west is blocked, east leads closer, north keeps the distance
    assert away(observation(0, available=(1, 4)), sideways.enemies) == stop()
    assert away(sideways, []) == stop()


def test_toward_leads_closer_or_stops(observation: Make) -> None:
    obs = observation(0)
    assert toward(obs, (30.0, 13.0)) == move("east")
    assert toward(obs, obs.enemies[0]) == move("east")
    assert toward(obs, (10.5, 2.0)) == move("south")
    assert toward(obs, (10.9, 12.9)) == stop()  # within a move's reach: every move would overshoot
    assert toward(observation(0, available=(1, 2)), (30.0, 15.0)) == move("north")
    assert toward(observation(0, available=(1, 3, 5)), (30.0, 13.0)) == stop()


@pytest.mark.parametrize("helper", [away, toward])
def test_moves_are_always_legal(helper: Callable[..., int], observation: Make) -> None:
    for bits in range(16):
        available = (1, *(action for action in (2, 3, 4, 5) if bits >> (action - 2) & 1))
        obs = observation(2, available=available)
        for goal in ((0.0, 0.0), (12.0, 12.0), (31.0, 5.0), (12.0, 30.0)):
            assert helper(obs, goal) in available


def test_best_target_looks_at_attackable_enemies_and_breaks_ties_by_id(observation: Make) -> None:
    obs = observation(2)  # at (12, 12): enemies 0..2 at distance 4, 5 and 6
    assert best_target(lambda unit, _: unit.distance, obs) == obs.enemies[2]
    assert best_target(lambda unit, _: 1.0, obs) == obs.enemies[0]
    assert best_target(lambda unit, _: unit.distance, obs, obs.enemies) == obs.enemies[4]
    assert best_target(lambda unit, _: 1.0, obs, []) is None


def test_nearest_and_centroid(observation: Make) -> None:
    obs = observation(2)
    assert nearest(obs.enemies) == obs.enemies[0]
    assert nearest(obs.allies) == obs.allies[1]  # allies 1 and 3 are equally near
    assert nearest([]) is None
    assert centroid([(0.0, 0.0), (4.0, 2.0)]) == (2.0, 1.0)
    assert centroid(obs.enemies) == (18.0, 12.0)
    assert distance((0.0, 0.0), (3.0, 4.0)) == 5.0
    with pytest.raises(ValueError, match="empty"):
        centroid([])


def fighter(obs: Observation, kind: str = "stalker") -> Observation:
    """The same observation for a unit of this type, with the facts of all types."""
    return obs._replace(own=obs.own._replace(unit_type=kind), units=FACTS)


def step_on(obs: Observation, action: int, east: float = 0.0) -> Observation:
    """What follows an action that led so far east."""
    x, y = obs.own.position
    return obs._replace(step=obs.step + 1, last_action=action, own=obs.own._replace(position=(x + east, y)))


def wounded(obs: Observation, health: float) -> Observation:
    return obs._replace(own=obs.own._replace(health=health))


def test_most_weapons_do_not_reach_a_medivac(observation: Make) -> None:
    obs = fighter(observation(2))
    medivac = obs.enemies[0]._replace(unit_type="medivac")
    assert can_hit(medivac, obs) and not can_hit(medivac, fighter(obs, "marauder"))
    assert can_hit(obs.enemies[0], fighter(obs, "marauder"))


def test_under_fire_is_who_lost_hit_points_lately(observation: Make) -> None:
    obs, memory = fighter(observation(0)), dict[str, Any]()
    assert under_fire(obs, memory) == []
    obs = wounded(obs, 0.3)._replace(step=6)
    assert under_fire(obs, memory) == [obs.own]
    assert under_fire(obs._replace(step=11), memory) == [obs.own]
    assert under_fire(obs._replace(step=12), memory) == []


def test_probe_tries_one_living_enemy_after_another_while_walking(observation: Make) -> None:
    obs, memory = (
        fighter(observation(0, available=(1, 2, 4, 6, 8), last_action=4))._replace(enemies=()),
        dict[str, Any](),
    )
    assert probe(obs, memory) is None  # nobody is under fire
    obs = wounded(obs, 0.4)
    assert probe(obs, memory) == attack(0)
    obs = step_on(obs, attack(0), east=0.9)
    assert probe(obs, memory) is None  # it walked on: enemy 0 is not in range, and the walk needs a new order
    obs = step_on(obs, move("east"), east=0.9)
    assert probe(obs, memory) == attack(2)


def test_probe_keeps_to_an_enemy_that_made_it_halt_while_that_lives(observation: Make) -> None:
    obs, memory = fighter(observation(0, available=(1, 4, 7), last_action=4))._replace(enemies=()), dict[str, Any]()
    probe(obs, memory)
    obs = wounded(obs, 0.4)
    for _ in range(3):
        assert probe(obs, memory) == attack(1)
        obs = step_on(obs, attack(1))
    assert probe(obs._replace(available=(1, 4)), memory) is None


def test_probe_is_for_shooters_and_leaves_out_whom_it_cannot_hit(observation: Make) -> None:
    for kind in ("zealot", "medivac"):
        memory = dict[str, Any]()
        under_fire(fighter(observation(0, last_action=4), kind), memory)
        assert probe(wounded(fighter(observation(0, last_action=4), kind), 0.1), memory) is None
    memory = {}
    obs = fighter(
        observation(0, available=(1, 4, 6, 10), last_action=4)
    )  # enemy 0 at distance 6, enemy 4 at 10, both in sight
    probe(obs, memory)
    assert [probe(wounded(obs, health), memory) for health in (0.4, 0.3)] == [attack(0), attack(0)]


def test_search_goes_to_the_centre_and_then_to_a_quarter(observation: Make) -> None:
    obs, memory = observation(0), dict[str, Any]()
    assert search(obs, memory) == move("east")
    there = obs._replace(own=obs.own._replace(position=(16.0, 16.0)))
    assert search(there, memory) == toward(there, (8.0, 24.0))
    assert search(there, memory) == toward(there, (8.0, 24.0))  # and stays with it


def test_a_search_leaves_out_what_lies_behind_a_wall(observation: Make) -> None:
    memory = dict[str, Any]()
    obs = observation(0)
    at_wall = obs._replace(own=obs.own._replace(position=(9.0, 16.0)), can_move=obs.can_move | {"east": False})
    assert toward(at_wall, (16.0, 16.0)) == stop()
    assert search(at_wall, memory) == toward(at_wall, (8.0, 24.0)) == move("north")


@pytest.mark.parametrize("kind", UNITS)
def test_what_can_hit_a_medivac_is_what_the_unit_data_say(kind: str, observation: Make) -> None:
    obs = fighter(observation(0), kind)
    medivac = obs.enemies[0]._replace(unit_type="medivac")
    if kind != "medivac":
        assert can_hit(medivac, obs) == any(weapon.hits_air for weapon in UNITS[kind].weapons)
    assert [name for name, unit in UNITS.items() if unit.flying] == ["medivac"]
