"""Unit commands of the API, carried out on the world; what cannot be done is answered with the game's own result codes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from s2clientprotocol import error_pb2, raw_pb2, sc2api_pb2

from envs.sc2api.ids import SPECIFIC, Ability
from envs.sc2api.world import World
from envs.units import UNIT_NAMES

_MEDIVAC = UNIT_NAMES.index("medivac")

Result: TypeAlias = "error_pb2.ActionResult.ValueType"


def carry_out(world: World, actions: Iterable[sc2api_pb2.Action]) -> tuple[list[Result], list[sc2api_pb2.ActionError]]:
    """Give the orders of one request: one result per action, and one error for each unit that could not take its order."""
    results: list[Result] = []
    errors: list[sc2api_pb2.ActionError] = []
    for action in actions:
        command = action.action_raw.unit_command
        if not action.HasField("action_raw") or not action.action_raw.HasField("unit_command"):
            results.append(error_pb2.Success if _harmless(action) else error_pb2.NotSupported)
            continue
        answer: Result = error_pb2.Success if command.unit_tags else error_pb2.Error
        for tag in command.unit_tags:
            result = _order(world, tag, command)
            if result != error_pb2.Success:
                answer = result
                errors.append(sc2api_pb2.ActionError(unit_tag=tag, ability_id=command.ability_id, result=result))
        results.append(answer)
    return results, errors


def _harmless(action: sc2api_pb2.Action) -> bool:
    """Chat, the camera and empty actions change nothing in the battle."""
    if action.HasField("action_raw"):
        return not action.action_raw.HasField("toggle_autocast")
    return action.HasField("action_chat") or not action.ListFields()


def _order(world: World, tag: int, command: raw_pb2.ActionRawUnitCommand) -> Result:
    slot = world.slot(tag)
    if slot is None or world.engine.units[slot]["side"] != 0:
        return error_pb2.CantFindEnoughTargets
    if command.queue_command:
        return error_pb2.NotSupported
    ability = _ability(world, slot, command)
    if ability == Ability.STOP:
        world.engine.order_stop(slot)
        return error_pb2.Success
    if ability == Ability.MOVE and command.HasField("target_world_space_pos"):
        goal = command.target_world_space_pos
        if not math.isfinite(goal.x) or not math.isfinite(goal.y):
            return error_pb2.Error
        world.engine.order_move(slot, goal.x, goal.y)
        return error_pb2.Success
    if ability in (Ability.ATTACK, Ability.HEAL):
        return _order_on_unit(world, slot, ability, command)
    return error_pb2.NotSupported


def _order_on_unit(world: World, slot: int, ability: int, command: raw_pb2.ActionRawUnitCommand) -> Result:
    if not command.HasField("target_unit_tag"):
        return error_pb2.NotSupported
    target = world.slot(command.target_unit_tag)
    if target is None:
        return error_pb2.MustTargetVisibleUnit
    order = world.engine.order_attack if ability == Ability.ATTACK else world.engine.order_heal
    return error_pb2.Success if order(slot, target) else error_pb2.CantTargetThatUnit


def _ability(world: World, slot: int, command: raw_pb2.ActionRawUnitCommand) -> int:
    """The ability meant: a general id stands for its specific one, a smart command for what its target suggests."""
    if command.ability_id != Ability.SMART:
        return int(SPECIFIC.get(command.ability_id, command.ability_id))
    target = world.slot(command.target_unit_tag) if command.HasField("target_unit_tag") else None
    if target is None:
        return Ability.MOVE
    if world.engine.units[target]["side"] == 1:
        return Ability.ATTACK
    return Ability.HEAL if world.engine.units[slot]["type"] == _MEDIVAC else Ability.MOVE
