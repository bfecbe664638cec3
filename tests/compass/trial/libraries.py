"""Libraries made for the tests of trials: checked skills from the bodies of their `control_logic`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from compass.skills.library import Library, Skill, check_source

TASKS = ("engage", "kite", "burst", "heal", "search", "hold")
_FILE = '''"""{name}: {name} for the tests.

unit_types: any
{tasks}
"""

import random

from compass.skill import attack, away, best_target, move, nearest, stop, toward

BOX = []


def score_target(unit, obs):
    return -unit.health


def control_logic(obs, memory):
{body}
'''
FIGHT = (
    "target = best_target(score_target, obs)\nif target is not None:\n    return attack(target.id)\n"
    "near = nearest(obs.enemies)\nreturn toward(obs, near or (16.0, 16.0))"
)
"""Attack the weakest in reach, else go where an enemy is."""


def skill_source(name: str, body: str, tasks: tuple[str, ...] = TASKS) -> str:
    """The text of a skill file."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return _FILE.format(name=name, body=lines, tasks="\n".join(f"task: {task}" for task in tasks))


def unchecked(body: str) -> Library:
    """A library of one skill named "skill" for any unit and every task, past the checker."""
    skill = library_of(skill=FIGHT).skills["skill"]
    source = skill_source("skill", body)
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Library(Path("unchecked"), {"skill": replace(skill, source=source, sha256=digest)})


def library_of(**bodies: str) -> Library:
    """A library of checked skills for any unit and every task, by name."""
    skills = {}
    for name, body in bodies.items():
        skill = check_source(skill_source(name, body), Path(f"{name}.py"))
        assert isinstance(skill, Skill), skill
        skills[name] = skill
    return Library(Path("made"), skills)
