"""Finds out, with three small calls at most, what a server can do with a model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from compass.errors import InputError
from compass.models.base import Call, Failure, FaultKind, Picture, Reply, Turn
from compass.models.client import PROBE, Client
from compass.models.json_text import objects_in, strict_object
from compass.models.lines import one_line
from compass.models.retries import Backoff
from compass.models.settings import ModelSettings
from compass.types import MOVES, Entity, Observation

PICTURE_FACTS: Mapping[str, Any] = {"enemies": 4, "allies": 2, "unit_type": "colossus"}
_HEIGHT = 16.0  # where the agent of the made-up battle stands, from both sides of the map
_MOST_TOKENS = 1024  # room for a model that reasons first


@dataclass(frozen=True)
class ServerReport:
    """What a server can do with a model.

    answers: an answer came; else `error` says what came instead. served: the model, as the server names it. images: "yes",
    "partly" (`picture_answer` has part of it right), "no", "refused" or "no answer". json: "json_schema" or "json_object" when
    the server holds the model to it, "in text" when the model writes JSON on demand, else "no". response_format and token_limit:
    what the server accepts, by name; usage: whether it counts tokens. Times in seconds. failures: of all calls.
    """

    model: str
    base_url: str
    answers: bool
    error: str = ""
    served: str = ""
    images: str = "no answer"
    picture_answer: str = ""
    json: str = "no"
    response_format: str = ""
    token_limit: str = ""
    usage: bool = False
    text_seconds: float | None = None
    picture_seconds: float | None = None
    failures: tuple[Failure, ...] = ()

    def summary(self) -> dict[str, Any]:
        """As plain values."""
        failures = [{"kind": str(each.kind), "detail": each.detail} for each in self.failures]
        return asdict(self) | {"failures": failures}


async def examine(settings: ModelSettings, key: str | None, backoff: Backoff | None = None) -> ServerReport:
    """Ask and tell.

    Raises:
        InputError: the hosted API without a key.
    """
    async with Client(settings, key, backoff) as client:
        try:
            return await _examined(client)
        except InputError as error:
            return ServerReport(settings.model, settings.base_url, answers=False, error=str(error))


async def _examined(client: Client) -> ServerReport:
    settings = client.settings
    prose = await client.ask(_prose_call())
    if not _answered(prose):
        error = prose.failures[-1].detail
        return ServerReport(settings.model, settings.base_url, False, error, failures=prose.failures)
    accepted, found = client.dialect.answer_format, _json_in(prose.text)
    held = accepted != "none" and found is not None and (accepted == "json_object" or set(found) == {"greeting"})
    replies = [prose]
    if not held:
        replies.append(await client.ask(replace(PROBE, module="doctor_json", most_tokens=_MOST_TOKENS)))
    json = accepted if held else "in text" if _json_in(replies[-1].text) else "no"
    seen = await client.ask(_picture_call())
    replies.append(seen)
    return ServerReport(
        settings.model,
        settings.base_url,
        answers=True,
        served=prose.model,
        images=_verdict(seen),
        picture_answer=one_line(seen.text or "", 200),
        json=json,
        response_format=client.dialect.answer_format,
        token_limit=client.dialect.limit,
        usage=prose.prompt_tokens is not None and prose.completion_tokens is not None,
        text_seconds=prose.seconds,
        picture_seconds=seen.seconds if seen.text else None,
        failures=tuple(failure for reply in replies for failure in reply.failures),
    )


def _answered(reply: Reply) -> bool:
    return reply.text is not None or reply.failures[-1].kind in (FaultKind.EMPTY, FaultKind.TOO_LONG)


def _verdict(reply: Reply) -> str:
    """What the answer about the picture shows."""
    if reply.text is None:
        return "refused" if reply.failures[-1].kind is FaultKind.REJECTED else "no answer"
    found = _json_in(reply.text) or {}
    right = sum(str(found.get(name)).lower() == str(fact) for name, fact in PICTURE_FACTS.items())
    return "yes" if right == len(PICTURE_FACTS) else "partly" if right else "no"


def _json_in(text: str | None) -> dict[str, Any] | None:
    """The last JSON object of a text."""
    for candidate in objects_in(text or ""):
        with suppress(orjson.JSONDecodeError):
            found: dict[str, Any] = orjson.loads(candidate)
            return found
    return None


def _prose_call() -> Call:
    """Asks for prose under a schema: whoever answers with JSON is held to it."""
    turn = Turn("user", "Say good morning in one short sentence of plain text.")
    return Call("doctor_text", (turn,), strict_object(greeting={"type": "string"}), _MOST_TOKENS)


def _picture_call() -> Call:
    turn = Turn(
        "user",
        "The picture shows a battle as one agent knows it. How many enemies (labelled e0, e1 and so on) does it show, how many "
        "allies (labelled a1, a2 and so on) beside the agent itself, and of what type is the agent's own unit? Answer with a JSON "
        'object and nothing else: {"enemies": NUMBER, "allies": NUMBER, "unit_type": "TYPE"}',
        (Picture(_made_up_battle(), 512),),
    )
    number = {"type": "integer"}
    schema = strict_object(enemies=number, allies=number, unit_type={"type": "string"})
    return Call("doctor_picture", (turn,), schema, _MOST_TOKENS)


def _made_up_battle() -> Observation:
    own = _unit("ally", 0, str(PICTURE_FACTS["unit_type"]), 8.0, _HEIGHT)
    allies = (_unit("ally", 1, "zealot", 11.0, 21.0), _unit("ally", 2, "stalker", 10.0, 10.0))
    enemies = tuple(_unit("enemy", k, "stalker" if k % 2 else "zealot", 19.0 + k, 8.0 + 5.0 * k) for k in range(4))
    return Observation(
        agent_id=0,
        step=12,
        own=own,
        allies=allies,
        enemies=enemies,
        can_move=dict.fromkeys(MOVES, True),
        last_action=None,
        sight_range=9.0,
        shoot_range=6.0,
        map_size=(2 * _HEIGHT, 2 * _HEIGHT),
        available=(1, *MOVES.values()),
    )


def _unit(team: str, name: int, kind: str, x: float, y: float) -> Entity:
    relative = (x - 8.0, y - _HEIGHT)
    distance = (relative[0] ** 2 + relative[1] ** 2) ** 0.5
    return Entity(team, name, kind, (x, y), relative, distance, 1.0, 1.0, False, None, 0, 0)
