"""The skirmish engine: StarCraft II combat between the units of `envs.units`, compiled.

The kernel works on plain record arrays (`state`), one module per rule; `Engine` wraps one battle in methods.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from envs.engine import loop, orders, spawn
from envs.engine.arena import Grid
from envs.engine.state import BATTLE, MAX_UNITS, UNIT, Units
from envs.engine.table import make_table, rows_of
from envs.errors import InputError

__all__ = ["Engine", "make_table", "rules_hash"]


@cache
def rules_hash() -> str:
    """Hash of the engine's sources, draws, unit data and arena reader (16 hexadecimal digits): figures belong to one hash."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in [
        *sorted(here.glob("*.py")),
        here.parent / "arenas.py",
        here.parent / "draws.py",
        here.parent / "units.py",
        here.parent / "units.yaml",
    ]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Engine:
    """One battle of at most `capacity` units.

    `units` is the live `UNIT[capacity]` array, `battle` the live `BATTLE` record of shape [1]. Slots are indices into `units`.
    """

    def __init__(
        self,
        capacity: int,
        overrides: Mapping[str, float] | None = None,
        grid: Grid | None = None,
        script: str = "closest",
        point: tuple[float, float] | None = None,
    ) -> None:
        """See `make_table` for all but the capacity. Raises `InputError` when that is none from 1 to `MAX_UNITS`."""
        if not 1 <= capacity <= MAX_UNITS:
            raise InputError(f"a battle holds 1 to {MAX_UNITS} units, not {capacity}")
        self.units: Units = np.zeros(capacity, UNIT)
        self.battle = np.zeros(1, BATTLE)
        self.table = make_table(overrides, grid, script, point)
        self.rows = rows_of(self.table)

    @property
    def count(self) -> int:
        """Slots in use, dead units included."""
        return int(self.battle[0]["count"])

    def begin(self, key: int) -> None:
        """Empties the battle; `key` comes from `envs.draws.stream_key`."""
        spawn.begin(self.units, self.battle[0], np.uint64(key))

    def create(self, unit_type: int, side: int, x: float, y: float) -> int:
        """Creates a unit near (x, y); returns its slot. Raises `InputError` when there is no slot or room left."""
        slot = spawn.create(self.units, self.battle[0], self.table, unit_type, side, float(x), float(y))
        if slot < 0:
            raise InputError(f"no room for another unit near ({x}, {y}) among {self.count} of {len(self.units)}")
        return slot

    def kill(self, slot: int) -> None:
        """Removes a unit without effects."""
        spawn.kill(self.units, self.battle[0], slot)

    def order_stop(self, slot: int) -> None:
        """Ends the unit's order."""
        orders.order_stop(self.units, slot)

    def order_move(self, slot: int, x: float, y: float) -> None:
        """Sends the unit to (x, y)."""
        orders.order_move(self.units, slot, float(x), float(y))

    def order_attack_move(self, slot: int, x: float, y: float) -> None:
        """Sends the unit to (x, y), to fight (or heal) whom it meets."""
        orders.order_attack_move(self.units, slot, float(x), float(y))

    def order_attack(self, slot: int, target: int) -> bool:
        """Sends the unit at an enemy; False when it cannot attack it."""
        return bool(orders.order_attack(self.units, self.table, slot, target))

    def order_heal(self, slot: int, target: int) -> bool:
        """Sends the unit to heal a comrade; False when it cannot heal it."""
        return bool(orders.order_heal(self.units, self.table, slot, target))

    def run(self, loops: int) -> None:
        """Advances the battle by a number of game loops (16 to a game second)."""
        loop.run_loops(self.units, self.battle[0], self.table, loops)
