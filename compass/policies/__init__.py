"""Who plays: the planning team, the yardstick `nearest`, and `random`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from compass.policies.base import Choice, Team
from compass.policies.nearest import NearestTeam
from compass.policies.random import RandomTeam
from compass.policies.team import PlanningTeam

FIXED: Mapping[str, Callable[[], Team]] = MappingProxyType({"nearest": NearestTeam, "random": RandomTeam})
"""The policies that are fixed code, by name. The other, `team`, is a `PlanningTeam`, which needs a planner and a skill library."""

POLICIES = ("team", *FIXED)

__all__ = ["FIXED", "POLICIES", "Choice", "NearestTeam", "PlanningTeam", "RandomTeam", "Team"]
