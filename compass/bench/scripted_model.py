"""A model that is none: a local server that reads the text of COMPASS's prompts and answers by rules, without any thought.

It lets people try the whole path, prompts, calls, answers and records, without a model or a key.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from compass.bootstrap.scripted_answers import answer as bootstrapped
from compass.errors import InputError
from compass.evolve.scripted_answers import answer as grown
from compass.planner.vlm.scripted_answers import answer as planned

NAME = "scripted"
"""The model's name; any other is answered too."""
_PATH = "/v1/chat/completions"
_LARGEST = 64 * 1024 * 1024  # bytes of a request


class ScriptedModel(ThreadingHTTPServer):
    """The server, on the loopback only; one thread a connection. latency: seconds that every answer takes.

    Raises:
        InputError: the port cannot be had.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int = 0, latency: float = 0.0) -> None:
        self.latency = latency
        self.stopping = threading.Event()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(f"cannot listen on port {port}: {error}; choose another with --port") from error

    @property
    def base_url(self) -> str:
        """What clients are told as the server's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def server_close(self) -> None:
        """Stop listening; answers that wait are given up."""
        self.stopping.set()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together
    server: ScriptedModel

    def do_GET(self) -> None:
        models = [{"id": NAME, "object": "model", "created": 0, "owned_by": "compass"}]
        if self.path == "/v1/models":
            self._send(HTTPStatus.OK, {"object": "list", "data": models})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path}")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST:
            self.close_connection = True
            self._refuse(HTTPStatus.BAD_REQUEST, "a request needs a Content-Length, of a size that makes sense")
            return
        body = self.rfile.read(int(length))
        if self.path != _PATH:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path}, only {_PATH}")
            return
        try:
            request = json.loads(body)
            prompt = prompt_text(request)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"not a chat completion request: {error!r}")
            return
        if not self.server.stopping.wait(self.server.latency):
            self._send(HTTPStatus.OK, _completion(prompt, grown(prompt) or bootstrapped(prompt) or planned(prompt)))

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "invalid_request_error", "code": None}})

    def _send(self, status: HTTPStatus, content: Mapping[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A line for every call would be of no use to anybody."""


def prompt_text(request: Mapping[str, Any]) -> str:
    """The texts of all messages of a chat completion request, joined by line ends; pictures are not looked at."""
    texts: list[str] = []
    for message in request["messages"]:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if part["type"] == "text"]
    return "\n".join(texts)


def _completion(prompt: str, text: str) -> dict[str, Any]:
    asked, answered = len(prompt) // 4, len(text) // 4  # a token is about four characters
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
    }
