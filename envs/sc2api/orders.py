"""Unit commands of the API, carried out on the world; what cannot be done is answered with the game's own result codes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from s2clientprotocol import error_pb2, raw_pb2, sc2api_pb2

from envs.sc2api.ids import SPECIFIC, Ability
from envs.sc2api.world import MOST_WAITING, Order, World
from envs.units import UNIT_NAMES, UNITS

MOST_ERRORS = 1000  # that one observation tells; there is no end to what a client can ask of dead units

_MEDIVAC = UNIT_NAMES.index("medivac")

Result: TypeAlias = "error_pb2.ActionResult.ValueType"


def carry_out(world: World, actions: Iterable[sc2api_pb2.Action]) -> tuple[list[Result], list[sc2api_pb2.ActionError]]:
    """Give the orders of one request: one result per action, `MOST_ERRORS` errors at most, one for each unit that could not."""
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
            if result == error_pb2.Success:
                continue
            answer = result
            if len(errors) < MOST_ERRORS:
                ability = max(command.ability_id, 0)  # the field of errors has no sign
                errors.append(sc2api_pb2.ActionError(unit_tag=tag, ability_id=ability, result=result))
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
    ability = _ability(world, slot, command)
    if ability is None:
        return error_pb2.NotSupported
    order = _MAKERS[ability](world, ability, command)
    if not isinstance(order, Order):
        return order
    if order.ability != Ability.STOP and order.target is None and _is_rooted(world, slot):
        return error_pb2.UnitCantMove
    if command.queue_command and len(world.waiting(slot)) >= MOST_WAITING:
        return error_pb2.QueueIsFull
    give = world.queue if command.queue_command else world.give
    return error_pb2.Success if give(slot, order) else error_pb2.CantTargetThatUnit


def _is_rooted(world: World, slot: int) -> bool:
    return UNITS[UNIT_NAMES[world.engine.units[slot]["type"]]].speed == 0.0


def _stop(world: World, ability: Ability, command: raw_pb2.ActionRawUnitCommand) -> Order | Result:
    del world, command
    return Order(ability)


def _move(world: World, ability: Ability, command: raw_pb2.ActionRawUnitCommand) -> Order | Result:
    """To a point, or to where a unit stands now: the engine's units do not follow others."""
    if command.HasField("target_unit_tag"):
        target = world.slot(command.target_unit_tag)
        if target is None:
            return error_pb2.MustTargetVisibleUnit
        record = world.engine.units[target]
        return Order(ability, float(record["x"]), float(record["y"]))
    return _to_point(ability, command)


def _to_point(ability: Ability, command: raw_pb2.ActionRawUnitCommand) -> Order | Result:
    if not command.HasField("target_world_space_pos"):
        return error_pb2.NotSupported
    goal = command.target_world_space_pos
    if not math.isfinite(goal.x) or not math.isfinite(goal.y):
        return error_pb2.Error
    return Order(ability, goal.x, goal.y)


def _attack(world: World, ability: Ability, command: raw_pb2.ActionRawUnitCommand) -> Order | Result:
    del ability  # a scan-move is an attack too
    if command.HasField("target_world_space_pos"):
        return _to_point(Ability.ATTACK, command)
    return _on_unit(world, Ability.ATTACK, command)


def _on_unit(world: World, ability: Ability, command: raw_pb2.ActionRawUnitCommand) -> Order | Result:
    if not command.HasField("target_unit_tag"):
        return error_pb2.NotSupported
    if world.slot(command.target_unit_tag) is None:
        return error_pb2.MustTargetVisibleUnit
    return Order(ability, target=command.target_unit_tag)


_MAKERS = {
    Ability.STOP: _stop,
    Ability.MOVE: _move,
    Ability.ATTACK: _attack,
    Ability.SCAN_MOVE: _attack,
    Ability.HEAL: _on_unit,
}


def _ability(world: World, slot: int, command: raw_pb2.ActionRawUnitCommand) -> Ability | None:
    """The ability meant: a general id stands for its specific one, a smart command for what its target suggests."""
    if command.ability_id != Ability.SMART:
        known = SPECIFIC.get(command.ability_id, command.ability_id)
        return Ability(known) if known in _MAKERS else None
    target = world.slot(command.target_unit_tag) if command.HasField("target_unit_tag") else None
    if target is None:
        return Ability.MOVE
    if world.engine.units[target]["side"] == 1:
        return Ability.ATTACK
    return Ability.HEAL if world.engine.units[slot]["type"] == _MEDIVAC else Ability.MOVE
