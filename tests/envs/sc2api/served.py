"""A server of the embedded engine as a process of its own, and what plain websocket clients say to it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from s2clientprotocol import sc2api_pb2 as api
from websockets.sync.client import ClientConnection, connect

from envs.sc2api.game import Game
from envs.sc2api.ids import COPY_IDS, STOCK_IDS
from envs.units import UNIT_NAMES
from tests.envs.sc2api.asking import create_request, creation, join_request

ROOT = Path(__file__).parents[3]
SERVE = """
import os, sys
sys.path.append(sys.argv[1])
from envs.sc2api.server import listen, serve, url, warm_up
warm_up()
listener = listen("127.0.0.1", 0)
print(url(listener), flush=True)
serve(listener, launcher=os.getppid() if sys.argv[2] else None)
"""
MARINE = UNIT_NAMES.index("marine")


class Served:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.url = process.stdout.readline().strip()
        self.port = int(self.url.rpartition(":")[2].partition("/")[0])

    def clients(self) -> list[int]:
        """The processes of its clients."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split() if is_alive(int(pid))]

    def connect(self, **options: Any) -> ClientConnection:
        """A client, without the compression that the API's clients do not use either."""
        return connect(self.url, compression=None, max_size=None, close_timeout=5, **options)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End the server by a signal; its exit code and what it wrote to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@cache
def compiled() -> None:
    """Have the engine compiled, so that no server need tell that it does so."""
    game = Game()
    for request in battle_requests(0, steps=1):
        game.answer(request)


@contextmanager
def serving(as_game: bool = False) -> Iterator[Served]:
    """A server while the block runs."""
    compiled()
    words = [sys.executable, "-c", SERVE, str(ROOT), "yes" if as_game else ""]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def ask(client: ClientConnection, **body: Any) -> api.Response:
    """The response to a request."""
    client.send(api.Request(id=7, **body).SerializeToString())
    return api.Response.FromString(client.recv(timeout=60))


def battle_requests(seed: int, steps: int = 20) -> list[bytes]:
    """A whole game as a client plays it: four marines a side, a few orders, and the end."""
    allies = [creation(COPY_IDS[MARINE], 1, 10.0, 12.0 + i) for i in range(4)]
    foes = [creation(STOCK_IDS[MARINE], 2, 17.0, 12.5 + i) for i in range(4)]
    bodies: list[dict[str, Any]] = [
        {"ping": api.RequestPing()},
        {"create_game": create_request(random_seed=seed)},
        {"join_game": join_request()},
        {"game_info": api.RequestGameInfo()},
        {"data": api.RequestData(ability_id=True, unit_type_id=True)},
        {"debug": api.RequestDebug(debug=allies + foes)},
    ]
    for step in range(steps):
        commands = []
        for i in range(4):
            action = api.Action()
            command = action.action_raw.unit_command
            command.unit_tags.append((1 << 32) + i)
            command.ability_id, command.target_unit_tag = 23, (1 << 32) + 4 + (i + step) % 4
            commands.append(action)
        bodies += [
            {"action": api.RequestAction(actions=commands)},
            {"step": api.RequestStep(count=8)},
            {"observation": api.RequestObservation()},
        ]
    bodies += [{"save_replay": api.RequestSaveReplay()}, {"leave_game": api.RequestLeaveGame()}]
    return [api.Request(id=i, **body).SerializeToString() for i, body in enumerate(bodies, 1)]


def play(client: ClientConnection, requests: list[bytes]) -> list[bytes]:
    """The responses, byte for byte."""
    answers = []
    for request in requests:
        client.send(request)
        answers.append(bytes(client.recv(timeout=60)))
    return answers
