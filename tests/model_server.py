"""A real HTTP server in the place of a model's: chat completions and embeddings, correct or with a fault that a test asks for."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "test-model"


@dataclass(frozen=True)
class Behaviour:
    """What the server does with one request.

    delay: seconds before anything is sent. body: sent with `status` and `headers`; a mapping is sent as JSON. cut: only so many
    bytes of the body follow a Content-Length that promises all, and the connection ends; with `hang_after` it stays open. raw:
    these bytes and no HTTP, then the connection ends. reset: the connection is reset. hang: nothing comes until the server stops.
    """

    status: int = 200
    body: Mapping[str, Any] | str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None
    hang_after: bool = False
    raw: bytes | None = None
    reset: bool = False
    hang: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came in; `headers` by lower-case name, `at` by time.monotonic()."""

    path: str
    headers: Mapping[str, str]
    body: Any
    at: float


Answer = Callable[[dict[str, Any]], str | Behaviour]


def completion(
    text: str | None, request: Mapping[str, Any], finish_reason: str = "stop", **message: Any
) -> dict[str, Any]:
    """A correct chat completion; `message` adds fields to the message. A token is four characters of the request or answer."""
    asked, answered = len(json.dumps(request.get("messages"))) // 4, len(text or "") // 4
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish_reason,
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
    }


SYNONYMS = {"retreat": "flee", "withdraw": "flee", "escape": "flee"}
"""Words that mean the same to the embeddings below, and nothing to whoever counts words."""


def embeddings(request: Mapping[str, Any]) -> dict[str, Any]:
    """Correct embeddings of a request's texts, last one first: a number for every word, the same for synonyms."""
    data = []
    for index, text in enumerate(request["input"]):
        words = [SYNONYMS.get(word, word) for word in text.lower().replace("_", " ").split()]
        vector = [float(sum(zlib.crc32(word.encode()) % 64 == place for word in words)) for place in range(64)]
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": len(str(request["input"])) // 4, "total_tokens": len(str(request["input"])) // 4}
    return {"object": "list", "data": data[::-1], "model": request["model"], "usage": usage}


def image_urls(request: Mapping[str, Any]) -> list[str]:
    """The data URLs of the request's images, in order."""
    parts = [
        part for message in request["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


class ModelServer:
    """The server, from entering to leaving, on a free port of the loopback; one thread a connection.

    `answer` gets the parsed request; its text becomes the answer of a correct chat completion. `embed` gets those for
    embeddings, which are answered correctly without it. `requests` holds what came in,
    `most_at_once` how many were under way together at most. What `answer` raises is raised again on leaving.
    """

    def __init__(self, answer: Answer, embed: Callable[[dict[str, Any]], Behaviour] | None = None) -> None:
        self.answer = answer
        self.embed = embed or (lambda request: Behaviour(body=embeddings(request)))
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._under_way = 0
        self._errors: list[Exception] = []
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.model_server = self

    @property
    def base_url(self) -> str:
        """Where clients send their requests to."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        if self._errors and error is None:
            raise self._errors[0]

    def behaviour(self, request: Request) -> Behaviour:
        """What to do with the request; it counts as under way until `done`."""
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        if request.path not in ("/v1/chat/completions", "/v1/embeddings"):
            return Behaviour(404, {"error": {"message": f"no such path: {request.path}"}})
        try:
            if request.path == "/v1/embeddings":
                return self.embed(request.body)
            answer = self.answer(request.body)
        except Exception as error:
            self._errors.append(error)
            return Behaviour(500, {"error": {"message": repr(error)}})
        return Behaviour(body=completion(answer, request.body)) if isinstance(answer, str) else answer

    def done(self) -> None:
        """A request is no longer under way."""
        with self._lock:
            self._under_way -= 1


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    model_server: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server = self.server.model_server
        try:
            self._carry_out(server.behaviour(Request(self.path, headers, body, time.monotonic())), server.stopping)
        finally:
            server.done()

    def _carry_out(self, behaviour: Behaviour, stopping: threading.Event) -> None:
        if behaviour.hang or behaviour.delay:
            stopping.wait(None if behaviour.hang else behaviour.delay)
        self.close_connection = (
            behaviour.hang or behaviour.reset or behaviour.raw is not None or behaviour.cut is not None
        )
        if behaviour.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # the last reference goes when the handler ends: then the reset is sent
        elif behaviour.raw is not None:
            self.wfile.write(behaviour.raw)
        elif not behaviour.hang:
            self._send(behaviour)
            if behaviour.hang_after:
                stopping.wait()

    def _send(self, behaviour: Behaviour) -> None:
        body = behaviour.body
        content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **behaviour.headers}
        self.send_response(behaviour.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: behaviour.cut])

    def log_message(self, format: str, *args: Any) -> None:
        """Tests want no log."""
