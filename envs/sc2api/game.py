"""One game client as the API sees it: requests in, responses out, with the statuses and the errors of the real one.

`Game.answer` takes and returns whole messages, as a server would pass them on; `Game.call` takes and returns the bodies.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError, Message
from s2clientprotocol import query_pb2, sc2api_pb2
from s2clientprotocol.debug_pb2 import DebugEndGame
from s2clientprotocol.sc2api_pb2 import Result, Status

from envs.draws import stream_key
from envs.engine import rules_hash
from envs.sc2api import facts, observe, orders, queries, setup
from envs.sc2api.debug import debug
from envs.sc2api.errors import RequestError, text
from envs.sc2api.ids import COMPUTER, PLAYER
from envs.sc2api.world import World

GAME_VERSION, BUILD = "4.10.0", 75689  # the version whose unit data the engine follows
MOST_LOOPS = 1 << 16
MOST_CHAT = 100

BattleKeyOfSeed = Callable[[int, int], int]
"""The key of a battle from the `random_seed` of its game and its number there, from 0."""


def battle_key(random_seed: int, battle: int) -> int:
    """The key of a game's battle, in a stream of its own for every `random_seed`."""
    return stream_key(f"sc2api {random_seed}", battle)


_ANY = frozenset(Status.values()) - {Status.quit}
_PLAYING = frozenset({Status.in_game})
_OVER = frozenset({Status.in_game, Status.ended})
_STATUSES = {
    "create_game": frozenset({Status.launched, Status.in_game, Status.ended}),
    "join_game": frozenset({Status.init_game}),
    "restart_game": _OVER,
    "leave_game": _OVER,
    "game_info": _PLAYING,
    "observation": _OVER,
    "action": _PLAYING,
    "step": _PLAYING,
    "data": _PLAYING,
    "query": _PLAYING,
    "debug": _PLAYING,
    "save_replay": _OVER,
    "available_maps": _ANY,
    "ping": _ANY,
    "quit": _ANY,
}


