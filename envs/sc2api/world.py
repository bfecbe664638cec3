"""A game in the sense of the API: one loop counter that never goes back, and one battle after another on the same field.

Debug commands wait until the next loop begins. A battle begins when units are created on an empty field: the engine is emptied
and takes the battle's key, so nothing of earlier battles (loops, orders, missiles) reaches into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from envs.engine import Engine
from envs.engine.state import MAX_UNITS

FIRST_TAG = 1 << 32

BattleKey = Callable[[int], int]
"""The key of the k-th battle of a game (k from 0)."""


@dataclass(frozen=True)
class Creation:
    """A unit to create: index into `envs.units.UNIT_NAMES`, side (0 the player, 1 the computer), and where, in map units."""

    unit_type: int
    side: int
    x: float
    y: float


class World:
    """The state of a game. Units are known by their tags, which no two of a game share; in a battle, slot = creation order."""

    def __init__(self, battle_key: BattleKey) -> None:
        self.loop = 0
        self.battles = 0
        self.engine = Engine(MAX_UNITS)
        self.tags: list[int] = []  # by slot
        self._battle_key = battle_key
        self._next_tag = FIRST_TAG
        self._slots: dict[int, int] = {}  # the living, by tag
        self._pending: list[Creation | int] = []  # an int is the tag of a unit to kill
        self._dead: list[int] = []

    def create(self, creation: Creation) -> None:
        """Create a unit when the next loop begins."""
        self._pending.append(creation)

    def kill(self, tag: int) -> None:
        """Kill a unit when the next loop begins; a tag of no living unit is ignored, as in the game."""
        self._pending.append(tag)

    @property
    def room(self) -> int:
        """How many more units can be created before the field is empty again."""
        used = len(self.tags) if self._slots else 0
        return MAX_UNITS - used - sum(isinstance(command, Creation) for command in self._pending)

    def advance(self, loops: int) -> None:
        """Carry out what is pending, then let the game run for `loops` >= 1 loops of 1/16 second."""
        pending, self._pending = self._pending, []
        for command in pending:
            if isinstance(command, Creation):
                self._create(command)
            elif command in self._slots:
                self.engine.kill(self._slots[command])
                self._bury()
        self.engine.run(loops)
        self._bury()
        self.loop += loops

    def slot(self, tag: int) -> int | None:
        """The slot of the living unit with that tag."""
        return self._slots.get(tag)

    def living(self) -> list[int]:
        """The slots of the living, in creation order."""
        return list(self._slots.values())

    def take_dead(self) -> list[int]:
        """Tags of the units that died since the last call."""
        dead, self._dead = self._dead, []
        return dead

    def _create(self, creation: Creation) -> None:
        if not self._slots:
            self.engine.begin(self._battle_key(self.battles))
            self.battles += 1
            self.tags = []
        slot = self.engine.create(creation.unit_type, creation.side, creation.x, creation.y)
        self.tags.append(self._next_tag)
        self._slots[self._next_tag] = slot
        self._next_tag += 1

    def _bury(self) -> None:
        alive = self.engine.units["alive"]
        if np.count_nonzero(alive) == len(self._slots):
            return
        for tag in [tag for tag, slot in self._slots.items() if not alive[slot]]:
            del self._slots[tag]
            self._dead.append(tag)
