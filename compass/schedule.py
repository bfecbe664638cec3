"""When agents plan: at the start, every so many steps, and on sharp change. The same for every planner."""

from __future__ import annotations

import numpy as np

from compass.communication import Exchange
from compass.knowledge import HEALTH, SEEN
from compass.types import Constants, Trigger

LOW_HEALTH = 1 / 3


class PlanSchedule:
    """Tells at each step which agents are due and why; an agent judges change by what it knows itself."""

    def __init__(self, constants: Constants, plan_every: int, plan_on_change: bool) -> None:
        n = constants.n_agents
        self._every = plan_every
        self._on_change = plan_on_change
        self._planned_at = np.full(n, -1)
        self._contact = np.zeros(n, dtype=bool)
        self._lost = np.zeros(n, dtype=np.int64)
        self._low = np.zeros(n, dtype=bool)

    def due(self, exchange: Exchange) -> dict[int, Trigger]:
        """The living agents that plan at this step, by ascending id, with the reason."""
        table, n = exchange.table, len(self._contact)
        known, living = table[:, :, SEEN] >= 0, table[:, :, HEALTH] > 0
        contact = self._contact | (known & living)[:, n:].any(axis=1)
        lost = (known & ~living)[:, :n].sum(axis=1)
        low = table[range(n), range(n), HEALTH] <= LOW_HEALTH
        due: dict[int, Trigger] = {}
        for agent in exchange.alive:
            if self._planned_at[agent] < 0:
                due[agent] = Trigger.START
            elif exchange.step - self._planned_at[agent] >= self._every:
                due[agent] = Trigger.PERIOD
            elif self._on_change and contact[agent] > self._contact[agent]:
                due[agent] = Trigger.FIRST_CONTACT
            elif self._on_change and lost[agent] > self._lost[agent]:
                due[agent] = Trigger.ALLY_LOST
            elif self._on_change and low[agent] > self._low[agent]:
                due[agent] = Trigger.LOW_HEALTH
        self._contact, self._lost, self._low = contact, lost, low
        for agent in due:
            self._planned_at[agent] = exchange.step
        return due
