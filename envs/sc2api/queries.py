"""Questions about the game that change nothing: ways, places and abilities."""

from __future__ import annotations

import math

from s2clientprotocol import common_pb2, error_pb2, query_pb2

from envs.arenas import FLAT, load_arena
from envs.sc2api.ids import Ability
from envs.sc2api.world import World
from envs.units import UNIT_NAMES, UNITS

_WALKABLE = load_arena(FLAT)
_POINTS = (Ability.SMART, Ability.MOVE, Ability.SCAN_MOVE, Ability.ATTACK)  # abilities that may be aimed at a point


def query(world: World, body: query_pb2.RequestQuery) -> query_pb2.ResponseQuery:
    """The answers, in the order of the questions. They do not depend on resources, which the engine does not have."""
    return query_pb2.ResponseQuery(
        pathing=[_pathing(world, each) for each in body.pathing],
        abilities=[_abilities(world, each.unit_tag) for each in body.abilities],
        placements=[_placement(world, each) for each in body.placements],
    )


def _pathing(world: World, question: query_pb2.RequestQueryPathing) -> query_pb2.ResponseQueryPathing:
    """How far it is, in map units; 0 where no way leads. Nothing stands in the way on this map, and flyers cross its margin."""
    goal = question.end_pos
    if question.WhichOneof("start") == "start_pos":
        x, y, flies = question.start_pos.x, question.start_pos.y, False
    else:
        slot = world.slot(question.unit_tag)
        if slot is None:
            return query_pb2.ResponseQueryPathing(distance=0.0)
        record = world.engine.units[slot]
        x, y, flies = float(record["x"]), float(record["y"]), UNITS[UNIT_NAMES[record["type"]]].flying
    reached = flies or (_is_walkable(x, y) and _is_walkable(goal.x, goal.y))
    distance = math.hypot(goal.x - x, goal.y - y) if reached else 0.0
    return query_pb2.ResponseQueryPathing(distance=distance if math.isfinite(distance) else 0.0)


def _is_walkable(x: float, y: float) -> bool:
    width, height = _WALKABLE.shape
    return bool(0.0 <= x < width and 0.0 <= y < height and _WALKABLE[int(x), int(y)])


def _abilities(world: World, tag: int) -> query_pb2.ResponseQueryAvailableAbilities:
    """What a living unit of the player can be ordered to do; of other units nothing."""
    answer = query_pb2.ResponseQueryAvailableAbilities(unit_tag=tag)
    slot = world.slot(tag)
    if slot is None:
        return answer
    answer.unit_type_id = world.type_ids[slot]
    if world.engine.units[slot]["side"] == 0:
        unit = UNITS[UNIT_NAMES[world.engine.units[slot]["type"]]]
        abilities = [Ability.SMART, Ability.STOP, Ability.MOVE]
        abilities += [Ability.ATTACK if unit.weapons else Ability.SCAN_MOVE]
        abilities += [Ability.HEAL] if unit.heal_per_second else []
        for ability in abilities:
            answer.abilities.add(ability_id=ability, requires_point=ability in _POINTS)
    return answer


def _placement(
    world: World, question: query_pb2.RequestQueryBuildingPlacement
) -> query_pb2.ResponseQueryBuildingPlacement:
    """Whether a place is open ground where no ground unit stands, whatever is to be built there: no unit here can build."""
    place = question.target_pos
    free = _is_walkable(place.x, place.y) and not _is_taken(world, place)
    return query_pb2.ResponseQueryBuildingPlacement(
        result=error_pb2.Success if free else error_pb2.CantBuildLocationInvalid
    )


def _is_taken(world: World, place: common_pb2.Point2D) -> bool:
    for slot in world.living():
        record = world.engine.units[slot]
        unit = UNITS[UNIT_NAMES[record["type"]]]
        if not unit.flying and math.hypot(record["x"] - place.x, record["y"] - place.y) < unit.radius:
            return True
    return False
