"""Embeddings: vectors of texts from a model, near each other where the texts mean much the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

import orjson

from compass.models.base import FaultKind
from compass.models.retries import AttemptFailed

Vector = tuple[float, ...]
MOST_TEXTS = 256
"""In one request."""
_LARGEST = 1e18  # of a number: far from where sums of squares end


class Embedder(Protocol):
    """Whoever makes embeddings."""

    async def embed(self, model: str, texts: Sequence[str]) -> list[Vector]:
        """One vector a text, all of one length, by the model of this name.

        Raises:
            InputError: there are none to be had, after all that is worth trying; one line without any secret says why.
        """
        ...


def read_embeddings(body: bytes, count: int) -> list[Vector]:
    """The vectors in the body of a successful response to `count` texts, in their order.

    Raises:
        AttemptFailed: the body holds something else.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _none(f"no JSON: {error.msg}")
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, list) or len(data) != count:
        _none(f"it does not hold one entry for each of {count} texts")
    found: dict[object, Vector] = {}
    for place, entry in enumerate(data):
        if not isinstance(entry, dict):
            _none("an entry is no object")
        index = entry.get("index", place)
        found[index if type(index) is int else place] = _vector(entry.get("embedding"))
    vectors = [found[place] for place in range(count) if place in found]
    if len(vectors) != count or len({len(vector) for vector in vectors}) > 1:
        _none("its vectors are not one a text and of one length")
    return vectors


def _vector(value: Any) -> Vector:
    if (
        not isinstance(value, list)
        or not value
        or any(type(x) not in (int, float) or not abs(x) <= _LARGEST for x in value)
    ):
        _none("an embedding is no list of numbers")
    return tuple(float(x) for x in value)


def _none(why: str) -> NoReturn:
    raise AttemptFailed(FaultKind.PROTOCOL, f"the reply holds no embeddings: {why}") from None
