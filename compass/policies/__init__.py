"""Who plays: the planning team, the yardstick `nearest`, and `random`."""

from __future__ import annotations

from compass.errors import unknown
from compass.planner import Planner
from compass.policies.base import Choice, Team
from compass.policies.nearest import NearestTeam
from compass.policies.random import RandomTeam
from compass.policies.team import PlanningTeam
from compass.skills import Library, Sandbox

POLICIES = ("team", "nearest", "random")

__all__ = ["POLICIES", "Choice", "NearestTeam", "PlanningTeam", "RandomTeam", "Team", "build_team"]


def build_team(policy: str, planner: Planner, library: Library, sandbox: Sandbox) -> Team:
    """The team of that policy; planner, library and sandbox serve only `team`.

    Raises:
        InputError: no such policy.
    """
    if policy == "team":
        return PlanningTeam(planner, library, sandbox)
    if policy == "nearest":
        return NearestTeam()
    if policy == "random":
        return RandomTeam()
    raise unknown("policy", policy, POLICIES)
