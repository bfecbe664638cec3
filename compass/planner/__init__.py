"""Planners: from what one agent knows to a sub-task and the skill that serves it."""

from compass.planner.base import Known, Planner, PlanRequest, Thinking
from compass.planner.scripted import ScriptedPlanner

__all__ = ["Known", "PlanRequest", "Planner", "ScriptedPlanner", "Thinking"]
