"""Distances and strengths of units, as an agent works them out from what it knows: what tactics and beliefs are made of."""

from __future__ import annotations

from math import sqrt

from compass.types import Entity, Observation, Position


def distance(one: Position, other: Position) -> float:
    """The straight distance between two positions, in map units."""
    dx, dy = one[0] - other[0], one[1] - other[1]
    return sqrt(dx * dx + dy * dy)


def hit_points(unit: Entity, obs: Observation) -> float:
    """Health and shield of a unit, in points."""
    facts = obs.units[unit.unit_type]
    health = facts.ally_health if unit.team == "ally" else facts.health
    return unit.health * health + unit.shield * facts.shield


def vitality(unit: Entity, obs: Observation) -> float:
    """The fraction of its hit points that a unit has left."""
    facts = obs.units[unit.unit_type]
    return hit_points(unit, obs) / ((facts.ally_health if unit.team == "ally" else facts.health) + facts.shield)


def reach(unit: Entity, obs: Observation, target: Entity | None = None) -> float:
    """The distance, between centres, within which a unit's weapon hits `target` (None: this agent); 0 for a unit without weapon."""
    facts, hit = obs.units[unit.unit_type], obs.units[(target or obs.own).unit_type]
    return facts.weapon_range + facts.radius + hit.radius if facts.weapon_range else 0.0
