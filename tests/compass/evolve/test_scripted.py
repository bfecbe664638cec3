"""The scripted synthesizer: different, legible candidates for one unit type after the other, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from compass.evolve.base import Situation
from compass.evolve.edit import checked
from compass.evolve.scripted import ScriptedSynthesizer
from compass.evolve.variation import fighter, spare_rules
from compass.skills.library import default_library_folder, init_library, load_library
from compass.skills.store import Candidate, Store
from compass.synthesis.recipe import Recipe, compose
from compass.trial.trial import with_skill
from envs.scenario_file import load_scenario

SHIPPED = load_library(default_library_folder())
TERRAN = load_scenario("terran_5_vs_5_epo")


def test_candidates_load_differ_and_serve_one_unit_type_in_turn() -> None:
    synthesizer, again = ScriptedSynthesizer(4), ScriptedSynthesizer(4)
    served: list[str] = []
    made: set[str] = set()
    for _ in range(4):
        found = synthesizer.propose(Situation(TERRAN, SHIPPED), 6)
        assert not {each.source for each in found} & made
        made |= {each.source for each in found}
        assert found == again.propose(Situation(TERRAN, SHIPPED), 6)
        assert len(found) == 6 and len({each.source for each in found}) == 6
        skills = [checked(each.name, each.source) for each in found]
        (kind,) = {skill.unit_types for skill in skills}
        served += kind
        assert all(each.by == "scripted" and each.reason and each.prompt is None for each in found)
    assert served == [*TERRAN.unit_types[:2], *TERRAN.unit_types[:2]]  # few agents are medivacs


def test_a_shared_skill_is_made_special_or_begun_anew_and_its_parent_is_told() -> None:
    found = ScriptedSynthesizer(1).propose(Situation(TERRAN, SHIPPED), 30)
    names = {each.name for each in found}
    assert f"{TERRAN.unit_types[0]}_fight" in names and len(names) > 1
    for each in found:
        assert each.parent is None and ("recipe" in each.evidence) == each.name.endswith("_fight")
        if "recipe" in each.evidence:
            assert compose(Recipe.from_json(each.evidence["recipe"])) == each.source


def test_a_recipe_is_varied_in_its_place() -> None:
    recipe = fighter("marine", "marine_fight")
    own = checked("marine_fight", compose(recipe))
    library = with_skill(SHIPPED, own)
    situation = Situation(load_scenario("terran_5_vs_5"), library, recipes={"marine_fight": recipe})
    found = [each for each in _turns(situation, 3) if each.name == "marine_fight"]
    assert found and all(each.parent == own.sha256 and each.source != own.source for each in found)


def test_what_a_medivac_does_is_varied_alone() -> None:
    found = [each for each in _turns(Situation(TERRAN, SHIPPED), 10) if "medivac" in each.source.split("task:")[0]]
    assert found
    for each in found:
        assert {"heal", "hold"} & set(checked(each.name, each.source).tasks)


def _turns(situation: Situation, turns: int) -> list[Candidate]:
    synthesizer = ScriptedSynthesizer(2)
    return [each for _ in range(turns) for each in synthesizer.propose(situation, 8)]


def test_every_unit_type_has_its_turn_in_every_scenario() -> None:
    synthesizer, served = ScriptedSynthesizer(0), dict[str, Counter[str]]()
    scenarios = [load_scenario(f"protoss_{size}") for size in ("5_vs_5", "5_vs_6", "10_vs_10")]
    for turn in range(60):
        scenario = scenarios[turn % 3]
        for each in synthesizer.propose(Situation(scenario, SHIPPED), 1):
            served.setdefault(scenario.name, Counter()).update(checked(each.name, each.source).unit_types)
    for scenario in scenarios:
        turns = zip(scenario.unit_types, scenario.weights, strict=True)
        assert served[scenario.name] == {kind: round(20 * weight) for kind, weight in turns}


def test_a_team_that_is_given_has_its_turns_by_its_members() -> None:
    scenario = load_scenario("3s5z_vs_3s6z")
    synthesizer, served = ScriptedSynthesizer(0), Counter[str]()
    for _ in range(8):
        (each,) = synthesizer.propose(Situation(scenario, SHIPPED), 1)
        served.update(checked(each.name, each.source).unit_types)
    assert served == {"stalker": 3, "zealot": 5}


def test_every_rule_has_its_turn_before_one_comes_again() -> None:
    recipe = fighter("marine", "marine_fight")
    library = with_skill(SHIPPED, checked("marine_fight", compose(recipe)))
    scenario = load_scenario("terran_5_vs_5")
    synthesizer = ScriptedSynthesizer(6)
    for _ in range(6):
        synthesizer.propose(Situation(scenario, library, recipes={"marine_fight": recipe}), 24)
    picked = [synthesizer._picked[("marine",), piece] for piece in spare_rules(recipe.rules)]
    assert max(picked) - min(picked) <= 2  # a recipe that has one already cannot get it


def test_what_a_library_has_seen_is_not_made_again(tmp_path: Path) -> None:
    store = Store(init_library(tmp_path / "skills")[0].parent)
    first = ScriptedSynthesizer(3, store.candidates()).propose(Situation(TERRAN, SHIPPED), 6)
    for each in first:
        store.submit(each)
    again = ScriptedSynthesizer(3, store.candidates())
    second = [each for _ in range(3) for each in again.propose(Situation(TERRAN, SHIPPED), 12)]
    assert not {(each.name, each.source) for each in first} & {(each.name, each.source) for each in second}


def test_a_retired_name_is_not_taken() -> None:
    situation = Situation(TERRAN, SHIPPED, retired=frozenset({"marine_fight"}))
    names = {each.name for each in _turns(situation, 3)}
    assert "marine_fight" not in names and "marine_fight_2" in names


def test_no_name_of_another_unit_types_skill_is_taken() -> None:
    other = checked("marine_fight", compose(fighter("medivac", "marine_fight")))
    situation = Situation(load_scenario("terran_5_vs_5"), with_skill(SHIPPED, other))
    made = {(each.name, checked(each.name, each.source).unit_types) for each in _turns(situation, 3)}
    assert ("marine_fight", ("marine",)) not in made and ("marine_fight_2", ("marine",)) in made
