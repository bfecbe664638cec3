"""Variations of a recipe: a piece more or less, another order, two recipes crossed, other values; and the recipe to begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil, exp, floor, log
from types import MappingProxyType

import numpy as np

from compass.planner.scripted import PULL_BACK, tasks_of
from compass.skills.parse import Parameter
from compass.synthesis.fragments import PREFER, RULES, TERMS, Knob
from compass.synthesis.recipe import Recipe, summary_of
from envs.units import UNITS

_STEPS = 0.03, 0.3  # standard deviation of a changed value, as a share of its range: from fine to coarse
_MOST_VALUES = 3  # changed at once
_MOST_PIECES = 10  # rules, or terms, of one recipe: more make a skill that nobody reads
_MELEE = 2.0  # map units; a weapon that reaches as far shoots

Changed = tuple[Recipe, str]
"""A recipe, and what was done to it in words."""
Pick = Callable[[Sequence[str]], str]
"""Chooses one of the pieces that may be added."""


def fighter(unit_type: str, name: str) -> Recipe:
    """The plainest recipe of one skill for all that a unit of this type has to do."""
    terms: tuple[str, ...] = ("worth", "focus", "walk")
    rules: tuple[str, ...]
    if unit_type == "medivac":
        terms, rules = ("weak", "near"), ("heal", "back_off", "follow", "search")
    elif unit_type == "baneling":
        terms, rules = ("crowded", "near"), ("shoot", "approach_best", "search")
    elif UNITS[unit_type].weapons[0].range >= _MELEE:
        rules = ("pull_back", "kite", "shoot", "probe", "approach", "search")
    else:
        rules = ("pull_back", "shoot", "approach", "search")
    recipe = Recipe(name, unit_type.capitalize(), summary_of(rules), (unit_type,), tasks_of(unit_type), terms, rules)
    if "pull_back" not in rules or unit_type not in PULL_BACK:
        return recipe
    below, steps = PULL_BACK[unit_type]
    return replace(recipe, parameters={"RUN_BELOW": below, "RUN_STEPS": steps})


def varied(
    recipe: Recipe, others: Sequence[Recipe], kinds: Sequence[str], draw: np.random.Generator, pick: Pick
) -> Changed:
    """A neighbour of a recipe. others: recipes to cross it with. kinds: the unit types that there are in its scenario."""
    ways: list[Callable[[], Changed | None]] = [
        lambda: _with_rule(recipe, draw, pick),
        lambda: _with_term(recipe, kinds, draw, pick),
        lambda: _without(recipe, draw),
        lambda: _replaced(recipe, draw, pick),
        lambda: _ending(recipe, pick),
        lambda: _moved(recipe, draw),
        lambda: _crossed(recipe, others, draw),
        lambda: _with_values(recipe, draw),
    ]
    found = ways[draw.integers(len(ways))]()
    return found if found is not None and found[0] != recipe else _with_values(recipe, draw)


def shaken(
    knobs: Sequence[Knob | Parameter], values: Mapping[str, float], draw: np.random.Generator
) -> dict[str, float]:
    """New values for a few parameters. values: those they have, where it is not the default."""
    chosen = sorted(draw.permutation(len(knobs))[: draw.integers(1, _MOST_VALUES + 1)])
    fine, coarse = map(log, _STEPS)
    step = exp(draw.uniform(fine, coarse))
    return {
        knob.name: scaled(knob, share(knob, values.get(knob.name, knob.default)) + step * draw.standard_normal())
        for knob in (knobs[at] for at in chosen)
    }


def share(knob: Knob | Parameter, value: float) -> float:
    """Where in its range a value lies, 0 to 1."""
    return (value - knob.low) / (knob.high - knob.low) if knob.high > knob.low else 0.0


def scaled(knob: Knob | Parameter, share: float) -> float:
    """The value at this share of the range, ends included: a whole number for a whole default."""
    value = knob.low + (knob.high - knob.low) * min(max(share, 0.0), 1.0)
    if isinstance(knob.default, int):
        return min(max(round(value), ceil(knob.low)), floor(knob.high))
    return min(max(round(value, 3), knob.low), knob.high)


def _with_values(recipe: Recipe, draw: np.random.Generator) -> Changed:
    if not recipe.knobs:
        return recipe, "unchanged"
    values = shaken(recipe.knobs, recipe.parameters, draw)
    return replace(recipe, parameters={**recipe.parameters, **values}), f"other values of {', '.join(values)}"


def spare_rules(rules: Sequence[str] = ()) -> list[str]:
    """The rules that may be added to these."""
    return [name for name, rule in RULES.items() if name not in rules and not rule.ends]


def _with_rule(recipe: Recipe, draw: np.random.Generator, pick: Pick) -> Changed | None:
    spare = spare_rules(recipe.rules)
    if len(recipe.rules) >= _MOST_PIECES or not spare:
        return None
    name, at = pick(spare), int(draw.integers(len(recipe.rules)))
    return _of(recipe, (*recipe.rules[:at], name, *recipe.rules[at:])), f"{name} as rule {at + 1}"


def _with_term(recipe: Recipe, kinds: Sequence[str], draw: np.random.Generator, pick: Pick) -> Changed | None:
    absent = {name for name in TERMS if name.startswith(PREFER)} - {f"{PREFER}{kind}" for kind in kinds}
    spare = [name for name in TERMS if name not in recipe.target_terms and name not in absent]
    if len(recipe.target_terms) >= _MOST_PIECES or not spare:
        return None
    name = pick(spare)
    changed = _of(recipe, recipe.rules, (*recipe.target_terms, name))
    values = shaken(TERMS[name].knobs, {}, draw)  # at its default a preference prefers nobody
    return replace(changed, parameters={**changed.parameters, **values}), f"{name} in the targets' score"


def _without(recipe: Recipe, draw: np.random.Generator) -> Changed | None:
    pieces = [*recipe.rules[:-1], *(recipe.target_terms if len(recipe.target_terms) > 1 else ())]
    if len(recipe.rules) < 3 or not pieces:
        return None
    name = pieces[draw.integers(len(pieces))]
    rules, terms = (tuple(each for each in those if each != name) for those in (recipe.rules, recipe.target_terms))
    return _of(recipe, rules, terms), f"without {name}"


def _replaced(recipe: Recipe, draw: np.random.Generator, pick: Pick) -> Changed | None:
    spare = spare_rules(recipe.rules)
    if len(recipe.rules) < 2 or not spare:
        return None
    name, at = pick(spare), int(draw.integers(len(recipe.rules) - 1))
    rules = (*recipe.rules[:at], name, *recipe.rules[at + 1 :])
    return _of(recipe, rules), f"{name} in the place of {recipe.rules[at]}"


def _ending(recipe: Recipe, pick: Pick) -> Changed:
    name = pick([name for name, rule in RULES.items() if rule.ends and name != recipe.rules[-1]])
    return _of(recipe, (*recipe.rules[:-1], name)), f"{name} at the end"


def _moved(recipe: Recipe, draw: np.random.Generator) -> Changed | None:
    movable = list(recipe.rules[:-1])
    if len(movable) < 2:
        return None
    name = movable.pop(draw.integers(len(movable)))
    at = int(draw.integers(len(movable) + 1))
    movable.insert(at, name)
    return _of(recipe, (*movable, recipe.rules[-1])), f"{name} moved to rule {at + 1}"


def _crossed(recipe: Recipe, others: Sequence[Recipe], draw: np.random.Generator) -> Changed | None:
    if not others:
        return None
    other = others[int(draw.integers(len(others)))]
    if draw.random() < 0.5:
        return _of(recipe, other.rules, recipe.target_terms, other.parameters), f"the rules of {other.name}"
    return _of(recipe, recipe.rules, other.target_terms, other.parameters), f"the targets' score of {other.name}"


def _of(
    recipe: Recipe,
    rules: tuple[str, ...],
    terms: tuple[str, ...] | None = None,
    more: Mapping[str, float] = MappingProxyType({}),
) -> Recipe:
    """The recipe with these pieces, and of the values (its own before `more`) those that they have."""
    terms = terms or recipe.target_terms
    plain = replace(recipe, summary=summary_of(rules), rules=rules, target_terms=terms, parameters={})
    names = {knob.name for knob in plain.knobs}
    values = {name: value for name, value in {**more, **recipe.parameters}.items() if name in names}
    return replace(plain, parameters=values)
