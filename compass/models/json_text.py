"""JSON objects in what models write, wherever they stand, and how a server is told to write one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 100_000  # characters of an answer, thoughts written down before it included: far beyond any plan
MOST_TRIED = 8  # objects of one reading of a text
_THOUGHT_ENDS = "</think>"
_FENCE = re.compile(r"^[ \t]*```[^\n]*$", re.MULTILINE)
_MARKS = re.compile(r'[{}\[\]"]|\\+"?')


def strict_object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object in the strict dialect of hosted servers: every property required, no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def after_thoughts(text: str) -> str:
    """What follows the last mark that ends a model's thoughts; without one, all of the text."""
    return text.rpartition(_THOUGHT_ENDS)[2].strip()


def objects_in(text: str) -> Iterator[str]:
    """What may be the JSON object that a text is about, the likeliest first: in a fence, amid prose, or all there is.

    What follows the thoughts comes first, then the whole text: the mark may be a word of the answer, or come too late. The time it
    takes is linear in the length of the text.
    """
    told = set()
    for part in dict.fromkeys((after_thoughts(text), text.strip())):
        for found in _likeliest(part):
            if found not in told:
                told.add(found)
                yield found


def depth_of(text: str) -> int:
    """How deep a text that begins with "{" nests, as far as it is JSON."""
    deepest = depth = 0
    for _, bracket in _brackets(text):
        depth += 1 if bracket in "{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _likeliest(text: str) -> Iterator[str]:
    """The last objects of a text first, as a reader forwards finds them, then as one backwards does.

    They differ where prose holds a lone quote inside of braces: it hides what follows from the one, what precedes from the other.
    """
    fences = list(_FENCE.finditer(text))
    fenced = [text[a.end() : b.start()].strip() for a, b in zip(fences[::2], fences[1::2], strict=False)]
    forwards = [*_objects(text), *(each for each in fenced if each.startswith("{") and each.endswith("}"))]
    yield from forwards[: -MOST_TRIED - 1 : -1]
    yield from _objects(text, backwards=True)[:MOST_TRIED]


def _objects(text: str, backwards: bool = False) -> list[str]:
    """The outermost balanced objects, in the order of reading; braces without a partner hide none behind them."""
    opening, closing = "}{" if backwards else "{}"
    opened: list[tuple[int, int]] = []
    found: list[tuple[int, int, int]] = []
    for order, (at, bracket) in enumerate(_brackets(text, backwards)):
        if bracket == opening:
            opened.append((order, at))
        elif bracket == closing and opened:
            began, start = opened.pop()
            while found and found[-1][0] > began:
                found.pop()
            found.append((began, at, start) if backwards else (began, start, at))
    return [text[first : last + 1] for _, first, last in found]


def _brackets(text: str, backwards: bool = False) -> Iterator[tuple[int, str]]:
    """The brackets outside of strings, with their places; quotes mean something only inside of braces."""
    opening, closing = "}{" if backwards else "{}"
    marks = _MARKS.finditer(text)
    braces, in_string = 0, False
    for mark in reversed(list(marks)) if backwards else marks:
        char = mark[0][-1]
        if char == '"':
            escaped = in_string and len(mark[0]) % 2 == 0  # behind an odd number of backslashes
            in_string = in_string if escaped else braces > 0 and not in_string
        elif not in_string and char != "\\":
            braces += 1 if char == opening else -1 if char == closing and braces else 0
            yield mark.start(), char
