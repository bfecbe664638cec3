"""Answers to a bootstrap's prompts by rules, from the text alone: a model that is none."""

from __future__ import annotations

import json
import re

from compass.bootstrap.answers import TacticAnalysis, WrittenSkill
from compass.planner.vlm.answers import asked_fields
from compass.synthesis.recipe import Recipe, compose

_SKILL = re.compile(r"Write a skill for the \*\*(\w+)\*\*, for the task \*\*(\w+)\*\*")
_COUNTED = re.compile(r"^- .*$", re.MULTILINE)
_RULES = {
    "kite": ("kite", "shoot", "probe", "approach", "search"),
    "heal": ("heal", "back_off", "follow", "stand"),
    "burst": ("shoot", "approach_best", "stand"),
    "search": ("shoot", "join", "search"),
    "hold": ("shoot", "formation", "stand"),
}
_ENGAGE = ("shoot", "probe", "approach", "search")


def answer(prompt: str) -> str | None:
    """What fragments say to a prompt of a bootstrap: the JSON object that it asks for; None to any other prompt."""
    fields = asked_fields(prompt)
    if fields == [*TacticAnalysis.model_fields]:
        counted = prompt.rpartition("# Counted over all battles")[2].partition("\n\n")[0]
        said = " ".join(line[2:] for line in _COUNTED.findall(counted))
        return json.dumps(dict.fromkeys(fields, "as counted") | {"evidence": said})
    written = _SKILL.search(prompt)
    if fields == [*WrittenSkill.model_fields] and written:
        kind, task = written.groups()
        return json.dumps({"source": compose(recipe_for(kind, task, f"{kind}_{task}"))})
    return None


def recipe_for(kind: str, task: str, name: str) -> Recipe:
    """A skill by the fragments' own values."""
    terms = (
        ("crowded", "near")
        if task == "burst"
        else ("weak", "near")
        if kind == "medivac"
        else ("worth", "focus", "near")
    )
    return Recipe(
        name=name,
        title=f"{kind.capitalize()} {task}",
        summary="by the fragments' own values.",
        unit_types=(kind,),
        tasks=(task,),
        target_terms=terms,
        rules=_RULES.get(task, _ENGAGE),
    )
