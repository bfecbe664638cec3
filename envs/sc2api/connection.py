"""One client's websocket over its socket: the handshake, whole messages in, whole messages out (framing by `websockets`).

The kind of a frame says nothing of what it holds: pysc2 sends protobuf in text frames. Answers are binary; nothing is compressed.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

PATH = "/sc2api"
MOST_BYTES = 1 << 23  # of a message: the largest that clients send is a map
HANDSHAKE_SECONDS = 10.0
SEND_SECONDS = 60.0  # a client that takes nothing for so long is gone
FAREWELL_SECONDS = 1.0  # for the other side to take the last words and hang up

# pysc2 names the server itself as the origin, other clients none; a page in a browser names its site and is refused.
_ORIGINS = [None, re.compile(r"http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")]
_CHUNK = 1 << 16


class Connection:
    """A websocket on an accepted socket. It ends when either side closes it, or when `lifeline` can be read."""

    def __init__(self, sock: socket.socket, lifeline: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        sock.settimeout(SEND_SECONDS)
        self._sock = sock
        self._lifeline = lifeline
        self._protocol = ServerProtocol(origins=_ORIGINS, max_size=MOST_BYTES)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._poll.register(lifeline, select.POLLIN)
        self._parts: list[bytes] = []

    def messages(self) -> Iterator[bytes]:
        """The client's messages, until the connection ends.

        Raises:
            OSError: the connection broke.
        """
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        while self._receive(None if self._protocol.state is OPEN else deadline):
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._shake_hands(event)
                elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    self._parts.append(bytes(event.data))
                    if event.fin:
                        message = b"".join(self._parts)
                        self._parts.clear()
                        if self._is_cut():  # between the messages of a client that does not wait for answers, too
                            return
                        yield message
            if self._protocol.close_expected():
                self._part()
                return

    def send(self, message: bytes) -> None:
        """Send a message, unless the client has said good-bye.

        Raises:
            OSError: the connection broke.
        """
        if self._protocol.state is OPEN:
            self._protocol.send_binary(message)
            self._flush()

    def close(self) -> None:
        """Say good-bye.

        Raises:
            OSError: the connection broke.
        """
        if self._protocol.state is OPEN:
            self._protocol.send_close(1000)
            self._flush()
            self._part()

    def _shake_hands(self, request: Request) -> None:
        if self._protocol.close_expected():  # what came with the request was no websocket
            return
        if request.path.partition("?")[0] == PATH:
            response = self._protocol.accept(request)
        else:
            response = self._protocol.reject(HTTPStatus.NOT_FOUND, f"The StarCraft II API is at {PATH}.\n")
        self._protocol.send_response(response)
        self._flush()

    def _receive(self, deadline: float | None) -> bool:
        """Wait for bytes of the client and take them in; False at their end, when the time is up and when the lifeline is cut."""
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000.0
        ready = dict(self._poll.poll(left))
        if self._sock.fileno() not in ready or self._lifeline in ready:
            return False
        data = self._sock.recv(_CHUNK)
        if not data:
            return False
        self._protocol.receive_data(data)
        self._flush()
        return True

    def _is_cut(self) -> bool:
        return self._lifeline in dict(self._poll.poll(0))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._sock.sendall(data)
            else:
                self._sock.shutdown(socket.SHUT_WR)

    def _part(self) -> None:
        """Read on until the client hangs up: closing a socket with unread bytes would take back the last words."""
        deadline = time.monotonic() + FAREWELL_SECONDS
        while self._receive(deadline):
            pass
