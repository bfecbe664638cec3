"""The planners that show what planning is worth: skills drawn from the battle's seed, and skills that never change."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from compass.errors import InputError
from compass.planner import FixedPlanner, Planner, PlanRequest, RandomPlanner, ScriptedPlanner
from compass.skills.library import default_library_folder, load_library
from compass.skills.retrieval import Shelf
from compass.types import Decision, Trigger
from tests.compass.observation.sights import FACTS, observation, unit

LIBRARY = load_library(default_library_folder())
ANY = SimpleNamespace()  # these planners look at no constants


def ask(planner: Planner, kind: str = "stalker", agent: int = 0, step: int = 0) -> Decision:
    obs = observation(unit("ally", agent, kind, (16.0, 16.0)), [], [])._replace(step=step, units=FACTS)
    thinking = planner.ask(PlanRequest(obs, Trigger.PERIOD, Shelf(LIBRARY.for_unit(kind)), None))
    assert thinking.arrived(0)
    return thinking.plan().decision


def drawn(seed: int, agent: int, steps: range) -> list[str]:
    planner = RandomPlanner()
    planner.begin(ANY, seed)
    return [ask(planner, agent=agent, step=step).skill for step in steps]


def test_every_skill_of_the_shelf_is_drawn_about_as_often() -> None:
    counts = Counter(drawn(5, 0, range(1200)))
    shelf = {skill.name for skill in LIBRARY.for_unit("stalker")}
    assert counts.keys() == shelf and len(shelf) == 6
    assert all(140 < count < 260 for count in counts.values())


def test_of_more_skills_than_top_k_only_those_offered_are_drawn() -> None:
    planner, shelf = RandomPlanner(), Shelf(LIBRARY.for_unit("stalker"), top_k=3)
    planner.begin(ANY, 5)
    obs = observation(unit("ally", 0, "stalker", (16.0, 16.0)), [], [])._replace(units=FACTS)
    requests = (PlanRequest(obs._replace(step=step), Trigger.PERIOD, shelf, None) for step in range(60))
    drawn = {planner.ask(request).plan().decision.skill for request in requests}
    assert drawn == {skill.name for skill in shelf.overview()} and len(drawn) == 3


def test_draws_are_those_of_seed_agent_and_step() -> None:
    steps = range(0, 400, 20)
    assert drawn(5, 0, steps) == drawn(5, 0, steps)
    assert drawn(5, 0, steps) != drawn(6, 0, steps)
    assert drawn(5, 0, steps) != drawn(5, 1, steps)
    assert drawn(5, 0, range(100, 400, 20)) == drawn(5, 0, steps)[5:]


def test_a_fixed_skill_is_the_same_at_every_step() -> None:
    planner = FixedPlanner({"stalker": "kite", "zealot": "isolate"})
    planner.begin(ANY, 5)
    assert {ask(planner, "stalker", step=step).skill for step in range(0, 200, 20)} == {"kite"}
    assert ask(planner, "zealot").skill == "isolate"


@pytest.mark.parametrize("kind", ["zealot", "hydralisk", "marine"])
def test_parameters_are_those_of_the_scripted_planner(kind: str) -> None:
    planner = FixedPlanner({kind: "focus_fire"})
    me = unit("ally", 0, kind, (16.0, 16.0))
    obs = observation(me, [], [unit("enemy", 0, "stalker", (20.0, 16.0), me)])._replace(units=FACTS)
    request = PlanRequest(obs, Trigger.PERIOD, Shelf(LIBRARY.for_unit(kind)), None)
    scripted = ScriptedPlanner().decide(request)
    assert scripted.skill == "focus_fire"
    assert planner.ask(request).plan().decision.parameters == scripted.parameters


@pytest.mark.parametrize("skills", [{}, {"stalker": "heal_weakest"}, {"zealot": "kite"}])
def test_a_fixed_skill_that_the_shelf_lacks_is_told(skills: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"the fixed skill of a stalker is .*; its skills are: focus_fire, "):
        ask(FixedPlanner(skills))


@pytest.mark.parametrize("planner", [RandomPlanner(), FixedPlanner({"stalker": "kite"})])
def test_an_empty_shelf_is_told(planner: Planner) -> None:
    planner.begin(ANY, 0)
    obs = observation(unit("ally", 0, "stalker", (16.0, 16.0)), [], [])
    with pytest.raises(InputError, match="stalker"):
        planner.ask(PlanRequest(obs, Trigger.START, Shelf(()), None))
