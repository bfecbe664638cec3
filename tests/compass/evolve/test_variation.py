"""Every variation of a recipe is a skill, in words that say what was done."""

from __future__ import annotations

import numpy as np
import pytest

from compass.evolve.edit import checked
from compass.evolve.variation import Pick, fighter, scaled, shaken, share, varied
from compass.synthesis.fragments import RULES, TERMS, Knob
from compass.synthesis.recipe import Recipe, compose
from envs.units import RACES, UNIT_NAMES


def one_of(draw: np.random.Generator) -> Pick:
    """Picks any piece."""
    return lambda pieces: pieces[draw.integers(len(pieces))]


@pytest.mark.parametrize("kind", UNIT_NAMES)
def test_a_plain_fighter_serves_its_unit_type(kind: str) -> None:
    skill = checked(f"{kind}_fight", compose(fighter(kind, f"{kind}_fight")))
    assert skill.unit_types == (kind,)
    assert ("heal" if kind == "medivac" else "engage") in skill.tasks


def test_a_long_walk_of_variations_stays_among_skills_and_visits_every_piece() -> None:
    draw = np.random.default_rng(3)
    pick = one_of(draw)
    kinds = RACES["terran"]
    others = [fighter(kind, f"{kind}_fight") for kind in kinds]
    recipe, seen, words = others[0], set(), set()
    for _ in range(400):
        before = recipe
        recipe, change = varied(recipe, others[1:], kinds, draw, pick)
        assert recipe != before or change.startswith("other values")
        assert (recipe.name, recipe.unit_types, recipe.tasks) == (before.name, before.unit_types, before.tasks)
        seen |= {*recipe.rules, *recipe.target_terms}
        words.add(change.split()[0])
        checked(recipe.name, compose(recipe))
    assert set(RULES) <= seen
    absent = {name for name in TERMS if name.startswith("prefer_") and name.removeprefix("prefer_") not in kinds}
    assert set(TERMS) - absent <= seen and not absent & seen
    assert {"other", "without", "the", "rally"} <= words


def test_values_keep_to_their_range_and_kind() -> None:
    whole, fraction = Knob("WHOLE", 3, 1, 40, ""), Knob("PART", 0.5, 0.0, 1.0, "")
    assert scaled(whole, 2.0) == 40 and scaled(whole, -1.0) == 1 and isinstance(scaled(whole, 0.5), int)
    assert scaled(fraction, share(fraction, 0.25)) == 0.25
    assert scaled(Knob("EDGE", 0.5, 0.0004, 0.9999, ""), 1.0) == 0.9999 and scaled(Knob("E", 2, 1.9, 2.6, ""), 1.0) == 2
    assert share(Knob("ONE", 2.0, 2.0, 2.0, ""), 2.0) == 0.0
    draw = np.random.default_rng(0)
    for _ in range(200):
        values = shaken((whole, fraction), {"PART": 0.9}, draw)
        assert 1 <= len(values) <= 2 and 1 <= values.get("WHOLE", 1) <= 40 and 0 <= values.get("PART", 0) <= 1


def test_two_crossed_recipes_share_their_pieces_and_values() -> None:
    mine = Recipe("a", "A", "a.", ("zealot",), ("engage",), ("near",), ("shoot", "search"), {"NEARNESS": 2.0})
    other = Recipe("b", "B", "b.", ("zealot",), ("engage",), ("weak",), ("evade", "stand"), {"WEAKNESS": 3.0})
    found = {}
    for seed in range(200):
        draw = np.random.default_rng(seed)
        child, change = varied(mine, [other], ("zealot",), draw, one_of(draw))
        if change.startswith("the "):
            found[change] = child
    rules, terms = found["the rules of b"], found["the targets' score of b"]
    assert (
        rules.rules == other.rules and rules.target_terms == mine.target_terms and rules.parameters == {"NEARNESS": 2.0}
    )
    assert terms.target_terms == ("weak",) and terms.rules == mine.rules and terms.parameters == {"WEAKNESS": 3.0}
