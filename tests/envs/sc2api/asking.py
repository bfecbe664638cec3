"""Requests to a game and what they need, as its tests make them."""

from __future__ import annotations

from typing import Any

from s2clientprotocol import common_pb2, debug_pb2, raw_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs.sc2api.game import Game
from envs.units import UNIT_NAMES

MAP = "SMAC_Maps/32x32_flat.SC2Map"
MARINE, MEDIVAC, BANELING, ZEALOT = (UNIT_NAMES.index(name) for name in ("marine", "medivac", "baneling", "zealot"))


def create_request(**changes: Any) -> api.RequestCreateGame:
    players = [api.PlayerSetup(type=api.Participant), api.PlayerSetup(type=api.Computer, race=common_pb2.Zerg)]
    known = {"local_map": api.LocalMap(map_path=MAP), "player_setup": players, "random_seed": 3, "realtime": False}
    return api.RequestCreateGame(**(known | changes))


def join_request(**changes: Any) -> api.RequestJoinGame:
    return api.RequestJoinGame(**({"race": common_pb2.Terran, "options": api.InterfaceOptions(raw=True)} | changes))


def ask(game: Game, **body: Any) -> Any:
    """The body of the response to a request that must succeed; the request travels as bytes."""
    ((kind, content),) = body.items()
    response = game.answer(api.Request(id=17, **{kind: content}).SerializeToString())
    assert list(response.error) == []
    assert (response.id, response.WhichOneof("response"), response.status) == (17, kind, game.status)
    return getattr(response, kind)


def errors(game: Game, **body: Any) -> list[str]:
    return list(game.answer(api.Request(**body)).error)


def created() -> Game:
    game = Game()
    ask(game, create_game=create_request())
    return game


def playing() -> Game:
    game = created()
    ask(game, join_game=join_request())
    return game


def creation(unit_type: int, owner: int, x: float, y: float, **more: Any) -> debug_pb2.DebugCommand:
    position = common_pb2.Point2D(x=x, y=y)
    unit = debug_pb2.DebugCreateUnit(unit_type=unit_type, owner=owner, pos=position, **({"quantity": 1} | more))
    return debug_pb2.DebugCommand(create_unit=unit)


def battle(*commands: debug_pb2.DebugCommand) -> tuple[Game, list[raw_pb2.Unit]]:
    game = playing()
    ask(game, debug=api.RequestDebug(debug=commands))
    ask(game, step=api.RequestStep(count=1))
    return game, units(game)


def units(game: Game) -> list[raw_pb2.Unit]:
    return list(ask(game, observation=api.RequestObservation()).observation.raw_data.units)


def order(game: Game, ability: int, tag: int, **target: Any) -> int:
    command = raw_pb2.ActionRawUnitCommand(ability_id=ability, unit_tags=[tag], **target)
    action = api.Action(action_raw=raw_pb2.ActionRaw(unit_command=command))
    (result,) = ask(game, action=api.RequestAction(actions=[action])).result
    return int(result)
