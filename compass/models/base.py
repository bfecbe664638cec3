"""What a planner asks of a model and what comes back, whoever answers: a server, or a recording."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import orjson

from compass.observation import picture
from compass.types import Observation

MOST_TOKENS = 10**8
"""Of a prompt or an answer: more is no count that is believed, and no sum over a run's calls outgrows 64 bits."""


class FaultKind(StrEnum):
    """What can go wrong between a question and a usable answer.

    The way: RATE_LIMIT (429), SERVER (5xx), CONNECTION (refused, reset, a body cut short), TIMEOUT, REJECTED (another 4xx),
    PROTOCOL (a reply that is no chat completion). The answer: EMPTY, TOO_LONG, PROSE (no JSON in it), SCHEMA (JSON of another
    shape), UNKNOWN_SKILL, ILLEGAL_PARAMETER.
    """

    RATE_LIMIT = "rate_limit"
    SERVER = "server_error"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    PROTOCOL = "protocol"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    PROSE = "prose"
    SCHEMA = "schema"
    UNKNOWN_SKILL = "unknown_skill"
    ILLEGAL_PARAMETER = "illegal_parameter"


class Failure(NamedTuple):
    """One failed attempt: its kind, and one line about it without any secret."""

    kind: FaultKind
    detail: str


_NO_AIM = ", aims_at=None"  # left out, so that pictures are the same as before there were aims


@dataclass(frozen=True)
class Picture:
    """An agent-eye picture of an observation, `size` pixels square, drawn when it is needed."""

    observation: Observation
    size: int

    @cached_property
    def identity(self) -> str:
        """sha256 of all that the picture depends on. Unlike its pixels it is the same under every version of Pillow."""
        obs = self.observation
        shown = repr((self.size, obs._replace(units={}), sorted(obs.units))).replace(_NO_AIM, "")
        return hashlib.sha256(shown.encode()).hexdigest()

    def png(self) -> bytes:
        """The picture as a PNG file."""
        return picture.png(self.observation, self.size)


@dataclass(frozen=True)
class Turn:
    """One message of a conversation; `role` is system, user or assistant."""

    role: str
    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Call:
    """One question to a model: which module of the planner asks, the conversation so far, and the JSON schema of the answer.

    most_tokens: how long the answer may be.
    """

    module: str
    turns: tuple[Turn, ...]
    schema: Mapping[str, Any]
    most_tokens: int

    @cached_property
    def digest(self) -> str:
        """sha256 of the question: equal questions have equal digests on every machine."""
        turns = [[turn.role, turn.text, [each.identity for each in turn.pictures]] for turn in self.turns]
        content = [self.module, turns, self.schema, self.most_tokens]
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What came back for one call.

    text: the answer, None if there was none; then `failures` says why. model: who answered, as the server says. Tokens are None
    where they are not known; `metered`: whether the server counted them, else they are an estimate. seconds: from the question to
    the answer, retries included. failures: attempts that failed before, oldest first. pictures: sha256 of the pixels of every
    picture sent, in order.
    """

    text: str | None
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    metered: bool = True
    pictures: tuple[str, ...] = ()


class Model(Protocol):
    """Whoever answers calls."""

    async def ask(self, call: Call) -> Reply:
        """The reply. A failure that only this call suffers is told in it.

        Raises:
            InputError: no call can succeed: a wrong key, an unknown model.
        """
        ...
