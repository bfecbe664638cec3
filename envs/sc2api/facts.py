"""What never changes during a game: the map and the catalogue of units and abilities, as the API's messages."""

from __future__ import annotations

from functools import cache

import numpy as np
from s2clientprotocol import common_pb2, data_pb2, raw_pb2, sc2api_pb2

from envs.arenas import FLAT, load_arena
from envs.sc2api.ids import COMPUTER, COPY_IDS, GENERAL, NO_ORDERS, PLAYER, SPECIFIC, UNIT_OF_ID, Ability
from envs.scenario import MAP_SIZE
from envs.units import UNIT_NAMES, UNITS, Weapon

MAP_NAME = "32x32_flat"
MAP_PATH = f"SMAC_Maps/{MAP_NAME}.SC2Map"
_HEIGHT = 191  # byte of the flat map's height 8: z = -16 + 32 * byte / 255

_RACES = {"protoss": common_pb2.Protoss, "terran": common_pb2.Terran, "zerg": common_pb2.Zerg}
_NONE = getattr(data_pb2.AbilityData, "None")
_TARGETS = {
    Ability.SMART: data_pb2.AbilityData.PointOrUnit,
    Ability.STOP: _NONE,
    Ability.MOVE: data_pb2.AbilityData.PointOrUnit,
    Ability.PATROL: data_pb2.AbilityData.PointOrUnit,
    Ability.HOLD_POSITION: _NONE,
    Ability.SCAN_MOVE: data_pb2.AbilityData.PointOrUnit,
    Ability.ATTACK: data_pb2.AbilityData.PointOrUnit,
    Ability.HEAL: data_pb2.AbilityData.Unit,
}
_HOTKEYS = {Ability.STOP: "s", Ability.MOVE: "m", Ability.ATTACK: "a", Ability.HEAL: "e"}


@cache
def start_raw() -> raw_pb2.StartRaw:
    """The map: size, walkable cells (one bit each, row y = 0 first, most significant bit first), flat terrain."""
    walkable = np.packbits(load_arena(FLAT).T, axis=1).tobytes()
    size = common_pb2.Size2DI(x=MAP_SIZE, y=MAP_SIZE)
    cells = common_pb2.ImageData(bits_per_pixel=1, size=size, data=walkable)
    height = common_pb2.ImageData(bits_per_pixel=8, size=size, data=bytes([_HEIGHT]) * (MAP_SIZE * MAP_SIZE))
    area = common_pb2.RectangleI(p0=common_pb2.PointI(x=0, y=0), p1=common_pb2.PointI(x=MAP_SIZE, y=MAP_SIZE))
    return raw_pb2.StartRaw(
        map_size=size, pathing_grid=cells, terrain_height=height, placement_grid=cells, playable_area=area
    )


@cache
def map_state() -> raw_pb2.MapState:
    """What the player sees of the map: every cell (2: visible), and no creep on any."""
    size = common_pb2.Size2DI(x=MAP_SIZE, y=MAP_SIZE)
    cells = MAP_SIZE * MAP_SIZE
    return raw_pb2.MapState(
        visibility=common_pb2.ImageData(bits_per_pixel=8, size=size, data=bytes([2]) * cells),
        creep=common_pb2.ImageData(bits_per_pixel=1, size=size, data=bytes(cells // 8)),
    )


def game_info(create: sc2api_pb2.RequestCreateGame, join: sc2api_pb2.RequestJoinGame) -> sc2api_pb2.ResponseGameInfo:
    """The map and the two players of a game that was created and joined with these requests."""
    message = sc2api_pb2.ResponseGameInfo(
        map_name=MAP_NAME, local_map_path=MAP_PATH, start_raw=start_raw(), options=join.options
    )
    for setup in create.player_setup:
        info = message.player_info.add(type=setup.type)
        if setup.type == sc2api_pb2.Participant:
            info.player_id, info.race_requested, info.race_actual = PLAYER, join.race, join.race
            info.player_name = join.player_name
        else:
            info.player_id, info.race_requested, info.difficulty = COMPUTER, setup.race, setup.difficulty
    return message


@cache
def data() -> sc2api_pb2.ResponseData:
    """Units and abilities. Unit ids run from 0 without a gap (smacv2 counts them); numbers of no unit here are not `available`."""
    message = sc2api_pb2.ResponseData()
    for unit_id in range(COPY_IDS[-1] + 1):
        if unit_id in UNIT_OF_ID:
            _add_unit(message, unit_id, *UNIT_OF_ID[unit_id])
        else:
            message.units.add(unit_id=unit_id, available=False)
    for ability, target in _TARGETS.items():
        general = GENERAL.get(ability, 0)
        name = "".join(word.capitalize() for word in ability.name.split("_"))
        known = {
            "link_name": name,
            "button_name": name,
            "friendly_name": name,
            "hotkey": _HOTKEYS.get(ability, ""),
            "available": ability not in NO_ORDERS,
            "target": target,
            "cast_range": UNITS["medivac"].heal_range if ability == Ability.HEAL else 0.0,
        }
        if general:
            if ability == SPECIFIC[general]:
                message.abilities.add(ability_id=general, **known)
            known["remaps_to_ability_id"] = general
        message.abilities.add(ability_id=ability, **known)
    return message


def _add_unit(message: sc2api_pb2.ResponseData, unit_id: int, side: int, index: int) -> None:
    unit = UNITS[UNIT_NAMES[index]]
    name = "".join(word.capitalize() for word in unit.name.split("_"))
    entry = message.units.add(
        unit_id=unit_id,
        name=f"{name}_RL" if side == 0 else name,
        available=True,
        race=_RACES[unit.race],
        sight_range=unit.sight,
        movement_speed=unit.ally_speed if side == 0 else unit.speed,
        armor=unit.armor,
        attributes=[data_pb2.Attribute.Value(attribute.capitalize()) for attribute in sorted(unit.attributes)],
    )
    for weapon in unit.weapons:
        _add_weapon(entry, weapon)


def _add_weapon(entry: data_pb2.UnitTypeData, weapon: Weapon) -> None:
    targets = data_pb2.Weapon.Any if weapon.hits_air else data_pb2.Weapon.Ground
    attacks = 2 if weapon.second_strike or weapon.beam_points else 1
    message = entry.weapons.add(
        type=targets, damage=weapon.damage, attacks=attacks, range=weapon.range, speed=weapon.period
    )
    if weapon.bonus:
        attribute = data_pb2.Attribute.Value(weapon.bonus_against.capitalize())
        message.damage_bonus.add(attribute=attribute, bonus=weapon.bonus)
