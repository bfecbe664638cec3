"""Whom a unit chose among those it could have chosen, and the weights of a score that would choose alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compass.skill import attack, hit_points, nearest, vitality
from compass.synthesis.fragments import PREFER, TERMS
from compass.types import Entity, Observation

MOST = 4000  # choices that weights are fitted to: more change no digit that is kept
_RIDGE = 0.02  # of the squared weights, per choice: keeps them finite where one thing explains every choice
_LEAST_EFFECT = 0.05  # on the score, from one standard deviation of what is weighed


def _worth(unit: Entity, obs: Observation) -> float:
    return log((obs.units[unit.unit_type].damage_per_second + 2) / (hit_points(unit, obs) + 15))


def _attackers(unit: Entity, obs: Observation) -> float:
    return float(sum(1 for ally in obs.allies if ally.last_action == attack(unit.id)))


def _near(unit: Entity, obs: Observation) -> float:
    return -unit.distance


def _weak(unit: Entity, obs: Observation) -> float:
    return -vitality(unit, obs)


def _steady(unit: Entity, obs: Observation) -> float:
    return float(obs.last_action == attack(unit.id))


_WEIGHED: Mapping[str, Callable[[Entity, Observation], float]] = {
    "worth": _worth,
    "focus": _attackers,
    "near": _near,
    "weak": _weak,
    "steady": _steady,
}
"""What the weight of a term multiplies."""
_OF_PATIENTS = ("weak", "near")


@dataclass
class Choices:
    """Choices among several units, and how often each kind of unit could be chosen and was.

    patients: the units are allies to heal, not enemies.
    """

    kinds: tuple[str, ...]
    patients: bool = False
    offered: dict[str, int] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    nearest: int = 0
    weakest: int = 0
    attacked: int = 0
    could_be_attacked: int = 0
    most_worth: int = 0
    samples: list[tuple[NDArray[np.float64], int]] = field(default_factory=list)

    def add(self, obs: Observation, candidates: Sequence[Entity], chosen: Entity) -> None:
        """One choice of one among several."""
        for each in candidates:
            self.offered[each.unit_type] = self.offered.get(each.unit_type, 0) + 1
        self.chosen[chosen.unit_type] = self.chosen.get(chosen.unit_type, 0) + 1
        self.nearest += nearest(candidates) == chosen
        self.weakest += hit_points(chosen, obs) <= min(hit_points(each, obs) for each in candidates)
        attackers = [_attackers(each, obs) for each in candidates]
        if not self.patients and any(attackers) and not all(attackers):
            self.could_be_attacked += 1
            self.attacked += _attackers(chosen, obs) > 0
        self.most_worth += _worth(chosen, obs) >= max(_worth(each, obs) for each in candidates)
        if len(self.samples) < MOST:
            rows = [self._row(each, obs) for each in candidates]
            self.samples.append((np.array(rows), list(candidates).index(chosen)))

    def numbers(self) -> dict[str, Any]:
        """The counts, for an analysis; shares are of all choices, `comrades_target` of those where it could be told."""
        count = sum(self.chosen.values())
        shares = {"nearest": self.nearest, "fewest_hit_points": self.weakest}
        if not self.patients:
            shares["most_damage_per_hit_point"] = self.most_worth
        return {
            "choices": count,
            "offered": self.offered,
            "chosen": self.chosen,
            "shares": {name: round(number / max(1, count), 3) for name, number in shares.items()},
            "comrades_target": round(self.attacked / self.could_be_attacked, 3) if self.could_be_attacked else None,
            "fitted_to": len(self.samples),
        }

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that are weighed. The last kind of unit is what the others are preferred to."""
        if self.patients:
            return _OF_PATIENTS
        return (*_WEIGHED, *(f"{PREFER}{kind}" for kind in self.kinds[:-1]))

    def weights(self) -> dict[str, float]:
        """The weight of each term that matters, by term; none where nothing was chosen.

        A conditional logit (McFadden 1974): the chance of a choice is its exponentiated score over the sum of those of all
        candidates. Weights stay within their parameters' ranges.
        """
        if not self.samples:
            return {}
        from scipy.optimize import minimize  # half a second to load, which only this needs

        starts = np.concatenate(([0], np.cumsum([len(rows) for rows, _ in self.samples])))[:-1]
        features = np.concatenate([rows for rows, _ in self.samples])
        picked = features[starts + np.array([at for _, at in self.samples])]
        groups = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(features))))

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            scores = features @ weights
            scores -= np.maximum.reduceat(scores, starts)[groups]
            chances = np.exp(scores)
            sums = np.add.reduceat(chances, starts)
            chances /= sums[groups]
            logs = scores[starts + np.array([at for _, at in self.samples])] - np.log(sums)
            gradient = (chances @ features - picked.sum(axis=0)) / len(starts) + 2 * _RIDGE * weights
            return float(-logs.mean() + _RIDGE * weights @ weights), gradient

        knobs = [TERMS[term].knobs[0] for term in self.terms]
        found = minimize(
            loss, np.zeros(len(knobs)), jac=True, method="L-BFGS-B", bounds=[(knob.low, knob.high) for knob in knobs]
        )
        effects = np.abs(found.x) * features.std(axis=0)
        return {
            term: round(float(weight), 3)
            for term, weight, effect in zip(self.terms, found.x, effects, strict=True)
            if effect >= _LEAST_EFFECT
        }

    def _row(self, unit: Entity, obs: Observation) -> list[float]:
        kinds = [float(term == f"{PREFER}{unit.unit_type}") for term in self.terms if term not in _WEIGHED]
        return [*(_WEIGHED[term](unit, obs) for term in self.terms if term in _WEIGHED), *kinds]
