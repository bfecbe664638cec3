"""The blocks of a prompt can be read back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from compass.errors import InputError
from compass.observation.text import rounded
from compass.planner.vlm.render import (
    decision_words,
    number_words,
    observation_block,
    read_observation,
    read_skills,
    skills_block,
    units_block,
)
from compass.skills.library import default_library_folder, load_library
from compass.types import Decision, Observation
from tests.compass.observation.sights import FACTS, observations

SKILLS = tuple(load_library(default_library_folder()).skills.values())


@settings(max_examples=60, deadline=None)
@given(obs=observations())
def test_an_observation_and_the_facts_can_be_read_back(obs: Observation) -> None:
    prompt = f"a\n{units_block(FACTS)}\nb\n{observation_block(obs)}\nc"
    found = read_observation(prompt)
    assert found._replace(units={}) == rounded(obs)._replace(units={}, arena=found.arena)
    for name, facts in FACTS.items():
        assert found.units[name] == pytest.approx(facts, rel=5e-4)


def test_skills_can_be_read_back() -> None:
    found = read_skills(f"a\n{skills_block(SKILLS, with_parameters=True)}\nb")
    assert [(each.name, each.tasks, each.summary) for each in found] == [
        (each.name, each.tasks, each.summary) for each in SKILLS
    ]
    for told, skill in zip(found, SKILLS, strict=True):
        assert told.parameters == skill.parameters
        assert [type(p.default) for p in told.described] == [type(p.default) for p in skill.described]
        assert [(p.low, p.high) for p in told.described] == [(p.low, p.high) for p in skill.described]
    assert not any(each.described for each in read_skills(skills_block(SKILLS, with_parameters=False)))


@pytest.mark.parametrize("prompt", ["", "<skills>\n- kite", "<skills>\nkite\n</skills>"])
def test_a_prompt_without_skills_is_refused(prompt: str) -> None:
    with pytest.raises(InputError):
        read_skills(prompt)


@pytest.mark.parametrize("value", [0, 1, -3, 2.5, 0.1 + 0.2, 1e-7, 1_000_000, 123456789.5])
def test_numbers_lose_nothing(value: float) -> None:
    assert float(number_words(value)) == value


def test_decisions_in_words() -> None:
    assert decision_words(None) == "none yet"
    decision = Decision("kite", "kite", {"FOCUS": 1.5, "PULL_BACK_STEPS": 3})
    assert decision_words(decision) == 'task "kite" by skill kite(FOCUS=1.5, PULL_BACK_STEPS=3)'
