"""The lines of a cassette: one JSON object per call to a model, and one per plan that took a while to take effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from compass.models.base import Call, Failure, FaultKind, Reply


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


def to_line(entry: CallEntry | DelayEntry) -> bytes:
    """The entry as one line of JSON."""
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


def from_line(line: bytes) -> CallEntry | DelayEntry:
    """The entry in a line.

    Raises:
        ValueError: the line holds no entry.
    """
    try:
        content = orjson.loads(line)
        if content["kind"] == "delay":
            return DelayEntry(int(content["agent"]), int(content["step"]), int(content["delay"]))
        if content["kind"] != "call":
            raise ValueError(f"no kind of line is called {content['kind']!r}")
        return CallEntry(
            agent=int(content["agent"]),
            step=int(content["step"]),
            n=int(content["n"]),
            module=str(content["module"]),
            digest=str(content["digest"]),
            turns=tuple(AskedTurn(turn["role"], turn["text"], tuple(turn["pictures"])) for turn in content["turns"]),
            reply=_reply(content),
            cancelled=bool(content["cancelled"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"something is missing or of another type: {error}") from None


def _reply(content: dict[str, Any]) -> Reply:
    text = content["reply"]
    if text is not None and not isinstance(text, str):
        raise ValueError("the reply is no text")
    return Reply(
        text=text,
        model=str(content["model"]),
        prompt_tokens=content["prompt_tokens"],
        completion_tokens=content["completion_tokens"],
        seconds=float(content["seconds"]),
        failures=tuple(Failure(FaultKind(each["kind"]), each["detail"]) for each in content["failures"]),
        metered=bool(content["metered"]),
        pictures=tuple(content["pictures"]),
    )
