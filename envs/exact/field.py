"""A small battlefield: units by name, exactly where they are wanted, facing whom they should."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from envs.engine import Engine
from envs.engine.state import ENEMY
from envs.units import UNIT_NAMES

EXACT = {"regeneration": 0, "shield_regeneration": 0, "heal": 0, "delay_low": 0, "delay_high": 0}
"""Overrides of the unit table that switch regeneration, healing and random delays off."""


class Field(Engine):
    """An engine whose units are placed exactly; `quiet` enemies have no weapons and so stand still."""

    def __init__(self, capacity: int = 16, key: int = 1, overrides: Mapping[str, float] | None = None) -> None:
        super().__init__(capacity, overrides)
        self.begin(key)

    def put(self, name: str, side: int, x: float, y: float) -> int:
        """Creates a unit at (x, y), whoever stands there; returns its slot."""
        slot = self.create(UNIT_NAMES.index(name), side, x, y)
        self.units[slot]["x"], self.units[slot]["y"] = x, y
        return slot

    def face(self, slot: int, other: int) -> None:
        """Turns a unit towards another."""
        dx, dy = (self.units[other][axis] - self.units[slot][axis] for axis in "xy")
        length = math.hypot(dx, dy)
        self.units[slot]["heading_x"], self.units[slot]["heading_y"] = dx / length, dy / length

    def quiet(self, *names: str) -> None:
        """Takes the weapons from the enemy's units of these types."""
        for name in names:
            self.rows[ENEMY, UNIT_NAMES.index(name)]["weapons"] = 0

    def life(self, slot: int) -> float:
        """Health and shield."""
        return float(self.units[slot]["health"] + self.units[slot]["shield"])

    def alive(self, slot: int) -> bool:
        """Whether a unit lives."""
        return bool(self.units[slot]["alive"])

    def gap(self, slot: int, other: int) -> float:
        """The distance between two bodies (negative: they overlap)."""
        a, b = self.units[slot], self.units[other]
        bodies = sum(float(self.rows[unit["side"], unit["type"]]["body"]) for unit in (a, b))
        return math.hypot(a["x"] - b["x"], a["y"] - b["y"]) - bodies

    def worst_gap(self) -> float:
        """The least gap between living units that collide."""
        living = [slot for slot in range(self.count) if self.alive(slot)]
        layer = {slot: self.rows[self.units[slot]["side"], self.units[slot]["type"]]["layer"] for slot in living}
        pairs = [(a, b) for a in living for b in living if a < b and layer[a] == layer[b]]
        return min((self.gap(a, b) for a, b in pairs), default=math.inf)

    def run_until(self, done: Callable[[], bool], limit: int = 3000) -> int:
        """Runs loop by loop; returns how many loops passed until `done`. Fails after `limit` loops."""
        for loops in range(limit):
            if done():
                return loops
            self.run(1)
        raise AssertionError(f"not done within {limit} loops")
