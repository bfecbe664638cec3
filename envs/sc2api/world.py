"""A game in the sense of the API: one loop counter that never goes back, and one battle after another on the same field.

Debug commands wait until the next loop begins. A battle begins when units are created on an empty field: the engine is emptied
and takes the battle's key, so nothing of earlier battles (loops, orders, missiles) reaches into it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from envs.engine import Engine
from envs.engine.state import MAX_UNITS, NONE
from envs.errors import InputError
from envs.sc2api.ids import TYPE_IDS, Ability

FIRST_TAG = 1 << 32
MOST_WAITING = 32  # orders in a unit's queue

BattleKey = Callable[[int], int]
"""The key of the k-th battle of a game (k from 0)."""


@dataclass(frozen=True)
class Creation:
    """A unit to create: index into `envs.units.UNIT_NAMES`, side (0 the player, 1 the computer), and where, in map units.

    `as_stock`: a unit of the player that its client calls by the stock unit's number; it is the map's copy all the same.
    """

    unit_type: int
    side: int
    x: float
    y: float
    as_stock: bool = False


@dataclass(frozen=True)
class Order:
    """What a unit is to do: STOP, MOVE to a point, ATTACK (a unit, by its tag, or on the way to a point) or HEAL a unit."""

    ability: Ability
    x: float = 0.0
    y: float = 0.0
    target: int | None = None


class World:
    """The state of a game. Units are known by their tags, which no two of a game share; in a battle, slot = creation order."""

    def __init__(self, battle_key: BattleKey) -> None:
        self.loop = 0
        self.battles = 0
        self.engine = Engine(MAX_UNITS)
        self.tags: list[int] = []  # by slot
        self.type_ids: list[int] = []  # by slot: the numbers of their types, as clients know them
        self._battle_key = battle_key
        self._next_tag = FIRST_TAG
        self._slots: dict[int, int] = {}  # the living, by tag
        self._pending: list[Creation | int] = []  # an int is the tag of a unit to kill
        self._dead: list[int] = []
        self._queues: dict[int, deque[Order]] = {}  # by slot, what waits for the present order's end; none is empty

    def create(self, creation: Creation) -> None:
        """Create a unit when the next loop begins; where no place near is free, nothing is created, as in the game."""
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
        self.loop += loops
        while self._queues and loops:  # loop by loop: an order may end in any of them
            self._take_next_orders()
            self._run(1)
            loops -= 1
        if loops:
            self._run(loops)

    def give(self, slot: int, order: Order) -> bool:
        """Have a unit do this now and forget what waits; False (and nothing changes) when it cannot."""
        given = self._give(slot, order)
        if given:
            self._queues.pop(slot, None)
        return given

    def queue(self, slot: int, order: Order) -> bool:
        """Have a unit do this after all that it has to do already; False when too much waits or, as its next, it cannot."""
        if slot not in self._queues and self._is_idle(slot):
            return self._give(slot, order)
        waiting = self._queues.setdefault(slot, deque())
        if len(waiting) >= MOST_WAITING:
            return False
        waiting.append(order)
        return True

    def waiting(self, slot: int) -> tuple[Order, ...]:
        """The orders that wait for the unit's present one to end, the next one first."""
        return tuple(self._queues.get(slot, ()))

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
            self.tags, self.type_ids, self._queues = [], [], {}
        try:
            slot = self.engine.create(creation.unit_type, creation.side, creation.x, creation.y)
        except InputError:  # no place is free: clients see in the next observation that there are fewer
            return
        self.tags.append(self._next_tag)
        self.type_ids.append(TYPE_IDS[1 if creation.as_stock else creation.side][creation.unit_type])
        self._slots[self._next_tag] = slot
        self._next_tag += 1

    def _give(self, slot: int, order: Order) -> bool:
        if order.ability == Ability.STOP:
            self.engine.order_stop(slot)
            return True
        if order.ability == Ability.MOVE:
            self.engine.order_move(slot, order.x, order.y)
            return True
        if order.target is None:
            self.engine.order_attack_move(slot, order.x, order.y)
            return True
        target = self._slots.get(order.target)
        if target is None:
            return False
        give = self.engine.order_attack if order.ability == Ability.ATTACK else self.engine.order_heal
        return give(slot, target)

    def _is_idle(self, slot: int) -> bool:
        return bool(self.engine.units[slot]["order"] == NONE)

    def _take_next_orders(self) -> None:
        """Units whose order has ended take the next one that they can carry out."""
        for slot in [slot for slot in self._queues if self._is_idle(slot)]:
            waiting = self._queues[slot]
            while waiting and not self._give(slot, waiting.popleft()):
                pass
            if not waiting:
                del self._queues[slot]

    def _run(self, loops: int) -> None:
        self.engine.run(loops)
        self._bury()

    def _bury(self) -> None:
        alive = self.engine.units["alive"]
        if np.count_nonzero(alive) == len(self._slots):
            return
        for tag in [tag for tag, slot in self._slots.items() if not alive[slot]]:
            self._queues.pop(self._slots.pop(tag), None)
            self._dead.append(tag)
