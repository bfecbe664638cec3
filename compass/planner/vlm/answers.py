"""What the modules answer, typed; and how that form is told to a server (JSON schema) and to a model (words)."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from compass.models.json_text import strict_object

_ASKED = re.compile(r'^- "(\w+)" \(', re.MULTILINE)
_FIELD_OF_LIST = '{"name": text, "value": number}'


class Answer(BaseModel):
    """An answer. Fields with a default may be missing where a server does not enforce the schema, and others are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Perception(Answer):
    """What perceive answers."""

    summary: str = Field(description="the situation in two or three sentences, with ids and places")
    threats: str = Field("", description="which enemies threaten you or an ally most, and why; empty if none")


class Reflection(Answer):
    """What reflect answers."""

    success: str = Field(description="what worked, in one sentence; empty if nothing")
    needs_improvement: str = Field(
        "", description="what did not, and what to change, in one sentence; empty if nothing"
    )


class Reasoning(Answer):
    """What reason answers."""

    reasoning: str = Field(description="why this sub-task, in one or two sentences")
    task: str = Field(description="the sub-task, in a few words")


class ParameterValue(Answer):
    """A parameter's value."""

    name: str
    value: float = Field(allow_inf_nan=False)


class Act(Answer):
    """What act answers."""

    skill: str = Field(description="the exact name of one of the listed skills")
    parameters: list[ParameterValue] = Field([], description="only those that differ from their defaults; [] for none")
    new_skill: str = Field("", description="what a skill that is missing should do, in one sentence; empty for none")


class FirstFused(Act, Reasoning, Perception):
    """All modules in one answer, where there is nothing to reflect on."""


class Fused(Act, Reasoning, Reflection, Perception):
    """All modules in one answer."""


def schema_of(shape: type[Answer]) -> dict[str, Any]:
    """The JSON schema of an answer in the strict dialect of hosted servers: every field required, no others."""
    properties: dict[str, Any] = {}
    for name, field in shape.model_fields.items():
        properties[name] = {"type": "string"}
        if field.annotation is not str:
            value = strict_object(name={"type": "string"}, value={"type": "number"})
            properties[name] = {"type": "array", "items": value}
    return strict_object(**properties)


def told(shape: type[Answer]) -> str:
    """The form of an answer in words, for a prompt."""
    lines = ["Answer with one JSON object and nothing else. It has exactly these fields:"]
    example = []
    for name, field in shape.model_fields.items():
        text = field.annotation is str
        lines.append(f'- "{name}" ({"text" if text else f"list of {_FIELD_OF_LIST}"}): {field.description}')
        example.append(f'"{name}": {_EXAMPLE_TEXT if text else _EXAMPLE_LIST}')
    return "\n".join((*lines, f"So it looks like this: {{{', '.join(example)}}}"))


_EXAMPLE_TEXT, _EXAMPLE_LIST = '"..."', '[{"name": "...", "value": 1.5}]'


def asked_fields(prompt: str) -> list[str]:
    """The names of the fields that a prompt asks for: `told`, read back."""
    return _ASKED.findall(prompt)
