"""Answers to an evolution's prompts by rules, from the text alone: a model that is none."""

from __future__ import annotations

import json
import re
from pathlib import Path

from compass.bootstrap.scripted_answers import recipe_for
from compass.evolve.answers import WrittenCandidate
from compass.planner.vlm.answers import asked_fields
from compass.skills.library import Skill, check_source
from compass.synthesis.recipe import compose

_PARENT = re.compile(r"^# The skill as it is\n```python\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_NEW = re.compile(
    r"^Write a new skill for the \*\*(\w+)\*\*, for the task \*\*(\w+)\*\* .*?file `(\w+)\.py`", re.MULTILINE
)


def answer(prompt: str) -> str | None:
    """What rules say to a prompt of an evolution: the JSON object that it asks for; None to any other prompt.

    A skill to be improved gets its first parameter moved half-way to the upper end of its range.
    """
    if asked_fields(prompt)[-len(WrittenCandidate.model_fields) :] != [*WrittenCandidate.model_fields]:
        return None
    parent, new = _PARENT.search(prompt), _NEW.search(prompt)
    if parent:
        source, change = _moved(f"{parent[1]}\n")
        return json.dumps({"source": source, "change": change})
    if new:
        kind, task, name = new.groups()
        return json.dumps({"source": compose(recipe_for(kind, task, name)), "change": f"a skill for {task}"})
    return None


def _moved(source: str) -> tuple[str, str]:
    skill = check_source(source, Path("parent.py"))
    for parameter in skill.described if isinstance(skill, Skill) else ():
        middle = (parameter.default + parameter.high) / 2
        value = int(middle) if isinstance(parameter.default, int) else round(middle, 3)
        if value != parameter.default:
            line = re.compile(rf"^{parameter.name} = [-\d.]+", re.MULTILINE)
            return line.sub(f"{parameter.name} = {value}", source, count=1), f"{parameter.name} set to {value}"
    return source, "nothing can be moved"
