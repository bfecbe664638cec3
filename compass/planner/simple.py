"""Planners that show what planning is worth: one that draws its skills, one that never changes its mind.

Both set the parameters that the scripted planner sets, so that they differ from it in nothing but the choice of the skill.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compass.errors import InputError
from compass.planner.base import Known, PlanRequest, check_shelf
from compass.planner.scripted import parameters_for
from compass.skills.library import Skill
from compass.types import Constants, Decision, Plan
from envs.draws import stream_key, uniform


class RandomPlanner:
    """At every plan any of the skills that are offered, all equally likely: a function of battle seed, step and agent."""

    frames = 1

    def begin(self, constants: Constants, seed: int) -> None:
        """Take the episode's key."""
        self._key = np.uint64(stream_key("random planner", seed))

    def ask(self, request: PlanRequest) -> Known:
        """One of the skills that the shelf offers without a text, at once.

        Raises:
            InputError: the library has no skill for this unit type.
        """
        check_shelf(request)
        obs, skills = request.observation, request.skills.overview()
        drawn = skills[int(uniform(self._key, obs.step, obs.agent_id) * len(skills))]
        return _known(drawn, obs.own.unit_type, "drawn at random")

    def end(self) -> None:
        """Nothing to drop."""


class FixedPlanner:
    """At every plan the same skill for a unit type: `skills` names it."""

    frames = 1

    def __init__(self, skills: Mapping[str, str]) -> None:
        self._skills = dict(skills)

    def begin(self, constants: Constants, seed: int) -> None:
        """Nothing to forget."""

    def ask(self, request: PlanRequest) -> Known:
        """The unit type's skill, at once.

        Raises:
            InputError: none is named for this unit type, or the one named is not among its skills.
        """
        unit_type = request.observation.own.unit_type
        wanted = self._skills.get(unit_type)
        for skill in request.skills:
            if skill.name == wanted:
                return _known(skill, unit_type, "always the same")
        known = ", ".join(skill.name for skill in request.skills) or "none"
        raise InputError(f"the fixed skill of a {unit_type} is {wanted}; its skills are: {known}")

    def end(self) -> None:
        """Nothing to drop."""


def _known(skill: Skill, unit_type: str, reasoning: str) -> Known:
    task = skill.tasks[0] if skill.tasks else "engage"
    return Known(Plan(Decision(task, skill.name, parameters_for(skill, unit_type), reasoning)))
