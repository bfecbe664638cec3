"""Candidates without a model: recipes varied and crossed, skills made special to one unit type, and guarded by new rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count as numbers
from types import MappingProxyType
from typing import Any

import numpy as np

from compass.evolve.base import Situation
from compass.evolve.edit import checked, serving, with_rule, with_values
from compass.evolve.variation import fighter, shaken, spare_rules, varied
from compass.planner.scripted import parameters_for, skill_for, tasks_of
from compass.skills.library import Skill
from compass.skills.retrieval import Shelves
from compass.skills.store import Candidate, Kept
from compass.skills.store.shelf import digest
from compass.synthesis.recipe import Recipe, compose

_STEPS = 2  # changes of a recipe at once, at most
_ATTEMPTS = 10  # draws per candidate: many give what there was before
_OF_RECIPE = 0.6  # how often a recipe of the unit type is varied where the skill that is played has none
_ANEW = 0.5  # how often a skill without a recipe gives way to a plain recipe instead of being changed itself
_GUARDED = 0.3  # how often a skill without a recipe gets a new rule instead of other values


class ScriptedSynthesizer:
    """Works on one unit type of a scenario at a time. Everything it does follows from the seed and what it is shown.

    kept: the candidates that the library has seen already, none of which it makes again.
    """

    name = "scripted"
    about: Mapping[str, Any] = MappingProxyType({})
    packages: tuple[str, ...] = ()

    def __init__(self, seed: int, kept: Sequence[Kept] = ()) -> None:
        self._draw = np.random.default_rng([seed, 0, len(kept)])
        self._turns: Counter[tuple[str, str]] = Counter()
        self._proposed = {(each.skill, each.sha256) for each in kept}
        self._picked: Counter[tuple[tuple[str, ...], str]] = Counter()

    def stopped(self) -> None:
        """Never: it needs nobody."""

    def propose(self, situation: Situation, count: int) -> Sequence[Candidate]:
        """Up to `count` candidates for one unit type, none of which it ever made before."""
        kind = self._turn(situation)
        found: list[Candidate] = []
        for _ in range(_ATTEMPTS * count):
            candidate = self._candidate(situation, kind)
            known = candidate and situation.library.skills.get(candidate.name)
            if candidate is None or (known and known.source == candidate.source):
                continue
            text = candidate.name, digest(candidate.source.encode())
            if text not in self._proposed:
                self._proposed.add(text)
                found.append(candidate)
            if len(found) == count:
                break
        return found

    def _turn(self, situation: Situation) -> str:
        """The unit type whose turn it is: each in proportion to how many of the scenario's agents are of it."""
        name, allies = situation.scenario.name, situation.scenario.teams.allies
        shares = dict(zip(situation.scenario.unit_types, situation.scenario.weights, strict=True))
        if allies:
            shares = {kind: allies.count(kind) / len(allies) for kind in shares}
        kinds = [kind for kind, share in shares.items() if share and situation.library.for_unit(kind)]
        kind = min(kinds, key=lambda kind: (self._turns[name, kind] + 1) / shares[kind])
        self._turns[name, kind] += 1
        return kind

    def _candidate(self, situation: Situation, kind: str) -> Candidate | None:
        base = self._one_played(situation, kind)
        own = [recipe for recipe in situation.recipes.values() if recipe.unit_types == (kind,)]
        if own and (base.name in situation.recipes or self._draw.random() < _OF_RECIPE):
            return self._from_recipe(situation, own[int(self._draw.integers(len(own)))])
        if self._draw.random() < _ANEW:
            name = base.name if base.unit_types == (kind,) else _free(situation, f"{kind}_fight", kind)
            return self._from_recipe(situation, fighter(kind, name))
        return self._from_skill(situation, base, kind)

    def _one_played(self, situation: Situation, kind: str) -> Skill:
        """A skill that the scripted planner gives such a unit, the more likely the more often it was chosen."""
        shelf = Shelves(situation.library).of(kind)
        serving = (skill_for(shelf, task) for task in tasks_of(kind))
        played = {skill.name: skill for skill in serving if skill is not None} or {shelf[0].name: shelf[0]}
        chosen = situation.chosen
        weights = np.array([1.0 + chosen[name] for name in played])
        return list(played.values())[self._draw.choice(len(played), p=weights / weights.sum())]

    def _from_recipe(self, situation: Situation, recipe: Recipe) -> Candidate:
        others = [other for name, other in sorted(situation.recipes.items()) if name != recipe.name]
        changes = []
        for _ in range(self._draw.integers(1, _STEPS + 1)):
            pick = partial(self._pick, recipe.unit_types)
            recipe, change = varied(recipe, others, situation.scenario.unit_types, self._draw, pick)
            changes.append(change)
        return self._made(situation, recipe.name, compose(recipe), "; ".join(changes), {"recipe": recipe.to_json()})

    def _from_skill(self, situation: Situation, base: Skill, kind: str) -> Candidate | None:
        """The skill for this unit type alone, with other values or with a new rule before all it does."""
        name = base.name if base.unit_types == (kind,) else _free(situation, f"{kind}_{base.name}", kind)
        special = serving(base, (kind,), base.tasks)
        if special is None:
            return None
        own = checked(name, special)
        values = parameters_for(base, kind)
        if self._draw.random() < _GUARDED or not own.described:
            rule = self._pick((kind,), spare_rules())
            plain = with_values(own, values)
            source = with_rule(checked(name, plain), rule) if plain else None
            change = f"{rule} before all else"
        else:
            values |= shaken(own.described, own.parameters | values, self._draw)
            source, change = with_values(own, values), f"other values of {', '.join(values)}"
        if source is None:
            return None
        return self._made(
            situation, name, source, f"{base.name} for {kind}s alone, {change}", {"made_from": base.sha256}
        )

    def _pick(self, kinds: tuple[str, ...], pieces: Sequence[str]) -> str:
        """One of the pieces that were chosen least often so far for such units, so that each of them has its turn."""
        least = min(self._picked[kinds, piece] for piece in pieces)
        rarest = [piece for piece in pieces if self._picked[kinds, piece] == least]
        piece = rarest[self._draw.integers(len(rarest))]
        self._picked[kinds, piece] += 1
        return piece

    def _made(
        self, situation: Situation, name: str, source: str, reason: str, evidence: Mapping[str, Any]
    ) -> Candidate:
        known = situation.library.skills.get(name)
        return Candidate(name, source, self.name, known.sha256 if known else None, reason, None, None, evidence)


def _free(situation: Situation, name: str, kind: str) -> str:
    """The name, or one made from it, that takes no skill away from other unit types and was not retired."""
    known = situation.library.skills
    names = (name if number == 1 else f"{name}_{number}" for number in numbers(1))
    return next(
        free
        for free in names
        if free not in situation.retired and (free not in known or known[free].unit_types == (kind,))
    )
