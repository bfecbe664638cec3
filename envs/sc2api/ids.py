"""The numbers by which the StarCraft II API names unit types, abilities and players.

Stock unit types and abilities: Blizzard's s2client-api (`sc2_typeenums.h`). The map's own copies of the nine units stand at the
end of the unit list, in the order of `envs.units.COPIED`, which is how smacv2 finds them: length of the list minus nine.
"""

from __future__ import annotations

from enum import IntEnum

from envs.units import COPIED, UNIT_NAMES, UNITS

PLAYER, COMPUTER = 1, 2  # owners; the player's units are the map's copies, the computer's are stock units
SIDE_OF_OWNER = {PLAYER: 0, COMPUTER: 1}

STOCK_IDS = tuple(UNITS[name].stock_id for name in UNIT_NAMES)
FIRST_COPY = max(STOCK_IDS) + 1
COPY_IDS = tuple(range(FIRST_COPY, FIRST_COPY + len(COPIED)))
TYPE_IDS = (COPY_IDS, STOCK_IDS)  # [side][index in UNIT_NAMES]; no player has a spine crawler
UNIT_OF_ID = {unit_id: (side, index) for side, ids in enumerate(TYPE_IDS) for index, unit_id in enumerate(ids)}


class Ability(IntEnum):
    """The abilities of the units, and the general ones that clients may send in their place.

    A scan-move is the attack-move of units without a weapon. Patrols and holding position are known by their numbers only: clients
    look them up, but the engine has no such orders.
    """

    SMART = 1
    STOP = 4
    MOVE = 16
    PATROL = 17
    HOLD_POSITION = 18
    SCAN_MOVE = 19
    ATTACK = 23
    HEAL = 386
    GENERAL_STOP = 3665
    GENERAL_ATTACK = 3674
    GENERAL_HOLD_POSITION = 3793
    GENERAL_MOVE = 3794
    GENERAL_PATROL = 3795


NO_ORDERS = (Ability.PATROL, Ability.HOLD_POSITION)

GENERAL = {
    Ability.STOP: Ability.GENERAL_STOP,
    Ability.SCAN_MOVE: Ability.GENERAL_ATTACK,
    Ability.ATTACK: Ability.GENERAL_ATTACK,
    Ability.MOVE: Ability.GENERAL_MOVE,
    Ability.PATROL: Ability.GENERAL_PATROL,
    Ability.HOLD_POSITION: Ability.GENERAL_HOLD_POSITION,
}
SPECIFIC: dict[int, int] = {general: ability for ability, general in GENERAL.items()}  # the last one of a general id
