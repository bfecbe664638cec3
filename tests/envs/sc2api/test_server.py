"""The server as its clients meet it: whole games, malformed and rude clients, many at once, and how it ends."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")
pytest.importorskip("websockets", reason="websockets is not installed: make sc2")

from s2clientprotocol import sc2api_pb2 as api
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from envs.errors import InputError
from envs.sc2api import connection
from envs.sc2api.connection import Connection
from envs.sc2api.game import Game
from envs.sc2api.ids import COPY_IDS, STOCK_IDS
from envs.sc2api.server import MOST_CLIENTS, listen
from tests.envs.sc2api.asking import create_request, creation, join_request
from tests.envs.sc2api.served import (
    MARINE,
    Served,
    ask,
    battle_requests,
    is_alive,
    play,
    serving,
    wait_for,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving() as served:
        yield served
        assert served.end() == (0, ""), "the server reported a fault, or did not end as it should"


def plays(server: Served) -> bool:
    """Whether a new client gets its answers."""
    with server.connect() as client:
        return ask(client, ping=api.RequestPing()).ping.game_version == "4.10.0"


def begin(client: object, seed: int = 3) -> None:
    assert not ask(client, create_game=create_request(random_seed=seed)).create_game.HasField("error")
    assert ask(client, join_game=join_request()).status == api.in_game


LONG_STEPS = 1000


def keep_busy(client: object) -> None:
    """Send so many long steps at once, without waiting for an answer, that the game computes for a minute or more."""
    begin(client)
    marines = [creation(COPY_IDS[MARINE], 1, 16, 16, quantity=64), creation(COPY_IDS[MARINE], 1, 8, 8, quantity=64)]
    ask(client, debug=api.RequestDebug(debug=marines))
    for _ in range(LONG_STEPS):
        client.send(api.Request(step=api.RequestStep(count=1 << 16)).SerializeToString())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_game_through_the_socket_has_the_bytes_of_one_in_process(server: Served, seed: int) -> None:
    requests = battle_requests(seed)
    game = Game()
    expected = [game.answer(request).SerializeToString() for request in requests]
    with server.connect() as client:
        assert play(client, requests) == expected
        assert play(client, requests) == expected  # once more, on the same connection


def test_protobuf_in_text_frames_is_answered_in_binary_ones(server: Served) -> None:
    """As pysc2 sends it: what is no UTF-8 at all in a frame that should be."""
    request = api.Request(id=0xFFFFFFF, ping=api.RequestPing()).SerializeToString()
    with pytest.raises(UnicodeDecodeError):
        request.decode()
    with server.connect() as client:
        client.send(request, text=True)
        assert isinstance(client.recv(timeout=10), bytes)


def test_a_message_may_come_in_parts(server: Served) -> None:
    request = api.Request(id=9, ping=api.RequestPing()).SerializeToString()
    with server.connect() as client:
        client.send(iter([request[:1], request[1:2], request[2:]]))
        assert api.Response.FromString(client.recv(timeout=10)).id == 9


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"", "the request is empty"),
        (b"\xff" * 50, "the message is not a Request"),
        (b"\x08\x01\x12", "the message is not a Request"),
        (b"\xd2\x0c\x00", "the request is empty"),  # field 202, which no version of the protocol has
        (api.Request(quick_load=api.RequestQuickLoad()).SerializeToString(), "quick_load is not supported"),
        (api.Request(step=api.RequestStep()).SerializeToString(), "step is not possible in status launched"),
    ],
)
@pytest.mark.parametrize("text", [False, True])
def test_malformed_messages_are_answered(server: Served, message: bytes, error: str, text: bool) -> None:
    with server.connect() as client:
        client.send(message, text=text)
        response = api.Response.FromString(client.recv(timeout=10))
        assert error in response.error[0]
        assert response.status == api.launched
        assert not ask(client, ping=api.RequestPing()).error


def test_a_message_that_is_too_large_ends_its_connection_only(server: Served) -> None:
    with server.connect() as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.send(bytes(connection.MOST_BYTES + 1))
            client.recv(timeout=10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
    assert plays(server)


def test_only_the_path_of_the_api_is_served(server: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(server.url.replace("/sc2api", "/other"))
    assert refused.value.response.status_code == 404


def test_web_pages_are_refused(server: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        server.connect(origin="http://example.org")
    assert refused.value.response.status_code == 403
    with server.connect(origin=f"http://127.0.0.1:{server.port}") as client:  # as pysc2 says
        assert not ask(client, ping=api.RequestPing()).error


HANDSHAKE = (
    b"GET /sc2api HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
NO_WEBSOCKETS = {
    "TLS": b"\x16\x03\x01" + bytes(200) + b"\n",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "blank lines": b"\r\n" * 50,
    "a long line": b"A" * 20000,
    "a handshake, then noise": HANDSHAKE + b"\xff" * 40,
}


@pytest.mark.parametrize("words", NO_WEBSOCKETS.values(), ids=NO_WEBSOCKETS)
def test_what_is_no_websocket_is_shown_the_door(server: Served, words: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as raw:
        raw.sendall(words)
        while raw.recv(4096):
            pass
    assert plays(server)


def test_frames_that_break_the_protocol_end_their_connection_only(server: Served) -> None:
    with server.connect() as client:
        client.socket.sendall(b"\x82\x05hello")  # not masked, as a client's frames must be
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
    assert plays(server)


def test_silent_connections_keep_nobody_waiting(server: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        assert plays(server)
    finally:
        for each in silent:
            each.close()
    wait_for(lambda: not server.clients())


def test_a_connection_without_a_handshake_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_SECONDS", 0.05)
    client, end = socket.socketpair()
    with client, end, socket.socket() as lifeline:
        lifeline.bind(("127.0.0.1", 0))
        lifeline.listen()
        accepted = socket.create_connection(lifeline.getsockname())
        client.sendall(b"GET /sc2api HTTP/1.1\r\n")
        began = time.monotonic()
        assert list(Connection(accepted, end.fileno()).messages()) == []
        assert time.monotonic() - began < 5.0
        accepted.close()


def test_a_client_that_breaks_off_leaves_nothing_behind(server: Served) -> None:
    with server.connect() as client:
        keep_busy(client)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()  # a reset, in the midst of a step
    assert plays(server)
    wait_for(lambda: not server.clients(), 60.0)


def test_eight_clients_at_once_have_a_game_each(server: Served) -> None:
    def one(seed: int) -> list[bytes]:
        with server.connect() as client:
            together.wait(30)
            return play(client, battle_requests(seed))

    together = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        played = list(pool.map(one, range(8)))
    for seed, answers in enumerate(played):
        game = Game()
        assert answers == [game.answer(request).SerializeToString() for request in battle_requests(seed)]


def test_a_long_step_stalls_nobody_else(server: Served) -> None:
    with server.connect() as slow, server.connect() as quick:
        keep_busy(slow)
        assert play(quick, battle_requests(5))
        answers = 0
        with suppress(TimeoutError):
            while slow.recv(timeout=0):
                answers += 1
        assert answers < LONG_STEPS  # it is still at it
        slow.socket.close()
    wait_for(lambda: not server.clients())


def test_more_clients_than_there_is_room_for_wait() -> None:
    with serving() as server, ExitStack() as held:
        for _ in range(MOST_CLIENTS):
            client = held.enter_context(server.connect(open_timeout=60))
        waiting = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.5))
        waiting.sendall(HANDSHAKE)
        with pytest.raises(TimeoutError):
            waiting.recv(4096)
        client.close()
        waiting.settimeout(20)
        assert waiting.recv(4096).startswith(b"HTTP/1.1 101 ")


def test_a_server_outlives_a_client_that_quits(server: Served) -> None:
    with server.connect() as client:
        begin(client)
        assert ask(client, quit=api.RequestQuit()).status == api.quit
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
    assert plays(server)


def test_the_game_ends_when_its_last_client_quits() -> None:
    with serving(as_game=True) as game:
        with game.connect() as first, game.connect() as second:
            ask(first, quit=api.RequestQuit())
            wait_for(lambda: len(game.clients()) == 1)
            assert not ask(second, ping=api.RequestPing()).error
            second.send(api.Request(quit=api.RequestQuit()).SerializeToString())  # and hangs up at once, as pysc2 does
        assert game.process.wait(timeout=20) == 0
        assert game.process.communicate()[1] == ""


def test_the_game_waits_for_a_client_that_only_hung_up() -> None:
    with serving(as_game=True) as game:
        with game.connect() as client:
            assert not ask(client, ping=api.RequestPing()).error
        wait_for(lambda: not game.clients())
        assert plays(game)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_clients_in_the_midst_of_a_step(number: int) -> None:
    with serving() as server, server.connect() as client:
        keep_busy(client)
        (busy,) = server.clients()
        began = time.monotonic()
        assert server.end(number) == (0, "")
        assert time.monotonic() - began < 3.0
        assert not is_alive(busy)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)


def test_clients_games_die_with_a_server_that_is_killed() -> None:
    with serving() as server, server.connect() as one, server.connect() as other, server.connect() as busy:
        begin(one)
        ask(other, ping=api.RequestPing())
        keep_busy(busy)
        for _ in range(20):  # by then all that it has sent has come
            busy.recv(timeout=10)
        children = server.clients()
        assert len(children) == 3
        server.end(signal.SIGKILL)
        for client in (one, other):
            with pytest.raises(ConnectionClosed):
                client.recv(timeout=10)
        wait_for(lambda: not any(map(is_alive, children)))


def test_a_clients_process_that_crashes_takes_nobody_along() -> None:
    with serving() as server, server.connect() as client:
        begin(client)
        (victim,) = server.clients()
        subprocess.run(["kill", "-SEGV", str(victim)], check=True)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
        assert plays(server)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(InputError, match="this machine alone"):
        listen(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_of_its_own(host: str) -> None:
    with listen(host, 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on port {port}: .*give another"):
            listen(host, port)
    for impossible in (-1, 65536):
        with pytest.raises(InputError, match="there is no port"):
            listen(host, impossible)


def test_units_of_both_sides_fight_over_the_socket(server: Served) -> None:
    with server.connect() as client:
        begin(client)
        sides = [creation(STOCK_IDS[MARINE], 1, 12, 16, quantity=2), creation(STOCK_IDS[MARINE], 2, 16, 16)]
        ask(client, debug=api.RequestDebug(debug=sides))
        for _ in range(40):
            ask(client, step=api.RequestStep(count=8))
        seen = ask(client, observation=api.RequestObservation()).observation.observation.raw_data
        assert seen.event.dead_units
        assert {unit.unit_type for unit in seen.units} == {STOCK_IDS[MARINE]}
