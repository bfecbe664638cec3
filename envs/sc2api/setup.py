"""Which games can be created and joined: one player against the map's script, on the one map, stepped by the client."""

from __future__ import annotations

from pathlib import PurePosixPath

from s2clientprotocol.sc2api_pb2 import (
    Computer,
    Participant,
    RequestCreateGame,
    RequestJoinGame,
    ResponseCreateGame,
    ResponseJoinGame,
)

from envs.sc2api.errors import RequestError, text
from envs.sc2api.facts import MAP_NAME


def create(body: RequestCreateGame) -> ResponseCreateGame:
    """The answer to create_game: without `error` if the engine can play this game.

    Raises:
        RequestError: a real-time game, or a path that is no text.
    """
    error = ResponseCreateGame.Error
    if body.realtime:
        raise RequestError("create_game: the embedded engine has no real time; the client steps the game")
    if body.HasField("battlenet_map_name"):
        return ResponseCreateGame(error=error.InvalidMapName, error_details=f"the only map is {MAP_NAME}")
    map_path = text(body.local_map.map_path)
    if not map_path:
        return ResponseCreateGame(error=error.MissingMap, error_details=f"give local_map.map_path of {MAP_NAME}")
    if PurePosixPath(map_path.replace("\\", "/")).stem != MAP_NAME:
        return ResponseCreateGame(error=error.InvalidMapPath, error_details=f"the only map is {MAP_NAME}")
    players = sorted(setup.type for setup in body.player_setup)
    if not players:
        return ResponseCreateGame(error=error.MissingPlayerSetup, error_details="give one participant and one computer")
    if players.count(Participant) > 1:
        return ResponseCreateGame(error=error.MultiplayerUnsupported, error_details="one participant only")
    if players not in ([Participant], [Participant, Computer]):
        return ResponseCreateGame(error=error.InvalidPlayerSetup, error_details="give one participant and one computer")
    return ResponseCreateGame()


def join(body: RequestJoinGame) -> ResponseJoinGame:
    """The answer to join_game: without `error` if the engine can show the game this way.

    Raises:
        RequestError: a name that is no text.
    """
    error = ResponseJoinGame.Error
    text(body.player_name)
    kind = body.WhichOneof("participation")
    if kind is None:
        return ResponseJoinGame(error=error.MissingParticipation, error_details="give race")
    if kind == "observed_player_id":
        return ResponseJoinGame(
            error=error.InvalidObservedPlayerId, error_details="the embedded engine has no observers"
        )
    if body.HasField("server_ports") or body.client_ports:
        return ResponseJoinGame(error=error.FeatureUnsupported, error_details="one participant only")
    if not body.options.raw:
        return ResponseJoinGame(error=error.MissingOptions, error_details="give options.raw: the only interface")
    if body.options.HasField("feature_layer") or body.options.HasField("render"):
        return ResponseJoinGame(error=error.FeatureUnsupported, error_details="the raw interface is the only one")
    return ResponseJoinGame(player_id=1)
