"""The scripted planner: its sub-tasks, and that it decides on what the text form shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from compass.errors import InputError
from compass.observation.text import describe, parse
from compass.planner import PlanRequest, ScriptedPlanner
from compass.planner.scripted import PULL_BACK, TASKS, sub_tasks
from compass.skills.library import Skill, default_library_folder, load_library
from compass.skills.retrieval import TOP_K, Shelf
from compass.types import Decision, Observation, Trigger
from envs.units import UNIT_NAMES
from tests.compass.observation.sights import FACTS, observation, observations, unit
from tests.compass.skills.making import skill as made

LIBRARY = load_library(default_library_folder())


def chosen(skills: list[Skill], own: str, enemies: list[str], top_k: int = TOP_K) -> tuple[str, str]:
    """The task and the skill that are chosen of these."""
    me = unit("ally", 0, own, (16.0, 16.0))
    foes = [unit("enemy", at, kind, (20.0, 16.0), me) for at, kind in enumerate(enemies)]
    obs = observation(me, [], foes)._replace(units=FACTS)
    decision = ScriptedPlanner().decide(PlanRequest(obs, Trigger.START, Shelf(skills, top_k), None))
    return decision.task, decision.skill


def decide(obs: Observation) -> Decision:
    skills = Shelf(LIBRARY.for_unit(obs.own.unit_type))
    return ScriptedPlanner().decide(PlanRequest(obs._replace(units=FACTS), Trigger.START, skills, None))


@pytest.mark.parametrize(
    ("own", "enemies", "task", "skill"),
    [
        ("stalker", ["zealot"], "kite", "kite"),
        ("stalker", ["stalker"], "engage", "focus_fire"),
        ("zealot", ["zealot"], "engage", "focus_fire"),
        ("baneling", ["zergling"], "burst", "burst_with_banelings"),
        ("medivac", ["marine"], "heal", "heal_weakest"),
        ("marine", [], "search", "advance_and_search"),
    ],
)
def test_sub_tasks_and_the_skills_that_serve_them(own: str, enemies: list[str], task: str, skill: str) -> None:
    me = unit("ally", 0, own, (16.0, 16.0))
    foes = [unit("enemy", i, kind, (20.0, 16.0), me) for i, kind in enumerate(enemies)]
    decision = decide(observation(me, [], foes))
    assert (decision.task, decision.skill) == (task, skill)
    assert decision.reasoning


@pytest.mark.parametrize("kind", UNIT_NAMES)
def test_every_unit_type_has_a_skill_for_every_situation(kind: str) -> None:
    me = unit("ally", 0, kind, (16.0, 16.0))
    foe = unit("enemy", 0, "marine", (20.0, 16.0), me)
    for foes in ([], [foe]):
        decision = decide(observation(me, [], foes))
        assert LIBRARY.get(decision.skill).serves(kind)
        assert decision.task in LIBRARY.get(decision.skill).tasks


def test_the_sub_tasks_asked_for_are_the_declared_ones() -> None:
    asked = set()
    for kind in UNIT_NAMES:
        me = unit("ally", 0, kind, (16.0, 16.0))
        for foe in (None, "marine", "zealot"):
            foes = [unit("enemy", 0, foe, (20.0, 16.0), me)] if foe else []
            asked |= {task for task, _ in sub_tasks(observation(me, [], foes)._replace(units=FACTS))}
    assert asked == set(TASKS)


def test_pull_back_parameters_are_set_where_the_skill_has_them() -> None:
    me = unit("ally", 0, "zealot", (16.0, 16.0))
    below, steps = PULL_BACK["zealot"]
    fight = decide(observation(me, [], [unit("enemy", 0, "zealot", (20.0, 16.0), me)]))
    assert fight.parameters == {"PULL_BACK_BELOW": below, "PULL_BACK_STEPS": steps}
    assert decide(observation(me, [], [])).parameters == {}


@settings(max_examples=60, deadline=None)
@given(obs=observations())
def test_a_reader_of_the_text_decides_the_same(obs: Observation) -> None:
    assert decide(parse(describe(obs))) == decide(obs)


def test_an_empty_shelf_is_said_plainly() -> None:
    me = unit("ally", 0, "zealot", (16.0, 16.0))
    with pytest.raises(InputError, match="no skill for a zealot"):
        ScriptedPlanner().ask(PlanRequest(observation(me, [], []), Trigger.START, Shelf(()), None))


def test_of_skills_that_serve_a_sub_task_its_own_and_the_specialised_come_first() -> None:
    skills = [
        made("a", "any", ["engage"]),
        made("b", "stalker", ["kite", "engage"]),
        made("c", "stalker, zealot", ["engage"]),
    ]
    assert chosen(skills, "stalker", ["stalker"]) == ("engage", "b")
    skills[1] = made("b", "stalker, colossus", ["kite", "engage"])
    assert chosen(skills, "stalker", ["stalker"]) == ("engage", "c")
    assert chosen(skills[:2], "stalker", ["stalker"]) == ("engage", "a")
    assert chosen([*skills, made("d", "stalker", ["engage"])], "stalker", ["stalker"]) == ("engage", "d")
    assert chosen([made("y", "any", ["engage"]), made("z", "any", ["engage"])], "stalker", ["stalker"]) == (
        "engage",
        "y",
    )


@pytest.mark.parametrize("top_k", [1, 2, TOP_K])
def test_a_skill_for_every_sub_task_is_found_in_a_library_of_any_size(top_k: int) -> None:
    """Many skills that speak of a sub-task, and one that serves it."""
    others = [
        made(f"a{at}", "stalker", ["isolate"], "search, kite, engage and kite again, burst, heal, hold")
        for at in range(20)
    ]
    for own, enemies, task in (
        *(("stalker", ["zealot"], "kite"), ("stalker", ["stalker"], "engage"), ("stalker", [], "search")),
        *(("baneling", ["zealot"], "burst"), ("medivac", [], "heal"), ("medivac", [], "hold"), ("zealot", [], "hold")),
    ):
        assert chosen([*others, made("z", "any", [task])], own, enemies, top_k) == (task, "z")


def test_libraries_of_at_most_top_k_skills_are_played_in_their_own_order() -> None:
    for kind in UNIT_NAMES:
        shelf = Shelf(LIBRARY.for_unit(kind))
        assert shelf.find("engage") == shelf.overview() == LIBRARY.for_unit(kind)
