"""Skills from evidence, by rules: which tactic fragments a unit type's skills are made of, and with which values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from compass.bootstrap.evidence import DECILES, MELEE, Evidence
from compass.synthesis.fragments import TERMS
from compass.synthesis.recipe import Recipe, summary_of
from envs.units import UNITS

_LEAST = 30  # steps that something must have been seen in before it is believed
_DISTINCT = 4.0  # standard errors by which two shares must differ
_OFTEN = 0.2  # the share of steps from which on something is a habit
_DEFAULT_TERMS = {"worth": 1.0, "focus": 0.2, "walk": 1.0}
_PATIENT_TERMS = {"weak": 1.0, "near": 0.02}

Values = dict[str, float]


def recipes(evidence: Mapping[str, Evidence]) -> tuple[Recipe, ...]:
    """A library: for each unit type the skills of the tasks that are its own, and one for any that holds."""
    found: list[Recipe] = []
    for kind, seen in sorted(evidence.items()):
        if kind == "medivac":
            found.append(_heal(seen))
        elif kind == "baneling":
            found.append(_burst(seen))
        else:
            found += _fight(seen)
        if kind != "medivac":
            found.append(_search(seen))
    return (*found, _hold(evidence.values()))


def run_below(seen: Evidence) -> float | None:
    """The fraction of hit points below which the unit gives way to enemies close by; None where that shows no such limit.

    Of all tenths the one on whose two sides the shares of steps away differ most clearly.
    """
    best, limit = _DISTINCT, None
    pressed, gave_way = np.array(seen.pressed), np.array(seen.gave_way)
    for tenth in range(1, DECILES):
        below, above = int(pressed[:tenth].sum()), int(pressed[tenth:].sum())
        if min(below, above) < _LEAST:
            continue
        low, high = gave_way[:tenth].sum() / below, gave_way[tenth:].sum() / above
        both = gave_way.sum() / (below + above)
        error = max(both * (1 - both) * (1 / below + 1 / above), 1e-9) ** 0.5
        if low >= _OFTEN and low >= 2 * high and (low - high) / error > best:
            best, limit = float((low - high) / error), tenth / DECILES
    return limit


def kites(seen: Evidence) -> bool:
    """Whether the unit steps away from melee enemies while its weapon reloads."""
    steps = sum(seen.melee.values())
    return steps >= _LEAST and seen.melee["away"] >= _OFTEN * steps


def gathers(seen: Evidence) -> bool:
    """Whether the unit goes to its comrades rather than to an enemy that none of them reaches."""
    return _share(seen.closing, "gathers") >= max(_OFTEN, _share(seen.closing, "approaches"))


def joins(seen: Evidence) -> bool:
    """Whether the unit goes where allies fight, when it knows no enemy itself."""
    return len(seen.joined) >= _LEAST and _share(seen.idle, "joins a fighting ally") >= _OFTEN


def _fight(seen: Evidence) -> list[Recipe]:
    kind = seen.unit_type
    terms, values = _score(seen, _DEFAULT_TERMS)
    before: list[str] = []
    limit = run_below(seen)
    if limit is not None:
        before.append("pull_back")
        values |= {"RUN_BELOW": limit, "RUN_STEPS": int(np.clip(_quantile(seen.runs, 0.9, 10), 1, 40))}
    after = ["shoot"]
    shoots = UNITS[kind].weapons[0].range >= MELEE
    if shoots and seen.blind:
        after.append("probe")
    if gathers(seen):
        after.append("gather")
    after += ["approach", "search"]
    if shoots and kites(seen):
        kiting = values | {"DANGER": round(float(np.clip(_quantile(seen.gaps, 0.9, 1.5), 0.0, 5.0)), 1)}
        return [
            _recipe(f"{kind} engage", ("engage",), terms, (*before, *after), values),
            _recipe(f"{kind} kite", ("kite",), terms, (*before, "kite", *after), kiting),
        ]
    tasks = ("engage", "kite") if shoots else ("engage",)
    return [_recipe(f"{kind} engage", tasks, terms, (*before, *after), values)]


def _burst(seen: Evidence) -> Recipe:
    terms, values = _score(seen, {})
    chosen = ("crowded", *terms) if terms else ("crowded", "near")
    rules = ("shoot", "approach_best", "stand")
    return _recipe("baneling burst", ("burst", "engage"), chosen, rules, values)


def _heal(seen: Evidence) -> Recipe:
    terms, values = _score(seen, _PATIENT_TERMS)
    rules = ["heal"]
    if seen.close_by >= _LEAST and len(seen.threats) >= _OFTEN * seen.close_by:
        rules.append("back_off")
        values["CLOSE"] = round(float(np.clip(_quantile(seen.threats, 0.5, 4.0), 0.0, 12.0)), 1)
    return _recipe("medivac heal", ("heal",), terms, (*rules, "follow", "search"), values)


def _search(seen: Evidence) -> Recipe:
    kind, rules = seen.unit_type, ["shoot"]
    terms, values = _score(seen, _DEFAULT_TERMS)
    if UNITS[kind].weapons[0].range >= MELEE and seen.blind:
        rules.append("probe")
    if joins(seen):
        rules.append("join")
        values["SUPPORT"] = round(float(np.clip(_quantile(seen.joined, 0.1, 4.0), 1.0, 10.0)), 1)
    rules.append("search")
    return _recipe(f"{kind} search", ("search",), terms, tuple(rules), values)


def _hold(everyone: Iterable[Evidence]) -> Recipe:
    spread = [each for seen in everyone for each in seen.spread]
    values = {"SPREAD": round(float(np.clip(_quantile(spread, 0.5, 2.5), 1.0, 8.0)), 1)}
    return _recipe("any hold", ("hold",), ("weak",), ("shoot", "formation", "stand"), values)


def _score(seen: Evidence, default: Mapping[str, float]) -> tuple[tuple[str, ...], Values]:
    """The terms of the targets' score and their weights: fitted ones where enough was chosen."""
    weights = seen.choices.weights() if len(seen.choices.samples) >= _LEAST else {}
    weights = weights or dict(default)
    return tuple(weights), {TERMS[term].knobs[0].name: value for term, value in weights.items()}


def _recipe(
    name: str, tasks: tuple[str, ...], terms: tuple[str, ...], rules: tuple[str, ...], values: Mapping[str, float]
) -> Recipe:
    """A recipe named in two words: the unit type and what it does."""
    return Recipe(
        name=name.replace(" ", "_"),
        title=name.capitalize(),
        summary=summary_of(rules),
        unit_types=(name.split()[0],),
        tasks=tasks,
        target_terms=terms,
        rules=rules,
        parameters=values,
    )


def _share(counts: Counter[str], name: str) -> float:
    total = sum(counts.values())
    return counts[name] / total if total >= _LEAST else 0.0


def _quantile(values: list[float] | list[int], share: float, default: float) -> float:
    return float(np.quantile(values, share)) if values else default
