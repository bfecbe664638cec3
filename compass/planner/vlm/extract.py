"""From a model's text to a typed answer, whatever the model wrote. Linear in the length of the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from compass.models.base import Failure, FaultKind
from compass.planner.vlm.answers import Answer

T = TypeVar("T", bound=Answer)

LONGEST = 100_000  # characters of an answer, thoughts written down before it included
DEEPEST = 12  # levels of nesting; an answer needs three
MOST_TRIED = 8  # objects of one text
DETAIL = 200  # characters of a failure's detail
_THOUGHT_ENDS = "</think>"
_FENCE = re.compile(r"^[ \t]*```[^\n]*$", re.MULTILINE)
_MARKS = re.compile(r'[{}\[\]"\\]')


class Unusable(Exception):
    """An answer that cannot be used: the failure that it is."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(kind, one_line(detail, DETAIL))


def one_line(text: str, most: int) -> str:
    """The text as one line of printable characters, cut to at most so many."""
    head = text[: 4 * most]  # what stands farther back could only matter behind endless blanks
    words = "".join(char if char.isprintable() else " " for char in head).split()
    line = " ".join(words)
    return line if len(line) <= most and len(text) == len(head) else f"{line[: most - 3].rstrip()}..."


def answer_in(text: str, shape: type[T]) -> T:
    """The last JSON object of the text that is such an answer: the whole text, in a fence, or amid prose.

    Raises:
        Unusable: there is none.
    """
    if not text.strip():
        raise Unusable(FaultKind.EMPTY, "the answer is empty")
    if len(text) > LONGEST:
        raise Unusable(FaultKind.TOO_LONG, f"the answer has {len(text)} characters; at most {LONGEST} are read")
    text = text.rpartition(_THOUGHT_ENDS)[2].strip()
    problem = None
    for candidate in reversed(_candidates(text)[-MOST_TRIED:]):
        try:
            return _valid(candidate, shape)
        except Unusable as error:
            problem = problem or error
    if problem is not None:
        raise problem
    raise _without_object(text)


def _candidates(text: str) -> list[str]:
    """What may be the answer, the likeliest last: objects amid prose, or all there is, and objects in fences."""
    fences = list(_FENCE.finditer(text))
    fenced = [text[a.end() : b.start()].strip() for a, b in zip(fences[::2], fences[1::2], strict=False)]
    return [*_objects(text), *(each for each in fenced if each.startswith("{") and each.endswith("}"))]


def _objects(text: str) -> list[str]:
    """The outermost balanced objects, in order; braces that are never closed do not hide those behind them."""
    opened: list[int] = []
    found: list[tuple[int, int]] = []
    for at, bracket in _brackets(text):
        if bracket == "{":
            opened.append(at)
        elif bracket == "}" and opened:
            start = opened.pop()
            while found and found[-1][0] > start:
                found.pop()
            found.append((start, at + 1))
    return [text[start:end] for start, end in found]


def _depth(text: str) -> int:
    """How deep a text that begins with "{" nests, as far as it is JSON."""
    deepest = depth = 0
    for _, bracket in _brackets(text):
        depth += 1 if bracket in "{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _brackets(text: str) -> Iterator[tuple[int, str]]:
    """The brackets outside of strings, with their places; quotes mean something only inside of braces."""
    braces, in_string, escaped = 0, False, -1
    for mark in _MARKS.finditer(text):
        at, char = mark.start(), mark[0]
        if in_string:
            if char == "\\" and at != escaped:
                escaped = at + 1
            elif char == '"' and at != escaped:
                in_string = False
        elif char == '"':
            in_string = braces > 0
        elif char != "\\":
            braces += {"{": 1, "}": -(braces > 0)}.get(char, 0)
            yield at, char


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
    if _depth(text) > DEEPEST:
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
