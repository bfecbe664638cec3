"""How a server wants to be asked. OpenAI's protocol has many servers, and each leaves out another part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

from compass.models.base import Call

FORMATS = ("json_schema", "json_object", "none")
LIMITS = (
    "max_tokens",
    "max_completion_tokens",
)  # the first is understood or loudly refused; the second is ignored by some

_NAMED = ("properties", "$defs", "definitions")  # in a schema, what holds schemas by names of their own
_NO_WAY = re.compile(r"context.?length|context.?window|context.?size|too (?:large|long|many)", re.IGNORECASE)
_FORMAT = re.compile(r"response.?format|json|schema|structured|guided|grammar", re.IGNORECASE)
_LIMIT = re.compile(r"max_(?:completion_)?tokens", re.IGNORECASE)
_PICTURES = re.compile(r"image|vision|multi-?modal|picture", re.IGNORECASE)
_NONE = re.compile(r"support|multi-?modal|vision|mmproj|at most 0|missing|unknown variant|expected", re.IGNORECASE)


class Dialect(NamedTuple):
    """One way to ask: the form of answer demanded, one of FORMATS, and the name of the limit on its length, one of LIMITS."""

    answer_format: str = FORMATS[0]
    limit: str = LIMITS[0]

    def options(self, call: Call) -> dict[str, Any]:
        """What a request says beside model and messages."""
        options: dict[str, Any] = {self.limit: call.most_tokens}
        if self.answer_format == "json_schema":
            name = re.sub(r"[^a-zA-Z0-9_-]", "_", call.module)[:64] or "answer"
            described = {"name": name, "schema": call.schema, "strict": is_strict(call.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": described}
        elif self.answer_format == "json_object":
            options["response_format"] = {"type": "json_object"}
        return options

    def other(self, complaint: str, tried: Set[Dialect], known: bool) -> Dialect | None:
        """What to try after this complaint; None when it is not about the dialect.

        known: this dialect has worked before, so that only a complaint that names a part of it is one about it.
        """
        if _NO_WAY.search(complaint):
            return None
        return next((dialect for dialect in self._others(complaint, known) if dialect not in tried), None)

    def _others(self, complaint: str, known: bool) -> Iterator[Dialect]:
        simpler = self._replace(answer_format=FORMATS[min(FORMATS.index(self.answer_format) + 1, len(FORMATS) - 1)])
        renamed = self._replace(limit=LIMITS[1 - LIMITS.index(self.limit)])
        if _LIMIT.search(complaint):
            yield renamed
        if _FORMAT.search(complaint):
            yield simpler
        if not known and not refuses_pictures(complaint):
            yield simpler
            yield renamed


def refuses_pictures(complaint: str) -> bool:
    """Whether a server says, in the words of one of those that are known, that it takes no pictures."""
    return bool(_PICTURES.search(complaint) and _NONE.search(complaint))


def is_strict(schema: object) -> bool:
    """Whether a JSON schema may be declared strict: each object in it requires all its properties and allows no others."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "object" or "properties" in schema:
            required = set(schema.get("required", ()))
            if schema.get("additionalProperties") is not False or required != set(schema.get("properties", ())):
                return False
        inner = [each.values() if name in _NAMED else (each,) for name, each in schema.items()]
        return all(is_strict(each) for part in inner for each in part)
    return all(is_strict(each) for each in schema) if isinstance(schema, list | tuple) else True
