"""The one interface of all planners."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from compass.skills.library import Skill
from compass.types import Constants, Decision, Observation, Trigger


class PlanRequest(NamedTuple):
    """What a planner is asked: one agent's observation, why now, the skills its unit type may use, and its decision so far."""

    observation: Observation
    trigger: Trigger
    skills: tuple[Skill, ...]
    current: Decision | None


class Planner(Protocol):
    """Decides for one agent at a time, from the request alone and what this planner remembers of that agent."""

    def begin(self, constants: Constants) -> None:
        """A new episode: forget everything."""
        ...

    def plan(self, request: PlanRequest) -> Decision:
        """The sub-task and the skill, one of `request.skills`."""
        ...
