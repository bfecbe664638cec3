"""From a model's text to a typed answer, whatever the model wrote. Linear in the length of the text."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from compass.models.base import Failure, FaultKind
from compass.models.json_text import LONGEST, after_thoughts, depth_of, objects_in
from compass.models.lines import one_line
from compass.planner.vlm.answers import Answer

T = TypeVar("T", bound=Answer)

DEEPEST = 12  # levels of nesting; an answer needs three
DETAIL = 200  # characters of a failure's detail


class Unusable(Exception):
    """An answer that cannot be used: the failure that it is."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(kind, one_line(detail, DETAIL))


def answer_in(text: str, shape: type[T]) -> T:
    """The last JSON object of the text that is such an answer: the whole text, in a fence, or amid prose.

    Raises:
        Unusable: there is none.
    """
    if not text.strip():
        raise Unusable(FaultKind.EMPTY, "the answer is empty")
    if len(text) > LONGEST:
        raise Unusable(FaultKind.TOO_LONG, f"the answer has {len(text)} characters; at most {LONGEST} are read")
    problem = None
    for candidate in objects_in(text):
        try:
            return _valid(candidate, shape)
        except Unusable as error:
            problem = problem or error
    raise problem or _without_object(after_thoughts(text))


def _valid(text: str, shape: type[T]) -> T:
    try:
        return shape.model_validate(_loaded(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the object"
        raise Unusable(FaultKind.SCHEMA, f"field {where}: {first['msg']}") from None


def _loaded(text: str) -> Any:
    """The JSON value of a text.

    Raises:
        Unusable: it is none, or one that JSON readers disagree on.
    """
    if depth_of(text) > DEEPEST:
        raise Unusable(FaultKind.SCHEMA, f"nested deeper than {DEEPEST} levels")
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_number, strict=False)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Unusable(FaultKind.SCHEMA, "a text holds half of a character (a lone surrogate)") from None
    except ValueError as error:  # no JSON, or a number of thousands of digits
        raise Unusable(FaultKind.PROSE, f"no valid JSON: {error}") from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unusable(FaultKind.SCHEMA, "a field stands twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise Unusable(FaultKind.SCHEMA, f"{word} is no JSON number")


def _without_object(text: str) -> Unusable:
    """The failure of an answer that holds no object: a JSON value of another kind, or prose."""
    if len(text) <= DETAIL:
        try:
            json.loads(text)
        except ValueError:
            return Unusable(FaultKind.PROSE, "the answer holds no JSON object")
    elif not (text[0] == "[" and text[-1] == "]"):
        return Unusable(FaultKind.PROSE, "the answer holds no JSON object")
    return Unusable(FaultKind.SCHEMA, f"the answer is no JSON object but {text[:DETAIL]}")
