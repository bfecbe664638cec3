"""From what models write to answers."""

from __future__ import annotations

import json

import pytest

from compass.models.base import FaultKind
from compass.models.json_text import LONGEST
from compass.planner.vlm.answers import Act, Fused, Perception, Reasoning, asked_fields, schema_of, told
from compass.planner.vlm.extract import DEEPEST, Unusable, answer_in

GOOD = '{"reasoning": "they are near", "task": "engage"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Sure! Here is my answer:\n```\n{GOOD}\n```\nGood luck!",
        f"I think that {GOOD} is best.",
        f'First I thought of {{"task": "hold"}} but no. {GOOD}',
        f"{GOOD}\nP.S. {{}} and {{this}} are no answers",
        f"<think>maybe {{'a': 1}} or {{{{</think>{GOOD}",
        f'<think>{{"reasoning": "early", "task": "hold"}}</think>\n{GOOD}',
        f"{GOOD}\n</think> done",
        f"{GOOD}\n</think>",
        f'{{"reasoning": "no </think> here", "task": "hold"}} or rather\n{GOOD}',
        f'<think>hold?</think>{{"task": 5}}\n{GOOD}',
        f'Use {{curly " brace}} then {GOOD}',
        f'{GOOD}, not {{curly " brace}}',
        f"[{GOOD}]",
        f'{{"answer": {GOOD}}}\n{GOOD}',
        f"an open {{ brace, then {GOOD}",
        f'a stray {{ and "quote then\n```json\n{GOOD}\n```',
        '{"reasoning": "they are near", "task": "engage", "confidence": 0.9}',
        '{"reasoning": "they\nare near", "task": "engage"}',
    ],
)
def test_the_answer_is_found_wherever_it_stands(text: str) -> None:
    answer = answer_in(text, Reasoning)
    assert (answer.reasoning.replace("\n", " "), answer.task) == ("they are near", "engage")


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("", FaultKind.EMPTY, "empty"),
        (" \n ", FaultKind.EMPTY, "empty"),
        ("x" * 1_000_000, FaultKind.TOO_LONG, "1000000 characters"),
        ("I would attack.", FaultKind.PROSE, "no JSON object"),
        ("I would attack. " * 100, FaultKind.PROSE, "no JSON object"),
        ('{"task": "engage", "reasoning": "cut sh', FaultKind.PROSE, "no JSON object"),
        ('{"task": engage, "reasoning": ""}', FaultKind.PROSE, "no valid JSON"),
        ("{'task': 'engage', 'reasoning': ''}", FaultKind.PROSE, "no valid JSON"),
        ("null", FaultKind.SCHEMA, "no JSON object but null"),
        ("[1, 2]", FaultKind.SCHEMA, "no JSON object but"),
        (f"[{'1, ' * 100}1]", FaultKind.SCHEMA, "no JSON object but"),
        ('{"task": "engage"}', FaultKind.SCHEMA, "reasoning: Field required"),
        ('{"task": null, "reasoning": ""}', FaultKind.SCHEMA, "task: Input should be a valid string"),
        ('{"task": 5, "reasoning": ""}', FaultKind.SCHEMA, "task: Input should be a valid string"),
        ('{"task": "a", "task": "b", "reasoning": ""}', FaultKind.SCHEMA, "twice"),
        ('{"task": "\\ud800", "reasoning": ""}', FaultKind.SCHEMA, "lone surrogate"),
        ('{"task": NaN, "reasoning": ""}', FaultKind.SCHEMA, "NaN is no JSON number"),
        ('{"a":' * 5000 + "1" + "}" * 5000, FaultKind.SCHEMA, "nested deeper"),
        ('{"task": ' + "[" * 5000 + "]" * 5000 + "}", FaultKind.SCHEMA, "nested deeper"),
        ('{"a": "]]]]]]", "task": ' + "[" * 15 + "]" * 15 + "}", FaultKind.SCHEMA, "nested deeper"),
        ('{"task": ' + "9" * 5000 + ', "reasoning": ""}', FaultKind.PROSE, "no valid JSON"),
    ],
)
def test_what_cannot_be_used_is_told_by_kind(text: str, kind: FaultKind, detail: str) -> None:
    with pytest.raises(Unusable) as caught:
        answer_in(text, Reasoning)
    failure = caught.value.failure
    assert failure.kind is kind
    assert detail in failure.detail
    assert len(failure.detail) <= 200
    assert failure.detail.isprintable()


@pytest.mark.parametrize("value", ['"3.5"', "true", "null", "NaN", "-Infinity", "1e999", "9" * 400, "[1]", "{}"])
def test_what_is_no_number_is_no_value_of_a_parameter(value: str) -> None:
    with pytest.raises(Unusable) as caught:
        answer_in(f'{{"skill": "kite", "parameters": [{{"name": "FOCUS", "value": {value}}}]}}', Act)
    assert caught.value.failure.kind is FaultKind.SCHEMA


def test_the_mark_that_ends_thoughts_may_be_a_word_of_the_answer() -> None:
    text = '{"skill": "kite", "new_skill": "use </think> tag"}'
    assert answer_in(text, Act) == Act(skill="kite", new_skill="use </think> tag")


def test_fields_with_a_default_may_be_missing() -> None:
    assert answer_in('{"skill": "kite"}', Act) == Act(skill="kite", parameters=[], new_skill="")
    assert answer_in('{"summary": "calm"}', Perception).threats == ""


@pytest.mark.parametrize("piece", ["{", "}", '{"', '{"a":', '"', '\\"', "[", "```\n", "{}", "</think>", "{[", '{"\\'])
def test_the_longest_answers_of_one_piece_end_in_a_failure(piece: str) -> None:
    """With a quadratic search these would take minutes."""
    with pytest.raises(Unusable):
        answer_in(piece * (LONGEST // len(piece)), Reasoning)


def test_the_deepest_nesting_that_is_read() -> None:
    inner = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert answer_in(f'{{"task": "a", "reasoning": "b", "more": {inner}}}', Reasoning).task == "a"
    with pytest.raises(Unusable, match="nested"):
        answer_in(f'{{"task": "a", "reasoning": "b", "more": [{inner}]}}', Reasoning)


def test_the_order_of_thought_is_the_order_of_the_fields() -> None:
    fields = [
        "summary",
        "threats",
        "success",
        "needs_improvement",
        "reasoning",
        "task",
        "skill",
        "parameters",
        "new_skill",
    ]
    assert asked_fields(told(Fused)) == fields == list(schema_of(Fused)["properties"])


def test_schemas_are_strict_and_small() -> None:
    schema = schema_of(Fused)
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    items = schema["properties"]["parameters"]["items"]
    assert (items["required"], items["additionalProperties"]) == (["name", "value"], False)
    assert len(json.dumps(schema)) < 1000
