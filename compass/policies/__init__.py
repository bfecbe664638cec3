"""Who plays: the planning team, the yardstick `nearest`, `random`, and trained policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from compass.policies.base import Choice, Team
from compass.policies.nearest import NearestTeam
from compass.policies.random import RandomTeam
from compass.policies.team import PlanningTeam
from compass.policies.trained import TrainedTeam

FIXED: Mapping[str, Callable[[], Team]] = MappingProxyType({"nearest": NearestTeam, "random": RandomTeam})
"""The policies that are fixed code, by name. Of the others, `team` is a `PlanningTeam`, which needs a planner and a skill
library, and the path of a checkpoint names a `TrainedTeam`."""

POLICIES = ("team", *FIXED)

__all__ = ["FIXED", "POLICIES", "Choice", "NearestTeam", "PlanningTeam", "RandomTeam", "Team", "TrainedTeam"]
