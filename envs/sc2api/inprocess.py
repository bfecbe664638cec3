"""The embedded engine in the place of StarCraft II for any program that starts the game through pysc2, without a socket.

After `install()`, pysc2's `run_configs.get()` returns the embedded engine; it needs neither SC2PATH nor maps on disk:

    from envs.sc2api import inprocess
    inprocess.install()
    env = StarCraftCapabilityEnvWrapper(...)   # smacv2, unmodified
"""

from __future__ import annotations

import os
from typing import Any

from pysc2.lib import protocol, remote_controller
from pysc2.run_configs import lib
from s2clientprotocol import sc2api_pb2

from envs.sc2api.errors import RequestError
from envs.sc2api.game import GAME_VERSION, BattleKeyOfSeed, Game, battle_key

PRIORITY = 100  # above pysc2's own configurations, which have 1


def install(key_of_battle: BattleKeyOfSeed = battle_key) -> None:
    """Have pysc2 start the embedded engine from now on; `key_of_battle` gives the key of each battle of a game."""
    EmbeddedRunConfig.key_of_battle = staticmethod(key_of_battle)


def uninstall() -> None:
    """Have pysc2 start StarCraft II again."""
    EmbeddedRunConfig.key_of_battle = None


class EmbeddedClient:
    """Stands where pysc2 has its websocket protocol: hands message bodies to the game and back, uncopied."""

    def __init__(self, game: Game) -> None:
        self._game = game

    @property
    def status(self) -> protocol.Status:
        """The game's status."""
        return protocol.Status(self._game.status)

    def send(self, **request: Any) -> Any:
        """Answer one request, given as the name of its kind and its body.

        Raises:
            pysc2.lib.protocol.ProtocolError: the game answers with an error.
        """
        ((kind, body),) = request.items()
        try:
            return self._game.call(kind, body)
        except RequestError as error:
            raise protocol.ProtocolError(str(error)) from error

    def write(self, request: sc2api_pb2.Request) -> None:
        """Send a request whose response nobody reads."""
        self._game.answer(request)

    def close(self) -> None:
        """Leave the game; nothing is held that would need closing."""


class EmbeddedController(remote_controller.RemoteController):  # type: ignore[misc]
    """pysc2's controller with its checks of statuses and errors, on an embedded game."""

    def __init__(self, game: Game) -> None:  # the original connects to a socket
        self.game = game
        self._client = EmbeddedClient(game)
        self._last_obs = None


class EmbeddedProcess:
    """Stands where pysc2 has the process of StarCraft II."""

    def __init__(self, game: Game) -> None:
        self.controller = EmbeddedController(game)

    def close(self) -> None:
        """End the game."""
        self.controller.quit()

    def __enter__(self) -> EmbeddedController:
        return self.controller

    def __exit__(self, *_: object) -> None:
        self.close()


class EmbeddedRunConfig(lib.RunConfig):  # type: ignore[misc]
    """The way to start the embedded engine; valid after `install()`."""

    key_of_battle: BattleKeyOfSeed | None = None

    def __init__(self, version: str | None = None) -> None:
        super().__init__(os.path.join(os.getcwd(), "Replays"), "", None, version or GAME_VERSION)

    @classmethod
    def priority(cls) -> int | None:
        """None, which is to say not valid, until installed."""
        return PRIORITY if cls.key_of_battle else None

    def map_data(self, map_name: str, players: int | None = None) -> bytes:
        """Nothing: the engine brings its map along."""
        del map_name, players
        return b""

    def start(self, version: str | None = None, **_: Any) -> EmbeddedProcess:
        """A new game. Options of the real game's window and command line mean nothing here."""
        del version
        if self.key_of_battle is None:
            raise RuntimeError("call envs.sc2api.inprocess.install() first")
        return EmbeddedProcess(Game(self.key_of_battle))