class Game:
    """A single-player game on the embedded engine."""

    def __init__(self, key_of_battle: BattleKeyOfSeed = battle_key) -> None:
        self.status: Status.ValueType = Status.launched
        self._key_of_battle = key_of_battle
        self._create = sc2api_pb2.RequestCreateGame()
        self._join = sc2api_pb2.RequestJoinGame()
        self._world: World | None = None
        # What the next observation tells; of a client that never looks, the last of it.
        self._action_errors: deque[sc2api_pb2.ActionError] = deque(maxlen=orders.MOST_ERRORS)
        self._chat: deque[str] = deque(maxlen=MOST_CHAT)
        self._result: Result.ValueType | None = None  # of the player, once a debug command has ended the game

    @property
    def world(self) -> World:
        """The state of the game under way."""
        if self._world is None:
            raise RequestError("no game has been joined")
        return self._world

    def answer(self, request: sc2api_pb2.Request | bytes) -> sc2api_pb2.Response:
        """The response to a request, or to its serialised form; malformed ones are answered with `error`."""
        response = sc2api_pb2.Response()
        try:
            message = sc2api_pb2.Request.FromString(request) if isinstance(request, bytes) else request
            if message.HasField("id"):
                response.id = message.id
            kind = message.WhichOneof("request")
            if kind is None:
                raise RequestError("the request is empty")
            getattr(response, kind).CopyFrom(self.call(kind, getattr(message, kind)))
        except DecodeError:
            response.error.append("the message is not a Request")
        except RequestError as error:
            response.error.append(str(error))
        response.status = self.status
        return response

    def call(self, kind: str, body: Any) -> Message:
        """Answer the request `kind` (its field's name in Request) with this body.

        Raises:
            RequestError: this kind is not supported, does not fit the game's status, or asks for the impossible.
        """
        if kind not in _STATUSES:
            raise RequestError(f"{kind} is not supported by the embedded engine")
        if self.status == Status.ended and Status.ended not in _STATUSES[kind]:
            raise RequestError("Not supported if game has already ended")  # words of the game that burnysc2 knows
        if self.status not in _STATUSES[kind]:
            raise RequestError(f"{kind} is not possible in status {Status.Name(self.status)}")
        handler: Callable[[Any], Message] = getattr(self, f"_on_{kind}")
        return handler(body)

    def _on_ping(self, _: sc2api_pb2.RequestPing) -> sc2api_pb2.ResponsePing:
        return sc2api_pb2.ResponsePing(game_version=GAME_VERSION, data_build=BUILD, base_build=BUILD)

    def _on_available_maps(self, _: sc2api_pb2.RequestAvailableMaps) -> sc2api_pb2.ResponseAvailableMaps:
        return sc2api_pb2.ResponseAvailableMaps(local_map_paths=[facts.MAP_PATH])

    def _on_quit(self, _: sc2api_pb2.RequestQuit) -> sc2api_pb2.ResponseQuit:
        self.status, self._world = Status.quit, None
        return sc2api_pb2.ResponseQuit()

    def _on_create_game(self, body: sc2api_pb2.RequestCreateGame) -> sc2api_pb2.ResponseCreateGame:
        answer = setup.create(body)
        if not answer.HasField("error"):
            self._create.CopyFrom(body)
            if not body.HasField("random_seed"):  # as in the real game: another game every time
                self._create.random_seed = secrets.randbits(32)
            self.status, self._world = Status.init_game, None
        return answer

    def _on_join_game(self, body: sc2api_pb2.RequestJoinGame) -> sc2api_pb2.ResponseJoinGame:
        answer = setup.join(body)
        if not answer.HasField("error"):
            self._join.CopyFrom(body)
            self._begin()
        return answer

    def _on_restart_game(self, _: sc2api_pb2.RequestRestartGame) -> sc2api_pb2.ResponseRestartGame:
        self._begin()
        return sc2api_pb2.ResponseRestartGame()

    def _begin(self) -> None:
        seed = self._create.random_seed
        self._world = World(lambda battle: self._key_of_battle(seed, battle))
        self._action_errors.clear()
        self._chat.clear()
        self._result = None
        self.status = Status.in_game

    def _on_leave_game(self, _: sc2api_pb2.RequestLeaveGame) -> sc2api_pb2.ResponseLeaveGame:
        self.status, self._world = Status.launched, None
        return sc2api_pb2.ResponseLeaveGame()

    def _on_game_info(self, _: sc2api_pb2.RequestGameInfo) -> sc2api_pb2.ResponseGameInfo:
        return facts.game_info(self._create, self._join)

    def _on_observation(self, _: sc2api_pb2.RequestObservation) -> sc2api_pb2.ResponseObservation:
        message = observe.observation(self.world)
        message.action_errors.extend(self._action_errors)
        for line in self._chat:
            message.chat.add(player_id=PLAYER, message=line)
        self._action_errors.clear()
        self._chat.clear()
        if self.status == Status.ended and self._result is not None:
            other = {Result.Victory: Result.Defeat, Result.Defeat: Result.Victory}[self._result]
            message.player_result.add(player_id=PLAYER, result=self._result)
            message.player_result.add(player_id=COMPUTER, result=other)
        return message

    def _on_action(self, body: sc2api_pb2.RequestAction) -> sc2api_pb2.ResponseAction:
        chat = [text(action.action_chat.message) for action in body.actions if action.HasField("action_chat")]
        results, errors = orders.carry_out(self.world, body.actions)
        self._chat += chat
        self._action_errors += errors
        return sc2api_pb2.ResponseAction(result=results)

    def _on_step(self, body: sc2api_pb2.RequestStep) -> sc2api_pb2.ResponseStep:
        loops = body.count if body.HasField("count") else 1
        if not 1 <= loops <= MOST_LOOPS:
            raise RequestError(f"step: count is {loops}; give 1 to {MOST_LOOPS}")
        self.world.advance(loops)
        if self._result is not None:
            self.status = Status.ended
        return sc2api_pb2.ResponseStep(simulation_loop=self.world.loop)

    def _on_data(self, body: sc2api_pb2.RequestData) -> sc2api_pb2.ResponseData:
        everything = facts.data()
        if body.ability_id and body.unit_type_id:
            return everything
        units = everything.units if body.unit_type_id else None
        return sc2api_pb2.ResponseData(units=units, abilities=everything.abilities if body.ability_id else None)

    def _on_query(self, body: query_pb2.RequestQuery) -> query_pb2.ResponseQuery:
        return queries.query(self.world, body)

    def _on_debug(self, body: sc2api_pb2.RequestDebug) -> sc2api_pb2.ResponseDebug:
        debug(self.world, body.debug)
        for command in body.debug:
            if command.HasField("end_game"):  # when the next loop begins, as all debug commands
                won = command.end_game.end_result == DebugEndGame.DeclareVictory
                self._result = Result.Victory if won else Result.Defeat
        return sc2api_pb2.ResponseDebug()

    def _on_save_replay(self, _: sc2api_pb2.RequestSaveReplay) -> sc2api_pb2.ResponseSaveReplay:
        """What identifies the game: the engine cannot write a replay that StarCraft II could play."""
        about = {"engine_rules": rules_hash(), "random_seed": self._create.random_seed, "battles": self.world.battles}
        return sc2api_pb2.ResponseSaveReplay(data=json.dumps(about | {"loop": self.world.loop}).encode())
