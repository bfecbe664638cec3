"""A small battlefield for the engine's tests: units by name, where the test wants them, facing whom it wants."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envs.engine import Engine
from envs.units import UNIT_NAMES

ALLY, ENEMY = 0, 1
EXACT = {"regeneration": 0, "shield_regeneration": 0, "heal": 0, "delay_low": 0, "delay_high": 0}


class Field(Engine):
    """An engine whose units are placed exactly; `quiet` enemies have no weapons and so stand still."""

    def put(self, name: str, side: int, x: float, y: float) -> int:
        slot = self.create(UNIT_NAMES.index(name), side, x, y)
        self.units[slot]["x"], self.units[slot]["y"] = x, y
        return slot

    def face(self, slot: int, other: int) -> None:
        dx, dy = (self.units[other][axis] - self.units[slot][axis] for axis in "xy")
        length = math.hypot(dx, dy)
        self.units[slot]["heading_x"], self.units[slot]["heading_y"] = dx / length, dy / length

    def quiet(self, *names: str) -> None:
        for name in names:
            self.rows[ENEMY, UNIT_NAMES.index(name)]["weapons"] = 0

    def life(self, slot: int) -> float:
        return float(self.units[slot]["health"] + self.units[slot]["shield"])

    def alive(self, slot: int) -> bool:
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
        """Runs loop by loop; returns how many loops passed until `done`."""
        for loops in range(limit):
            if done():
                return loops
            self.run(1)
        raise AssertionError(f"not done within {limit} loops")


@pytest.fixture
def field() -> Callable[..., Field]:
    """`field(capacity=16, key=1, **overrides)`: an empty battle."""

    def make(capacity: int = 16, key: int = 1, **overrides: float) -> Field:
        battle = Field(capacity, overrides)
        battle.begin(key)
        return battle

    return make


@pytest.fixture
def exact(field: Callable[..., Field]) -> Callable[..., Field]:
    """`field` with regeneration, healing and random delays switched off."""

    def make(capacity: int = 16, key: int = 1, **overrides: float) -> Field:
        return field(capacity, key, **{**EXACT, **overrides})

    return make


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """Reference values, derived from the game's data files (see `test_kills` for their meaning)."""
    content: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text())
    return content
