"""One game loop after another: script, effects, units in random order, regeneration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from envs.draws import draw
from envs.engine.collision import settle
from envs.engine.effects import advance_effects, resolve_bursts
from envs.engine.movement import march, walk
from envs.engine.neighbours import forget
from envs.engine.orders import can_heal
from envs.engine.records import at, row_of
from envs.engine.script import command_enemies
from envs.engine.state import ATTACK, ATTACK_MOVE, HEAL, MOVE, NONE, SHUFFLE_DRAW, Battle, Integers, Table, Units
from envs.engine.targeting import acquire, acquire_patient
from envs.engine.vitals import regenerate, tend
from envs.engine.weapons import engage, reaches, tick, wind_up
from envs.jit import inlined, jit

NOBODY, STOOD, WALKED = 0, 1, 2  # what came of looking for somebody to attack or heal
_PIECE_BITS, _PIECE = np.uint64(16), np.uint64(0xFFFF)


@inlined
def collect(units: Units, battle: Battle, order: Integers) -> tuple[int, bool]:
    """Fills `order` with the slots that have something to do; returns how many, and whether any has released something."""
    count, released = 0, False
    for slot in range(battle.count):
        unit = at(units, slot)
        flying = (unit.missile >= 0) | (unit.beam >= 0.0)
        released |= flying | (unit.strike > 0.0)
        if flying | (unit.alive != 0):
            order[count] = slot
            count += 1
    return count, released


@inlined
def shuffle(battle: Battle, order: Integers, count: int) -> None:
    """Brings the first slots of `order` into this loop's random order."""
    chance = np.uint64(0)
    for last in range(count - 1, 0, -1):
        if last & 3 == 3 or last == count - 1:  # one draw serves four picks, 16 bits each
            chance = draw(battle.key ^ SHUFFLE_DRAW, battle.loop, last)
        pick = int(((chance & _PIECE) * np.uint64(last + 1)) >> _PIECE_BITS)
        chance >>= _PIECE_BITS
        order[last], order[pick] = order[pick], order[last]


@inlined
def fight(units: Units, battle: Battle, table: Table, slot: int) -> int:
    """One loop of what a unit does by itself: it attacks or heals whom it finds. Returns whether it found somebody and walked."""
    unit = at(units, slot)
    if row_of(table, unit).heal > 0.0:
        if unit.acquired < 0 or not can_heal(units, table, slot, unit.acquired):
            unit.acquired = acquire_patient(units, battle, table, slot)
        if unit.acquired < 0:
            return NOBODY
        return WALKED if tend(units, battle, table, slot, unit.acquired) else STOOD
    target = int(unit.acquired)
    if target < 0 or at(units, target).alive == 0 or not reaches(units, table, slot, 0, target, 0.0):
        found = acquire(units, battle, table, slot)
        if found >= 0 or (target >= 0 and at(units, target).alive == 0):
            target = found
        unit.acquired = target
    if target < 0:
        return NOBODY
    return WALKED if engage(units, battle, table, slot, target) else STOOD


@jit
def follow(units: Units, battle: Battle, table: Table, slot: int, target: int) -> bool:
    """One loop of a healer that was sent at an enemy: it heals whom it finds, else nears the enemy. Returns whether it walked."""
    found = fight(units, battle, table, slot)
    if found == NOBODY:
        unit, other = at(units, slot), at(units, target)
        walk(units, battle, table, slot, other.x, other.y, row_of(table, unit).radius + row_of(table, other).radius)
    return found != STOOD


@inlined
def act(units: Units, battle: Battle, table: Table, slot: int) -> bool:
    """One loop of a living unit's own action; returns whether it walked."""
    unit = at(units, slot)
    tick(units, slot)
    if unit.victim >= 0:
        wind_up(units, battle, table, slot)
        return False
    if unit.order == ATTACK:
        if at(units, unit.target).alive != 0:
            if row_of(table, unit).heal > 0.0:
                return follow(units, battle, table, slot, unit.target)
            return engage(units, battle, table, slot, unit.target)
        unit.order, unit.target = NONE, -1
    elif unit.order == MOVE:
        march(units, battle, table, slot)
        return True
    elif unit.order == HEAL:
        if can_heal(units, table, slot, unit.target):
            return tend(units, battle, table, slot, unit.target)
        unit.order, unit.target = NONE, -1
        return False
    elif unit.order == ATTACK_MOVE:
        found = fight(units, battle, table, slot)
        if found == NOBODY:
            march(units, battle, table, slot)
        return found != STOOD
    return row_of(table, unit).passive == 0 and fight(units, battle, table, slot) == WALKED


@jit
def run_loops(units: Units, battle: Battle, table: Table, loops: int) -> None:
    """Advances one battle by a number of game loops."""
    advance(at(units, 0), battle, at(table, 0), loops)


@jit
def advance(units: Units, battle: Battle, table: Table, loops: int) -> None:
    """`run_loops` on bare records."""
    count = int(battle.count)
    order = np.empty(count, np.int64)
    forget(units, battle)
    for _ in range(loops):
        command_enemies(units, battle, table)
        active, released = collect(units, battle, order)
        shuffle(battle, order, active)
        for index in range(active if released else 0):
            unit = at(units, order[index])
            if unit.missile >= 0 or unit.strike > 0.0 or unit.beam >= 0.0:
                advance_effects(units, battle, table, order[index])
        for index in range(active):
            slot = order[index]
            if at(units, slot).alive == 0:
                continue
            walked = act(units, battle, table, slot)
            if not walked:
                at(units, slot).pace = 0.0
                if at(units, slot).loose != 0:
                    settle(units, battle, table, slot)
            if battle.bursts > 0:
                resolve_bursts(units, battle, table)
        regenerate(units, battle, table)
        battle.loop += 1


@jit
def run_batch(units: Units, battles: npt.NDArray[np.void], table: Table, loops: int, first: int, last: int) -> None:
    """Advances the battles first..last-1 of `units[B, N]` and `battles[B]`; threads may each take a slice of them."""
    for index in range(first, last):
        run_loops(units[index], battles[index], table, loops)
