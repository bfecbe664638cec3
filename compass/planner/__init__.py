"""Planners: from what one agent knows to a sub-task and the skill that serves it."""

from compass.planner.base import Planner, PlanRequest
from compass.planner.scripted import ScriptedPlanner

__all__ = ["PlanRequest", "Planner", "ScriptedPlanner"]
