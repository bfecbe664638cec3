"""Recipes compose to skills that pass the checker and play; bad ones are refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import pytest

from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.observation.decode import constants_of
from compass.planner import FixedPlanner
from compass.policies import PlanningTeam
from compass.skills.library import Skill, check_source, init_library, load_library
from compass.skills.rehearsal import MOMENTS, payload, rehearse
from compass.skills.sandbox import Sandbox
from compass.synthesis.fragments import RULES, TERMS
from compass.synthesis.recipe import Recipe, compose
from compass.types import MOVES, STOP
from compass.wire import unpack
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

PLAIN = Recipe("plain", "Plain", "shoot, else stand.", ("any",), ("engage",), ("near",), ("shoot", "stand"))
ALL = replace(
    PLAIN,
    name="all",
    target_terms=tuple(TERMS),
    rules=(*(name for name, rule in RULES.items() if not rule.ends), "search"),
)


def with_piece(name: str) -> Recipe:
    if name in TERMS:
        return replace(PLAIN, name=f"term_{name}", target_terms=(name,))
    rules = (name,) if RULES[name].ends else (name, "stand")
    return replace(PLAIN, name=f"rule_{name}", rules=rules)


EVERY = [PLAIN, ALL, *(with_piece(name) for name in (*TERMS, *RULES))]


@pytest.mark.parametrize("recipe", EVERY, ids=lambda recipe: recipe.name)
def test_every_piece_makes_a_skill_with_its_parameters(recipe: Recipe) -> None:
    skill = check_source(compose(recipe), Path(f"{recipe.name}.py"))
    assert isinstance(skill, Skill), skill
    assert skill.parameters == {knob.name: knob.default for knob in recipe.knobs}
    assert [(each.low, each.high) for each in skill.described] == [(knob.low, knob.high) for knob in recipe.knobs]
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_every_piece_plays_made_up_moments_and_reads_as_formatted(tmp_path: Path) -> None:
    for recipe in EVERY:
        (tmp_path / f"{recipe.name}.py").write_text(compose(recipe))
    assert rehearse(load_library(tmp_path)) == []
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "120", str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["dodge", "lure"])
def test_rules_about_aims_act_for_whom_the_enemies_attack(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(compose(with_piece(name)), scope)
    constants = constants_of(load_scenario("protoss_5_vs_5_epo"))
    aimed = next(moment for moment in MOMENTS if moment.aimed)
    answers = []
    spared = aimed._replace(aimed=False, allies=((2.5, 0.5), (4.0, -0.5)))  # they are nearer
    for moment in (aimed, spared):
        answers.append(scope["control_logic"](unpack(payload(constants, "stalker", moment), constants), {}))
    assert answers == [MOVES["west"], STOP]


@pytest.mark.parametrize(
    ("values", "allies", "health", "runs"),
    [
        ({}, ((-1.5, 0.0),), 0.3, True),
        ({"FIRE": 5.0}, ((-1.5, 0.0),), 0.3, False),  # the own fire weighs more
        ({}, (), 0.3, False),  # nobody is left to shoot
        ({"LURE_BELOW": 0.4}, ((-1.5, 0.0),), 0.9, False),
    ],
)
def test_luring_needs_more_fire_an_ally_and_attackers_that_are_near(
    values: dict[str, float], allies: tuple[tuple[float, float], ...], health: float, runs: bool
) -> None:
    scope: dict[str, Any] = {}
    exec(compose(replace(with_piece("lure"), parameters=values)), scope)
    constants = constants_of(load_scenario("protoss_5_vs_5_epo"))
    aimed = next(moment for moment in MOMENTS if moment.aimed)
    moment = aimed._replace(allies=allies, health=health)
    answer = scope["control_logic"](unpack(payload(constants, "stalker", moment), constants), {})
    assert answer == (MOVES["west"] if runs else STOP)


def test_values_stand_in_the_file() -> None:
    recipe = replace(PLAIN, rules=("pull_back", "stand"), parameters={"RUN_STEPS": 7, "NEARNESS": 2})
    skill = check_source(compose(recipe), Path("plain.py"))
    assert isinstance(skill, Skill)
    assert skill.parameters["RUN_STEPS"] == 7 and skill.parameters["NEARNESS"] == 2.0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"rules": ("shoot",)}, "must end in just one of the rules"),
        ({"rules": ("stand", "shoot", "search")}, "must end in just one of the rules"),
        ({"rules": ("shoot", "shoot", "stand")}, "names a rule twice"),
        ({"rules": ("shot", "stand")}, "unknown rule"),
        ({"target_terms": ()}, "has no term"),
        ({"parameters": {"FOCUS": 1.0}}, "unknown parameter"),
        ({"parameters": {"NEARNESS": 99.0}}, "is outside 0..3"),
    ],
)
def test_a_bad_recipe_is_refused(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Recipe.from_json(PLAIN.to_json() | wrong)


def test_what_is_no_recipe_is_told() -> None:
    with pytest.raises(InputError, match="no recipe"):
        Recipe.from_json({"name": "x"})


def test_the_shipped_focus_fire_and_kite_can_be_expressed(tmp_path: Path) -> None:
    """The same decisions in whole battles of stalkers against zealots; kite where nobody runs: then it forgets the shot before."""
    values = {"FOCUS": log(1.2), "RUN_BELOW": 0.6, "RUN_STEPS": 10}
    shipped = init_library(tmp_path / "shipped")[0].parent
    kite = shipped / "kite.py"
    kite.write_text(kite.read_text().replace("PULL_BACK_BELOW = 0.6", "PULL_BACK_BELOW = 0.0"))
    after = ("shoot", "probe", "approach", "search")
    recipes = {
        "focus_fire": replace(PLAIN, target_terms=("worth", "focus", "walk"), rules=("pull_back", *after)),
        "kite": replace(PLAIN, target_terms=("worth", "focus"), rules=("kite", *after)),
    }
    for name, recipe in recipes.items():
        own = {knob.name for knob in recipe.knobs}
        fitting = {knob: value for knob, value in values.items() if knob in own}
        (tmp_path / f"{name}.py").write_text(compose(replace(recipe, parameters=fitting)))
        assert _results(tmp_path, name) == _results(shipped, name)


def _results(folder: Path, skill: str) -> list[object]:
    library, env = load_library(folder), Skirmish("3s_vs_4z")
    with Sandbox(library) as sandbox:
        team = PlanningTeam(FixedPlanner({"stalker": skill}), library, sandbox)
        return [run_episode(env, team, seed, EpisodeSettings()) for seed in range(4)]
