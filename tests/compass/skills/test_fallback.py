"""The fallback: legal in every case."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compass.skills.fallback import fallback, legal
from compass.types import Observation

Make = Callable[..., Observation]


def test_it_attacks_the_nearest_attackable_enemy(observation: Make) -> None:
    assert fallback(observation(2)) == 6


def test_equally_near_enemies_are_decided_by_id(observation: Make) -> None:
    obs = observation(2)
    enemies = tuple(enemy._replace(distance=3.0, attackable=True) for enemy in reversed(obs.enemies))
    assert fallback(obs._replace(enemies=enemies)) == 6


def test_it_stops_without_an_attackable_enemy_or_outside_the_mask(observation: Make) -> None:
    obs = observation(2)
    assert fallback(obs._replace(enemies=tuple(enemy._replace(attackable=False) for enemy in obs.enemies))) == 1
    assert fallback(obs._replace(enemies=())) == 1
    assert fallback(observation(2, available=(1, 2, 7))) == 1


def test_the_dead_do_nothing(observation: Make) -> None:
    assert fallback(observation(2, available=(0,))) == 0


@pytest.mark.parametrize("action", [True, 1.0, "1", None, float("nan"), 99, -1, 10**100])
def test_only_plain_ints_inside_the_mask_are_legal(action: object) -> None:
    assert legal(1, (1, 2))
    assert not legal(action, (1, 2))
