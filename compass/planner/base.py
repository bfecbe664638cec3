"""The one interface of all planners."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from compass.errors import InputError
from compass.skills.retrieval import Shelf
from compass.types import Constants, Decision, Observation, Plan, SkillFault, Trigger


class PlanRequest(NamedTuple):
    """What a planner is asked: one agent's observation, why now, the skills its unit type may use, and its decision so far.

    skills: all of them; what a planner chooses from is found on that shelf (`Shelf.find`, `Shelf.overview`).
    frames: the last `Planner.frames` observations, oldest first, `observation` the last of them. actions: what the agent has done
    since it was last asked, and skill_faults: what its skill did wrong meanwhile.
    """

    observation: Observation
    trigger: Trigger
    skills: Shelf
    current: Decision | None
    frames: tuple[Observation, ...] = ()
    actions: tuple[int, ...] = ()
    skill_faults: tuple[SkillFault, ...] = ()


class Thinking(Protocol):
    """A plan that was asked for and may not be there yet."""

    def arrived(self, steps: int) -> bool:
        """Whether the plan takes effect now, `steps` environment steps after it was asked for. May wait: time is the planner's."""
        ...

    def plan(self) -> Plan:
        """The plan, once it has arrived."""
        ...

    def drop(self) -> None:
        """Nobody wants the plan any more: its agent has died."""
        ...


class Planner(Protocol):
    """Decides for one agent at a time, from the request alone and what this planner remembers of that agent."""

    @property
    def frames(self) -> int:
        """How many of an agent's last observations a request should hold."""
        ...

    def begin(self, constants: Constants, seed: int) -> None:
        """A new episode: forget everything."""
        ...

    def ask(self, request: PlanRequest) -> Thinking:
        """Begin to think about the sub-task and the skill, one of `request.skills`. Several agents' requests may be under way.

        Raises:
            InputError: the library has no skill for this unit type.
        """
        ...

    def end(self) -> None:
        """The episode is over: drop what is still being thought about."""
        ...


class Known(NamedTuple):
    """A plan that needed no time."""

    answer: Plan

    def arrived(self, steps: int) -> bool:
        """At once."""
        return True

    def plan(self) -> Plan:
        """The plan."""
        return self.answer

    def drop(self) -> None:
        """Nothing to drop."""


def check_shelf(request: PlanRequest) -> None:
    """Make sure that there is something to choose from.

    Raises:
        InputError: there is not.
    """
    if not request.skills:
        unit_type = request.observation.own.unit_type
        raise InputError(f"the library has no skill for a {unit_type}: see `compass skills list`")
