"""The scripted planner: the planner's decisions by rules, with no model and no key, the same every time.

It decides on the rounded values that the text form shows, so that a reader of the text could decide the same. Skills are chosen
by the sub-tasks they say they serve, so it plays any library: of those found for a sub-task the ones that name it first come before
others, then those for fewer unit types.
"""

from __future__ import annotations

from collections.abc import Mapping

from compass.observation.text import rounded
from compass.planner.base import Known, PlanRequest, check_shelf
from compass.skills.library import Skill
from compass.skills.retrieval import Shelf, fit_for, precedence
from compass.types import Constants, Decision, Observation, Plan
from envs.units import UNITS

TASKS: Mapping[str, str] = {
    "engage": "enemies are known, and nothing below fits better",
    "kite": "this unit shoots, and an enemy that must come close to strike is known",
    "burst": "a baneling knows of enemies",
    "heal": "a medivac, always",
    "search": "no enemy is known",
    "hold": "where no skill heals or searches",
}
"""The sub-tasks this planner asks for, each with when it does."""
PULL_BACK: Mapping[str, tuple[float, int]] = {"zealot": (0.0, 1), "hydralisk": (0.9, 12)}
"""When a unit type gives way to enemy fire, where skills have the parameters: below this fraction of hit points, for so many steps.
A zealot never does: its chasers are as fast as it is, and only a hit of its own makes up for the way. A hydralisk falls in seconds.
"""
_MELEE_RANGE = 2.0


class ScriptedPlanner:
    """Decides for one agent at a time; remembers nothing, since the observation already holds what was seen and heard."""

    frames = 1

    def begin(self, constants: Constants, seed: int) -> None:
        """Nothing to forget."""

    def ask(self, request: PlanRequest) -> Known:
        """What `decide` says, at once."""
        return Known(Plan(self.decide(request)))

    def end(self) -> None:
        """Nothing to drop."""

    def decide(self, request: PlanRequest) -> Decision:
        """The first sub-task, most pressing first, that a skill for this unit type serves.

        Raises:
            InputError: the library has no skill for this unit type.
        """
        check_shelf(request)
        obs = rounded(request.observation)
        for task, reasoning in sub_tasks(obs):
            skill = skill_for(request.skills, task)
            if skill is not None:
                return Decision(task, skill.name, parameters_for(skill, obs.own.unit_type), reasoning)
        task, _ = sub_tasks(obs)[0]
        wanted = f"serve the sub-task {task}: {TASKS[task]}"
        return Decision(task, request.skills[0].name, {}, "no skill serves a sub-task of the moment", wanted)


def skill_for(shelf: Shelf, task: str) -> Skill | None:
    """The skill that serves a sub-task best, None where none does."""
    serving = [skill for skill in shelf.find(task) if task in skill.tasks]
    return min(serving, key=lambda each: (-fit_for(each, task), *precedence(each)), default=None)


def sub_tasks(obs: Observation) -> list[tuple[str, str]]:
    """What the agent might do now, most pressing first, each with the reason."""
    own = obs.own.unit_type
    if own == "medivac":
        return [("heal", "a medivac keeps the team alive"), ("hold", "no skill heals")]
    if not obs.enemies:
        return [("search", "no enemy is known"), ("hold", "no enemy is known")]
    engage = ("engage", f"{len(obs.enemies)} known enemies live")
    melee = [enemy for enemy in obs.enemies if 0 < obs.units[enemy.unit_type].weapon_range < _MELEE_RANGE]
    if melee and obs.units[own].weapon_range >= _MELEE_RANGE:
        return [("kite", f"{len(melee)} known enemies must come close to strike"), engage]
    if own == "baneling":
        return [("burst", "a baneling strikes once"), engage]
    return [engage, ("search", "no skill engages")]


def tasks_of(kind: str) -> tuple[str, ...]:
    """The tasks that the scripted planner may ask of a unit type."""
    if kind == "medivac":
        return ("heal", "hold")
    if kind == "baneling":
        return ("burst", "engage", "search", "hold")
    shoots = UNITS[kind].weapons[0].range >= _MELEE_RANGE
    return ("engage", *(("kite",) if shoots else ()), "search", "hold")


def parameters_for(skill: Skill, unit_type: str) -> dict[str, float]:
    """What the scripted planner sets of a skill's parameters, where the skill has them and allows the value.

    A skill of this unit type alone knows best itself.
    """
    if unit_type not in PULL_BACK or skill.unit_types == (unit_type,):
        return {}
    below, steps = PULL_BACK[unit_type]
    wanted = {"PULL_BACK_BELOW": below, "PULL_BACK_STEPS": steps}
    return {p.name: wanted[p.name] for p in skill.described if p.name in wanted and p.low <= wanted[p.name] <= p.high}
