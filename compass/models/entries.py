"""The lines of a cassette: a JSON object per call to a model, per plan that took effect later, and per choice by embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import orjson

from compass.models.base import MOST_TOKENS, Call, Failure, FaultKind, Reply

_MOST = 10**9  # of agents, steps, numbers of calls and seconds
T = TypeVar("T")


class AskedTurn(NamedTuple):
    """One message as it was sent; `pictures` are their identities (`compass.models.Picture.identity`)."""

    role: str
    text: str
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class CallEntry:
    """One recorded call: whose, the `n`-th (from 0) that this agent made for the plan it was asked for at `step`, and the reply.

    cancelled: whoever asked gave it up before the reply came; it may have cost something all the same.
    """

    agent: int
    step: int
    n: int
    module: str
    digest: str
    turns: tuple[AskedTurn, ...]
    reply: Reply
    cancelled: bool = False

    @classmethod
    def of(cls, agent: int, step: int, n: int, call: Call, reply: Reply, cancelled: bool = False) -> CallEntry:
        """The entry of a call that was just made."""
        turns = tuple(AskedTurn(turn.role, turn.text, tuple(p.identity for p in turn.pictures)) for turn in call.turns)
        return cls(agent, step, n, call.module, call.digest, turns, reply, cancelled)


class DelayEntry(NamedTuple):
    """How many steps after `step`, when it was asked for, an agent's plan took effect."""

    agent: int
    step: int
    delay: int


class ShelfEntry(NamedTuple):
    """The skills that were offered to an agent for the plan it was asked for at `step`, best first, where a model chose them."""

    agent: int
    step: int
    skills: tuple[str, ...]


Entry = CallEntry | DelayEntry | ShelfEntry


def reply_fields(reply: Reply) -> dict[str, Any]:
    """A reply as plain values, all but what it was shown."""
    return {
        "reply": reply.text,
        "model": reply.model,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "metered": reply.metered,
        "seconds": reply.seconds,
        "failures": [failure._asdict() for failure in reply.failures],
    }


def to_line(entry: Entry) -> bytes:
    """The entry as one line of JSON."""
    if isinstance(entry, ShelfEntry):
        return orjson.dumps({"kind": "shelf", **entry._asdict()}, option=orjson.OPT_APPEND_NEWLINE)
    if isinstance(entry, DelayEntry):
        return orjson.dumps({"kind": "delay", **entry._asdict()}, option=orjson.OPT_APPEND_NEWLINE)
    reply = entry.reply
    content = {
        "kind": "call",
        "agent": entry.agent,
        "step": entry.step,
        "n": entry.n,
        "module": entry.module,
        "digest": entry.digest,
        "turns": [turn._asdict() for turn in entry.turns],
        "pictures": reply.pictures,
        **reply_fields(reply),
        "cancelled": entry.cancelled,
    }
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def from_line(line: bytes) -> Entry:
    """The entry in a line.

    Raises:
        ValueError: the line holds no entry.
    """
    try:
        content = orjson.loads(line)
        if content["kind"] == "delay":
            return DelayEntry(*(_number(content, name) for name in DelayEntry._fields))
        if content["kind"] == "shelf":
            return ShelfEntry(_number(content, "agent"), _number(content, "step"), _texts(content, "skills"))
        if content["kind"] != "call":
            raise ValueError(f"no kind of line is called {content['kind']!r}")
        return CallEntry(
            agent=_number(content, "agent"),
            step=_number(content, "step"),
            n=_number(content, "n"),
            module=_typed(content, "module", str),
            digest=_typed(content, "digest", str),
            turns=tuple(
                AskedTurn(_typed(turn, "role", str), _typed(turn, "text", str), _texts(turn, "pictures"))
                for turn in _typed(content, "turns", list)
            ),
            reply=_reply(content),
            cancelled=_typed(content, "cancelled", bool),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"something is missing or of another type: {error}") from None


def _reply(content: dict[str, Any]) -> Reply:
    failures = _typed(content, "failures", list)
    return Reply(
        text=None if content["reply"] is None else _typed(content, "reply", str),
        model=_typed(content, "model", str),
        prompt_tokens=_tokens(content, "prompt_tokens"),
        completion_tokens=_tokens(content, "completion_tokens"),
        seconds=_seconds(content["seconds"]),
        failures=tuple(Failure(FaultKind(_typed(each, "kind", str)), _typed(each, "detail", str)) for each in failures),
        metered=_typed(content, "metered", bool),
        pictures=_texts(content, "pictures"),
    )


def _typed(content: dict[str, Any], name: str, kind: type[T]) -> T:
    value = content[name]
    if type(value) is not kind:  # a bool is no number here
        raise ValueError(f"{name} is no {_WORDS[kind]}")
    return value


_WORDS = {str: "text", int: "whole number", bool: "true or false", list: "list"}


def _number(content: dict[str, Any], name: str, most: int = _MOST) -> int:
    number = _typed(content, name, int)
    if not 0 <= number <= most:
        raise ValueError(f"{name} is {number}, not from 0 to {most}")
    return number


def _tokens(content: dict[str, Any], name: str) -> int | None:
    return None if content[name] is None else _number(content, name, MOST_TOKENS)


def _texts(content: dict[str, Any], name: str) -> tuple[str, ...]:
    texts = _typed(content, name, list)
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"{name} is no list of texts")
    return tuple(texts)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        raise ValueError(f"seconds is no number from 0 to {_MOST}")
    return float(value)
