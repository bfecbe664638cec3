"""The world as the API's observation message. Protobuf rounds every value to float32, as the game's own answers do."""

from __future__ import annotations

import math

from s2clientprotocol import raw_pb2, sc2api_pb2

from envs.engine.state import ATTACK, ATTACK_MOVE, HEAL, MOVE, NONE
from envs.sc2api.facts import map_state
from envs.sc2api.ids import COMPUTER, PLAYER, Ability
from envs.sc2api.world import Order, World
from envs.units import UNIT_NAMES, UNITS

GROUND = 8.0  # height of the flat map

_ABILITY = {MOVE: Ability.MOVE, ATTACK: Ability.ATTACK, HEAL: Ability.HEAL, ATTACK_MOVE: Ability.ATTACK}
_FIELDS = ("type", "side", "x", "y", "health", "shield", "energy", "heading_x", "heading_y", "cooldown", "order")


def _constants(name: str, side: int) -> dict[str, object]:
    """What never changes about a unit of this kind."""
    unit = UNITS[name]
    constants: dict[str, object] = {
        "display_type": raw_pb2.Visible,
        "alliance": raw_pb2.Self if side == 0 else raw_pb2.Enemy,
        "owner": PLAYER if side == 0 else COMPUTER,
        "radius": unit.radius,
        "build_progress": 1.0,
        "cloak": raw_pb2.NotCloaked,
        "is_on_screen": True,
        "health_max": unit.ally_health if side == 0 else unit.health,
        "is_flying": unit.flying,
    }
    if unit.shield:
        constants["shield_max"] = unit.shield
    if unit.energy_max:
        constants["energy_max"] = unit.energy_max
    return constants


_KINDS = [[_constants(name, side) for name in UNIT_NAMES] for side in (0, 1)]


def observation(world: World) -> sc2api_pb2.ResponseObservation:
    """What the player sees: every living unit in creation order (the map has no fog), and what died since the last observation."""
    message = sc2api_pb2.ResponseObservation()
    content = message.observation
    content.game_loop = world.loop
    content.player_common.player_id = PLAYER
    raw = content.raw_data
    raw.map_state.CopyFrom(map_state())
    slots = world.living()
    if slots:
        content.player_common.army_count = _add_units(world, slots, raw)
    dead = world.take_dead()
    if dead:
        raw.event.dead_units.extend(dead)
    return message


def _add_units(world: World, slots: list[int], raw: raw_pb2.ObservationRaw) -> int:
    """Add the units in these slots; how many are the player's."""
    records = world.engine.units[slots]
    columns = [records[field].tolist() for field in _FIELDS]
    own = 0
    for slot, *values in zip(slots, *columns, strict=True):
        kind, side, x, y, health, shield, energy, heading_x, heading_y, cooldown, order = values
        unit = raw.units.add(
            tag=world.tags[slot],
            unit_type=world.type_ids[slot],
            health=health,
            facing=_facing(heading_x, heading_y),
            **_KINDS[side][kind],
        )
        unit.pos.x, unit.pos.y, unit.pos.z = x, y, GROUND
        if unit.shield_max:
            unit.shield = shield
        if unit.energy_max:
            unit.energy = energy
        unit.is_active = order != NONE
        if side == 0:
            own += 1
            unit.weapon_cooldown = cooldown
            if order != NONE:
                _add_order(world, slot, order, unit)
            for waiting in world.waiting(slot):
                _add_waiting(waiting, unit)
    return own


def _facing(x: float, y: float) -> float:
    """The angle of a heading, in radians from 0 (east) counter-clockwise to below 2 pi."""
    angle = math.atan2(y, x)
    return angle if angle >= 0.0 else angle + 2.0 * math.pi


def _add_order(world: World, slot: int, order: int, unit: raw_pb2.Unit) -> None:
    record = world.engine.units[slot]
    message = unit.orders.add(ability_id=_ABILITY[order])
    if order in (MOVE, ATTACK_MOVE):
        goal = message.target_world_space_pos
        goal.x, goal.y, goal.z = float(record["goal_x"]), float(record["goal_y"]), GROUND
        if record["acquired"] >= 0:
            unit.engaged_target_tag = world.tags[int(record["acquired"])]
    elif record["target"] >= 0:
        message.target_unit_tag = unit.engaged_target_tag = world.tags[int(record["target"])]


def _add_waiting(order: Order, unit: raw_pb2.Unit) -> None:
    message = unit.orders.add(ability_id=order.ability)
    if order.target is not None:
        message.target_unit_tag = order.target
    elif order.ability != Ability.STOP:
        goal = message.target_world_space_pos
        goal.x, goal.y, goal.z = order.x, order.y, GROUND
