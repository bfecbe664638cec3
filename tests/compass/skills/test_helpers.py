"""The helpers of `compass.skill`: legal moves, ties, and the action numbers of SMACv2."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compass.skill import attack, away, best_target, centroid, distance, heal, move, nearest, stop, toward
from compass.types import Observation

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
