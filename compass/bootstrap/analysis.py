"""The tactic analysis that rules make: the numbers of each unit type, and what they say in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from compass.bootstrap.evidence import Evidence
from compass.bootstrap.scripted import gathers, joins, kites, run_below
from compass.demos.file import Demonstrations

Analysis = Mapping[str, Mapping[str, Any]]
"""By unit type: `findings`, sentences, and what they rest on."""


def analyse(evidence: Mapping[str, Evidence]) -> dict[str, dict[str, Any]]:
    """What the demonstrations show of each unit type."""
    return {kind: {"findings": _findings(seen), "evidence": _numbers(seen)} for kind, seen in evidence.items()}


def _numbers(seen: Evidence) -> dict[str, Any]:
    return {
        "lives": seen.lives,
        "steps": seen.steps,
        "targets": seen.choices.numbers(),
        "weights": seen.choices.weights(),
        "distance_when_it_acts": _quartiles(seen.shots),
        "enemies_close_by_tenth_of_hit_points": seen.pressed,
        "of_these_it_moved_away": seen.gave_way,
        "steps_it_then_ran": _quartiles(seen.runs),
        "melee_enemy_close_while_reloading": dict(seen.melee),
        "gap_when_it_stepped_away": _quartiles(seen.gaps),
        "enemies_known_none_in_reach": dict(seen.closing),
        "no_enemy_known": dict(seen.idle),
        "shots_at_the_unseen": seen.blind,
        "distance_to_the_allies_centre": _quartiles(seen.spread),
        "steps_near_an_enemy": seen.close_by,
        "distance_when_it_moved_off": _quartiles(seen.threats),
    }


def _findings(seen: Evidence) -> list[str]:
    if not seen.steps:
        return ["It does not occur in the demonstrations: its skills are made of the fragments' own values."]
    told = [f"Seen for {seen.steps} steps of {seen.lives} lives."]
    numbers, kind = seen.choices.numbers(), "patient" if seen.choices.patients else "target"
    if numbers["choices"]:
        shares = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in numbers["shares"].items())
        chosen = ", ".join(f"{who} {n} of {numbers['offered'][who]}" for who, n in numbers["chosen"].items())
        told.append(f"Of {numbers['choices']} choices of a {kind}: {shares}; by type, chosen of offered: {chosen}.")
        if numbers["comrades_target"] is not None:
            told.append(
                f"Where an ally attacked some of the targets, it took one of these: {numbers['comrades_target']:.0%}."
            )
        weights = ", ".join(f"{term} {weight:g}" for term, weight in seen.choices.weights().items())
        told.append(f"Weights of a score that chooses alike: {weights or 'none that matters'}.")
    if seen.shots:
        low, middle, high = _quartiles(seen.shots)
        told.append(f"It acts on its {kind} from {middle:.1f} map units (half of the time {low:.1f} to {high:.1f}).")
    if sum(seen.melee.values()):
        steps = sum(seen.melee.values())
        habit = "a habit: it kites" if kites(seen) else "no habit"
        told.append(
            f"With a melee enemy close while it reloads it stepped away in {seen.melee['away']} of {steps} steps: {habit}."
        )
    if sum(seen.pressed):
        limit = run_below(seen)
        words = (
            f"below {limit:.0%} of its hit points" if limit is not None else "at no share of its hit points by habit"
        )
        away = f"{sum(seen.gave_way)} of {sum(seen.pressed)} steps"
        told.append(f"With other enemies close it moved away in {away}: it steps back {words}.")
    for what, counts, habit in (
        ("enemies known but none in reach", seen.closing, "; it gathers first" if gathers(seen) else ""),
        ("no enemy known", seen.idle, "; it joins who fights" if joins(seen) else ""),
    ):
        if counts:
            told.append(f"With {what}: {_shares(counts)}{habit}.")
    if seen.blind:
        told.append(f"It shot {seen.blind} times at enemies that nobody sees.")
    if seen.close_by:
        moved = f"{len(seen.threats)} of {seen.close_by} steps"
        told.append(f"With an enemy within 12 map units and nobody to heal it moved off in {moved}.")
    return told


def page(analysis: Analysis, files: Iterable[Demonstrations], how: str) -> str:
    """The analysis as a Markdown page."""
    lines = ["# What the demonstrations show", "", how, ""]
    for demos in files:
        manifest, count = demos.manifest, len(demos.results)
        played = f"{demos.wins} of {count} battles of {manifest['scenario']} won by {manifest['policy']}"
        how = f"{demos.steps:,} steps, {manifest['observation']} observation, embedded engine"
        lines.append(f"- {demos.path.name}: {played}, {how}")
    for kind, found in analysis.items():
        lines += ["", f"## {kind}", *(f"- {finding}" for finding in found["findings"])]
    return "\n".join(lines) + "\n"


def _shares(counts: Counter[str]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{name} {number / total:.0%}" for name, number in counts.most_common())


def _quartiles(values: Sequence[float]) -> list[float]:
    """The quartiles, rounded to hundredths; none of nothing."""
    return [round(float(each), 2) for each in np.quantile(values, (0.25, 0.5, 0.75))] if values else []
