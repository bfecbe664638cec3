"""Reads the body of a chat completion, which may be anything at all."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import orjson

from compass.models.base import MOST_TOKENS, Failure, FaultKind
from compass.models.json_text import LONGEST
from compass.models.retries import AttemptFailed

LONGEST_BODY = 8 * 1024 * 1024  # bytes


class Completion(NamedTuple):
    """An answer. Without text, `failure` says why; the tokens are paid for all the same."""

    text: str | None
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    failure: Failure | None = None


def read_completion(body: bytes) -> Completion:
    """The answer in the body of a successful response.

    Raises:
        AttemptFailed: the body is no chat completion.
    """
    content = _parsed(body)
    choices = content.get("choices")
    if not isinstance(choices, list) or not choices:
        error = content.get("error")
        told = error.get("message") if isinstance(error, dict) else error
        _no_completion(f"an error in the place of choices: {told}" if isinstance(told, str) else "it has no choices")
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    if not isinstance(message, dict):
        _no_completion("its choice has no message")
    text, usage, model = _text(message.get("content")), content.get("usage"), content.get("model")
    failure = None
    if not text.strip():
        failure = Failure(FaultKind.EMPTY, _why_empty(message, choices[0].get("finish_reason")))
    elif len(text) > LONGEST:
        failure = Failure(FaultKind.TOO_LONG, f"an answer of {len(text)} characters; {LONGEST} are read at most")
    return Completion(
        None if failure else text,
        model if isinstance(model, str) else "",
        _count(usage, "prompt_tokens", 1),
        _count(usage, "completion_tokens", 0),
        failure,
    )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = error.msg
    else:
        if isinstance(content, dict):
            return content
        reason = "it is no object"
    _no_completion(f"no JSON object: {reason}")


def _text(content: object) -> str:
    """The text of a message: a string, or a list of parts as some servers send it."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        _no_completion("its text is none")
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str))


def _why_empty(message: dict[str, Any], reason: object) -> str:
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        return f"the model refuses: {refusal}"
    ended = f"; it ended with finish_reason {reason}" if isinstance(reason, str) else ""
    if any(message.get(name) for name in ("reasoning_content", "reasoning")):
        return f"reasoning and no answer{ended}"
    if message.get("tool_calls"):
        return f"a call of a tool in the place of an answer{ended}"
    return f"no text{ended}"


def _count(usage: object, name: str, least: int) -> int | None:
    """A count of tokens, None where none can be believed."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if type(value) is int and least <= value <= MOST_TOKENS else None


def _no_completion(why: str) -> NoReturn:
    raise AttemptFailed(FaultKind.PROTOCOL, f"the reply is no chat completion: {why}") from None
