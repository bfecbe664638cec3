"""When agents plan: at the start, every so many steps, and on sharp change as they know it themselves."""

from __future__ import annotations

import numpy as np
import pytest

from compass.communication import Channel
from compass.schedule import PlanSchedule
from compass.types import Trigger
from envs.layout import Layout
from envs.scenario_file import load_scenario
from tests.compass.battlefield import NOBODY, Team, vectors

SCENARIO = load_scenario("protoss_5_vs_5_epo")
ALLIES: Team = {0: ("stalker", 5.0, 16.0), 1: ("stalker", 8.0, 16.0), 2: ("stalker", 28.0, 28.0)}
ENEMY: Team = {0: ("zealot", 5.0, 12.0)}


class Clock:
    def __init__(self, every: int = 20, on_change: bool = True) -> None:
        self.channel = Channel(SCENARIO, 3, repaired=True)
        self.schedule = PlanSchedule(self.channel.constants, every, on_change)
        self.step = -1

    def due(self, allies: Team, enemies: Team = NOBODY, hurt: int | None = None) -> dict[int, Trigger]:
        self.step += 1
        obs, mask = vectors(SCENARIO, allies, enemies, dict.fromkeys(enemies, 0))
        if hurt is not None:
            obs[hurt, Layout.of(SCENARIO).own_at] = 0.2
        return self.schedule.due(self.channel.exchange(obs, mask, np.full(5, -1), self.step))


def test_at_the_start_and_then_periodically() -> None:
    clock = Clock(every=3)
    plans = [clock.due(ALLIES) for _ in range(7)]
    assert plans[0] == dict.fromkeys((0, 1, 2), Trigger.START)
    assert [bool(plan) for plan in plans] == [True, False, False, True, False, False, True]
    assert plans[3] == dict.fromkeys((0, 1, 2), Trigger.PERIOD)


@pytest.mark.parametrize("on_change", [True, False])
def test_first_contact_concerns_those_who_know_of_it(on_change: bool) -> None:
    clock = Clock(on_change=on_change)
    clock.due(ALLIES)
    due = clock.due(ALLIES, ENEMY)
    assert due == (dict.fromkeys((0, 1), Trigger.FIRST_CONTACT) if on_change else {})
    assert clock.due(ALLIES, ENEMY) == {}


def test_a_lost_ally_concerns_who_saw_it_vanish() -> None:
    clock = Clock()
    clock.due(ALLIES)
    assert clock.due({a: ALLIES[a] for a in (0, 2)}) == {0: Trigger.ALLY_LOST}


def test_low_health_concerns_the_wounded_once() -> None:
    clock = Clock()
    clock.due(ALLIES)
    assert clock.due(ALLIES, hurt=2) == {2: Trigger.LOW_HEALTH}
    assert clock.due(ALLIES, hurt=2) == {}
