"""When agents plan: at the start, every so many steps, and on sharp change. The same for every planner."""

from __future__ import annotations

import numpy as np

from compass.communication import Exchange
from compass.communication.merge import sharp_facts
from compass.types import Constants, Trigger

LOW_HEALTH = 1 / 3


class PlanSchedule:
    """Tells at each step which agents are due and why; an agent judges change by what it knows itself."""

    def __init__(self, constants: Constants, plan_every: int, plan_on_change: bool) -> None:
        n = constants.n_agents
        self._every = plan_every
        self._on_change = plan_on_change
        self._planned_at = [-1] * n
        self._contact = np.zeros(n, dtype=bool)
        self._lost = np.zeros(n, dtype=np.int64)
        self._low = np.zeros(n, dtype=bool)

    def due(self, exchange: Exchange) -> dict[int, Trigger]:
        """The living agents that plan at this step, by ascending id, with the reason."""
        contact, lost, low = self._contact.copy(), self._lost.copy(), self._low.copy()
        sharp_facts(exchange.table, contact, lost, low, LOW_HEALTH)
        news = {
            Trigger.FIRST_CONTACT: (contact > self._contact).tolist(),
            Trigger.ALLY_LOST: (lost > self._lost).tolist(),
            Trigger.LOW_HEALTH: (low > self._low).tolist(),
        }
        due: dict[int, Trigger] = {}
        for agent in exchange.alive:
            if self._planned_at[agent] < 0:
                due[agent] = Trigger.START
            elif exchange.step - self._planned_at[agent] >= self._every:
                due[agent] = Trigger.PERIOD
            elif self._on_change:
                changes = [trigger for trigger, agents in news.items() if agents[agent]]
                if changes:
                    due[agent] = changes[0]
        self._contact, self._lost, self._low = contact, lost, low
        for agent in due:
            self._planned_at[agent] = exchange.step
        return due
