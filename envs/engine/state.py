"""The state of a battle: one `UNIT` record per slot and one `BATTLE` record, plain numpy memory that any caller may read.

Lengths are map units, times are loops (16 to a game second), speeds map units per loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from envs.units import RULES

ALLY, ENEMY = 0, 1  # sides: the passive copies that agents command, and the stock units that the script commands
NONE, MOVE, ATTACK, HEAL, ATTACK_MOVE = 0, 1, 2, 3, 4  # orders
GROUND, COLOSSUS, FLYER = 0, 1, 2  # layers: units collide within their own
MAIN: Any = np.int64(0)  # the main weapon (a typed zero: a bare one would be compiled as a case of its own)
WORD, WORDS = 64, 3  # a set of slots is so many words of so many bits
MAX_UNITS = WORD * WORDS
CELLS = RULES.map_size  # of one map unit, along each axis

UNIT = np.dtype(
    [
        # What every loop asks comes first, so that it lies in few lines of the processor's cache.
        ("alive", "i8"),
        ("missile", "i8"),  # slot of the target of a missile in flight, or -1
        ("beam", "f8"),  # age of a sweep of beams, or -1
        ("strike", "f8"),  # until the second strike of a double one; 0: none
        ("mends", "i8"),  # before this loop, regeneration would change nothing
        ("side", "i8"),
        ("row", "i8"),  # of the unit table: its two axes, side and type, in one
        ("order", "i8"),
        ("target", "i8"),  # slot of the order's target, or -1
        ("acquired", "i8"),  # slot of the target or patient that the unit chose by itself, or -1
        ("victim", "i8"),  # slot of the target of an attack in wind-up, or -1
        ("x", "f8"),
        ("y", "f8"),
        ("heading_x", "f8"),  # unit vector
        ("heading_y", "f8"),
        ("pace", "f8"),  # speed of the last loop
        ("cooldown", "f8"),  # until the next attack may start
        # How far before this loop an attack could have started, in (-1, 0]; during a wind-up minus its age.
        ("carry", "f8"),
        ("loose", "i8"),  # 1: may overlap another unit and is to give way
        ("goal_x", "f8"),  # of an order to move or attack-move
        ("goal_y", "f8"),
        ("stuck", "i8"),  # loops of a move order in which the unit came no nearer to its goal
        ("side_step", "i8"),  # side on which it walks round an obstacle: 1 left, -1 right, 0 none
        ("detour", "i8"),  # loops for which it keeps to that side
        ("anchor_x", "f8"),  # where the unit stood when `around` was made
        ("anchor_y", "f8"),
        ("around", "i8", (WORDS,)),  # set of the slots that may come near: one bit each
        ("near_next", "i8"),  # next slot of the list of who is near the unit that acts now, or -1
        ("type", "i8"),  # index into envs.units.UNIT_NAMES
        ("health", "f8"),
        ("shield", "f8"),
        ("energy", "f8"),
        ("hurt", "i8"),  # loop of the last damage
        ("healed", "i8"),  # loop of the last heal: one healer per target and loop
        ("weapon", "i8"),  # index of the weapon in wind-up
        ("windup", "f8"),  # until that attack is released
        ("strike_target", "i8"),
        ("missile_x", "f8"),
        ("missile_y", "f8"),
        ("beam_x", "f8"),  # middle of its line
        ("beam_y", "f8"),
        ("beam_dx", "f8"),  # direction of its line
        ("beam_dy", "f8"),
        ("beam_hits", "u8", (2 * WORDS,)),  # who was hit: a set for each of two beams
        ("burst", "i8"),  # 1: died, its burst is still to come
    ]
)

BATTLE = np.dtype(
    [
        ("key", "u8"),  # of envs.draws.stream_key: every random number of the battle follows from it
        ("loop", "i8"),  # loops since the units were created
        ("phase", "i8"),  # 0..7: the script acts in loops where (loop + phase) % 8 == 0
        ("count", "i8"),  # slots in use
        ("bursts", "i8"),  # bursts still to come
        ("stale", "i8"),  # 1: the units' sets `around` must be made anew before use
    ]
)

ARENA = np.dtype(
    [
        ("cells", "u1", (CELLS, CELLS)),  # 1 where ground units may stand on the cell [x, y]
        ("ways", "u1", (CELLS * CELLS, CELLS * CELLS)),  # see `envs.engine.paths`; only made where there are walls
    ]
)

Units = npt.NDArray[Any]  # UNIT[N], one battle
Battle = Any  # one BATTLE record
Table = Any  # envs.engine.table.TABLE[1], or its record
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PHASE_DRAW = np.uint64(0x5048415345)  # purposes folded into the battle's key
SHUFFLE_DRAW = np.uint64(0x53485546464C45)
DELAY_DRAW = np.uint64(0x44454C4159)
