"""Answers to the planner's prompts by the scripted planner's rules, from the text alone: a model that is none."""

from __future__ import annotations

import json
from typing import Any

from compass.errors import InputError
from compass.planner.base import PlanRequest
from compass.planner.scripted import ScriptedPlanner
from compass.planner.vlm.answers import asked_fields
from compass.planner.vlm.render import read_observation, read_skills
from compass.skills.retrieval import Shelf
from compass.types import Observation, Trigger

NOT_A_PROMPT = "This is the scripted model: it answers the prompts of the COMPASS planner and knows nothing else."


def answer(prompt: str) -> str:
    """What the scripted planner would say to a prompt of the planner: the JSON object that it asks for; a sentence to any other.

    prompt: the texts of all messages, joined by line ends.
    """
    fields = asked_fields(prompt)
    if not fields:
        return NOT_A_PROMPT
    try:
        obs = read_observation(prompt)
        said = _perceived(obs) | (_decided(obs, prompt) if "task" in fields or "skill" in fields else {})
    except InputError as error:
        return f"{NOT_A_PROMPT} {error}"
    return json.dumps({field: said.get(field, "") for field in fields})


def _perceived(obs: Observation) -> dict[str, Any]:
    near = min(obs.enemies, key=lambda enemy: enemy.distance, default=None)
    threats = "" if near is None else f"enemy {near.id}, a {near.unit_type} {near.distance:g} map units away"
    summary = f"{len(obs.allies)} allies and {len(obs.enemies)} enemies are known"
    return {"summary": summary, "threats": threats, "success": "the rules were followed"}


def _decided(obs: Observation, prompt: str) -> dict[str, Any]:
    offered = read_skills(prompt)
    shelf = Shelf(offered, top_k=len(offered))
    decision = ScriptedPlanner().decide(PlanRequest(obs, Trigger.PERIOD, shelf, None))
    parameters = [{"name": name, "value": value} for name, value in decision.parameters.items()]
    return {
        "task": decision.task,
        "reasoning": decision.reasoning,
        "skill": decision.skill,
        "parameters": parameters,
        "new_skill": decision.new_skill,
    }
