"""Objects amid whatever a model writes."""

from __future__ import annotations

import json
import random

import pytest

from compass.models.json_text import LONGEST, MOST_TRIED, depth_of, objects_in, strict_object

GOOD = '{"a": "say \\"}\\" {", "b": [{"c": "\\\\"}]}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"{GOOD} and so on",
        f"```json\n{GOOD}\n```",
        f"{{old}} {GOOD}",
        f"Use {{curly}} and {{more {GOOD}",
        f'{{"draft": 1}}</think>{GOOD}',
    ],
)
def test_the_likeliest_object_comes_first(text: str) -> None:
    assert next(objects_in(text)) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        f'Use {{curly " brace}} then {GOOD}',
        f'Use {{curly " brace}} then {GOOD} at once',
        f'Use {{a " brace}} and {{b " brace}} and {{c " brace}} then {GOOD}',
        f'{GOOD} after {{curly " brace}}',
        f"{GOOD}\n</think> done",
        f"{GOOD}\n</think> {{done}}",
        '{"a": "use </think> tag"}',
    ],
)
def test_other_readings_find_what_the_first_does_not(text: str) -> None:
    wanted = GOOD if GOOD in text else text
    assert wanted in objects_in(text)


def test_only_so_many_are_tried() -> None:
    text = "".join(f'{{"a": {number}}}' for number in range(1000))
    assert list(objects_in(text))[:MOST_TRIED] == [f'{{"a": {number}}}' for number in range(999, 999 - MOST_TRIED, -1)]
    assert len(list(objects_in(f"{text}</think>{text}"))) <= 4 * MOST_TRIED


def value(rng: random.Random, depth: int) -> object:
    if depth and rng.random() < 0.7:
        inner = [value(rng, depth - 1) for _ in range(rng.randrange(4))]
        return inner if rng.random() < 0.5 else {f"{key}{text(rng)}": each for key, each in enumerate(inner)}
    return rng.choice([text(rng), rng.random(), None, True])


def text(rng: random.Random) -> str:
    return "".join(rng.choice('{}[]"\\ab ') for _ in range(rng.randrange(8)))


def test_any_object_is_found_amid_prose_without_braces() -> None:
    rng = random.Random(5)
    for _ in range(500):
        wanted = json.dumps({"a": value(rng, 4)})
        assert list(objects_in(f'I "think \\ that {wanted} is [" best')) == [wanted]


@pytest.mark.parametrize("piece", ["\\", '{"\\', '\\"', "{", "}", '"}', '{"', "[", "```\n", "</think>", '{"a": 1}'])
def test_the_longest_texts_of_one_piece_take_no_time(piece: str) -> None:
    """With a quadratic search these would take minutes."""
    assert len(list(objects_in(piece * (LONGEST // len(piece))))) <= 4 * MOST_TRIED


def test_depth() -> None:
    assert depth_of(GOOD) == 3
    assert depth_of('{"]]]": "[[["}') == 1


def test_a_strict_object_requires_all_and_allows_no_more() -> None:
    schema = strict_object(a={"type": "string"}, b={"type": "number"})
    assert (schema["required"], schema["additionalProperties"]) == (["a", "b"], False)
