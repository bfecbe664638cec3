"""What the tests of the client share: calls, and a client that does not wait long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from compass.models.base import Call, Picture, Reply, Turn
from compass.models.client import Client
from compass.models.retries import Backoff
from compass.models.settings import ModelSettings
from compass.types import MOVES, Entity, Observation
from tests.model_server import Behaviour, ModelServer, completion

KEY = 'sk-test/0123+456"789'
BRISK = Backoff(first=0.001, longest=0.01)
SCHEMA = {
    "type": "object",
    "properties": {"skill": {"type": "string"}},
    "required": ["skill"],
    "additionalProperties": False,
}


def call(text: str = "Which skill?", pictures: tuple[Picture, ...] = (), schema: Any = SCHEMA) -> Call:
    """A question."""
    return Call("act", (Turn("system", "You plan."), Turn("user", text, pictures)), schema, 64)


def picture(step: int = 0, size: int = 256) -> Picture:
    """The picture of a lone stalker; every step has another."""
    own = Entity("ally", 0, "stalker", (16.0, 16.0), (0.0, 0.0), 0.0, 1.0, 1.0, False, None, 0, 0)
    free = dict.fromkeys(MOVES, True)
    return Picture(Observation(0, step, own, (), (), free, None, 9.0, 6.0, (32.0, 32.0), (1, 2, 3, 4, 5)), size)


def client(server: ModelServer, key: str | None = KEY, backoff: Backoff = BRISK, **settings: Any) -> Client:
    """A client of the server."""
    return Client(ModelSettings("a-model", server.base_url, **settings), key, backoff)


def ask_all(server: ModelServer, *questions: Call, **options: Any) -> list[Reply]:
    """The replies of a new client to questions, one after the other."""

    async def asked() -> list[Reply]:
        async with client(server, **options) as model:
            return [await model.ask(question) for question in questions]

    return asyncio.run(asked())


def ask(server: ModelServer, question: Call | None = None, **options: Any) -> Reply:
    """The reply of a new client to one question."""
    return ask_all(server, question or call(), **options)[0]


def body(text: str | None = "kite", finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A correct completion."""
    return completion(text, {"messages": []}, finish_reason, **message)


def always(behaviour: str | Behaviour) -> Callable[[dict[str, Any]], str | Behaviour]:
    """An answer to whatever is asked."""
    return lambda request: behaviour


def in_turn(*answers: str | Behaviour) -> Callable[[dict[str, Any]], str | Behaviour]:
    """One answer after the other."""
    left = iter(answers)
    return lambda request: next(left)
