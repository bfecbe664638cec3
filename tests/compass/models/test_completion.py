"""Whatever the body: an answer, or a failure that is told."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as some

from compass.models.completion import read_completion
from compass.models.retries import AttemptFailed
from tests.compass.models.asking import body

NAMES = some.sampled_from(
    [
        "choices",
        "message",
        "content",
        "usage",
        "model",
        "error",
        "refusal",
        "reasoning",
        "finish_reason",
        "text",
        "type",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def read(content: bytes) -> None:
    """Read a body, which may be refused in one way only; the answer is of the right types."""
    with contextlib.suppress(AttemptFailed):
        answer = read_completion(content)
        assert (answer.text is None) == (answer.failure is not None)
        assert answer.text is None or answer.text.encode()
        assert isinstance(answer.model, str)
        for count in (answer.prompt_tokens, answer.completion_tokens):
            assert count is None or type(count) is int


@given(some.binary(max_size=200))
def test_any_bytes(content):
    read(content)


@settings(max_examples=200)
@given(VALUES)
def test_any_json(content):
    read(json.dumps(content).encode())


@settings(max_examples=200)
@given(some.sampled_from(["choices", "usage", "model"]), VALUES, VALUES)
def test_a_completion_with_anything_inside(name, value, message):
    read(json.dumps(body() | {name: value}).encode())
    read(json.dumps(body() | {"choices": [{"message": message, "finish_reason": value}]}).encode())
    read(json.dumps(body(content=value, refusal=message)).encode())


@given(some.integers(0, 500), some.integers(0, 255))
def test_a_completion_with_one_byte_wrong(at, byte):
    content = bytearray(json.dumps(body("kité")).encode())
    content[at % len(content)] = byte
    read(bytes(content))
