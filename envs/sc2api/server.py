"""The server that stands where StarCraft II listens: every client gets a game of its own, in a process of its own.

So clients share neither the interpreter's lock nor a crash. The processes are forked from one that has the engine compiled and
loaded; they end with it, however it ends.
"""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from s2clientprotocol.sc2api_pb2 import Status

from envs.errors import InputError
from envs.jit import announce_compile
from envs.sc2api.connection import PATH, Connection
from envs.sc2api.game import Game
from envs.sc2api.world import Creation, World

MOST_CLIENTS = 128  # at once; others wait until there is room
_STOPS = (signal.SIGTERM, signal.SIGINT)
_QUIT = 3  # exit code of a client's process after its request to quit


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens for clients of this machine; port 0 takes a free one.

    Raises:
        InputError: `host` reaches beyond this machine, or the port cannot be had.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(f"cannot listen on {host}: the server is for this machine alone; listen on 127.0.0.1")
    if not 0 <= port <= 65535:
        raise InputError(f"there is no port {port}; give one of 1 to 65535, or 0 for any free one")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=MOST_CLIENTS)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"cannot listen on port {port}: {reason}; give another, or 0 for any free one") from None


def url(listener: socket.socket) -> str:
    """Where clients of this listener connect."""
    host, port = listener.getsockname()[:2]
    return f"ws://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def serve(listener: socket.socket, launcher: int | None = None) -> None:
    """Serve clients until SIGTERM or Ctrl-C. Closes the listener. Call `warm_up` before.

    `launcher`: the process that launched this one as the game. Then also end as the game would, when the last client has quit; and
    when no client is left and the launcher is gone.
    """
    lifeline, held = os.pipe()  # only this process holds the second end: the first tells its clients' when it is gone
    awake, woken = socket.socketpair()
    awake.setblocking(False)
    woken.setblocking(False)
    before = [signal.signal(number, lambda *_: None) for number in _STOPS]
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    clients: list[ForkProcess] = []
    try:
        while True:
            doors = [listener] if len(clients) < MOST_CLIENTS else []
            patience = None if launcher is None else 1.0
            ready = wait([*doors, awake, *(client.sentinel for client in clients)], patience)
            if awake in ready:
                return
            ended = [client for client in clients if not client.is_alive()]
            clients = [client for client in clients if client not in ended]
            over = any(client.exitcode == _QUIT for client in ended) or os.getppid() != launcher
            if launcher is not None and over and not clients:
                return
            if listener in ready:
                clients += _admit(listener, lifeline, held)
    finally:
        listener.close()
        signal.set_wakeup_fd(-1)
        for number, handler in zip(_STOPS, before, strict=True):
            signal.signal(number, handler)
        awake.close()
        woken.close()
        _end(clients)
        os.close(lifeline)
        os.close(held)


def _admit(listener: socket.socket, lifeline: int, held: int) -> list[ForkProcess]:
    """Accept a client and start its process; nothing where that fails."""
    try:
        sock, _ = listener.accept()
    except OSError:  # the client has hung up already, or no more files may be opened: then not at once again
        time.sleep(0.1)
        return []
    with sock:
        words = (listener, sock, lifeline, held)
        client = multiprocessing.get_context("fork").Process(target=_attend, args=words, daemon=True)
        try:
            client.start()
        except OSError as error:
            print(f"a client was turned away: {error.strerror}", file=sys.stderr, flush=True)
            return []
    return [client]


def _attend(listener: socket.socket, sock: socket.socket, lifeline: int, held: int) -> None:
    """A client's process: play its game until it leaves, or until the server ends."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # at once, in the midst of a long step, too
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server then ends this process
    listener.close()
    os.close(held)
    game = Game()
    with suppress(OSError), sock:  # however a connection breaks, the game is over
        connection = Connection(sock, lifeline)
        for message in connection.messages():
            connection.send(game.answer(message).SerializeToString())
            if game.status == Status.quit:
                connection.close()
                break
    if game.status == Status.quit:
        sys.exit(_QUIT)


def _end(clients: list[ForkProcess]) -> None:
    for client in clients:
        client.terminate()
    for client in clients:
        client.join(3.0)
        if client.is_alive():
            client.kill()


def warm_up() -> None:
    """Compile or load all that a battle needs, so that clients' processes are born with it."""
    announce_compile()
    world = World(lambda _: 0)
    for x in (8.0, 24.0):
        for side in (0, 1):
            world.create(Creation(0, side, x, 8.0 + 8.0 * side))
    world.advance(1)
    world.engine.order_move(0, 8.0, 8.0)
    world.engine.order_attack_move(0, 8.0, 8.0)
    world.engine.order_attack(0, 1)
    world.engine.order_heal(0, 2)
    world.engine.order_stop(0)
    world.kill(world.tags[0])
    world.advance(1)
