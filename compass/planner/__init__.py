"""Planners: from what one agent knows to a sub-task and the skill that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from compass.planner.base import Known, Planner, PlanRequest, Thinking
from compass.planner.scripted import ScriptedPlanner
from compass.planner.simple import FixedPlanner, RandomPlanner

WITHOUT_MODEL: Mapping[str, Callable[[], Planner]] = MappingProxyType(
    {"scripted": ScriptedPlanner, "random": RandomPlanner}
)
"""The planners that need nothing but an observation, by name."""

__all__ = [
    "WITHOUT_MODEL",
    "FixedPlanner",
    "Known",
    "PlanRequest",
    "Planner",
    "RandomPlanner",
    "ScriptedPlanner",
    "Thinking",
]
