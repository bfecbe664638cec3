"""Better values for a skill's parameters: CMA-ES on the engine, each generation in battles of its own.

Source: Hansen, "The CMA Evolution Strategy: A Tutorial" (2016), as the package `cma` does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from compass.evolve.base import Effort
from compass.evolve.edit import checked, with_values
from compass.evolve.merit import merits
from compass.evolve.variation import scaled, share
from compass.skills.library import Library, Skill
from compass.trial.arena import Arena
from compass.trial.trial import with_skill

_LEAST = 2  # parameters that the method needs
_SPREAD = 0.15  # the first standard deviation, as a share of each range


def tune(
    arena: Arena,
    library: Library,
    skill: Skill,
    fresh: Callable[[int], Sequence[int]],
    draw: np.random.Generator,
    effort: Effort,
) -> dict[str, float]:
    """The values with which the library, with this skill in its place, does best: the middle of the last generation.

    fresh: gives so many battles that were not played before. A skill keeps its values if it has one parameter or none,
    or if they cannot be set.
    """
    if len(skill.described) < _LEAST or with_values(skill, skill.parameters) is None:
        return skill.parameters
    import cma  # loads matplotlib where there is one

    options = {"bounds": [0, 1], "verbose": -9, "seed": math.nan, "randn": lambda *size: draw.standard_normal(size)}
    start = [min(max(share(knob, knob.default), 0.0), 1.0) for knob in skill.described]
    strategy = cma.CMAEvolutionStrategy(start, _SPREAD, options)
    for _ in range(effort.generations):
        asked = strategy.ask()
        libraries = [with_skill(library, _with(skill, _values(skill, each))) for each in asked]
        played = arena.survey(libraries, fresh(effort.battles))
        strategy.tell(asked, [-merits(episodes, arena.scenario).mean() for episodes in played])
    return _values(skill, strategy.result.xfavorite)  # the mean, within the bounds


def _with(skill: Skill, values: Mapping[str, float]) -> Skill:
    source = with_values(skill, values)
    assert source is not None  # as with the values that it has
    return checked(skill.name, source)


def _values(skill: Skill, shares: Sequence[float]) -> dict[str, float]:
    return {knob.name: scaled(knob, each) for knob, each in zip(skill.described, shares, strict=True)}
