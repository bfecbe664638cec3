"""What `compass bench --fidelity` prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from rich.table import Table

from compass.bench.exact import GROUPS, Check
from compass.bench.fidelity import (
    DRIFT,
    FLOOR,
    GOAL,
    LEAST_EPISODES,
    Cell,
    Mean,
    combine,
    differences,
    measure,
    real_figures,
)
from compass.cli.output import collected, err, out, print_json
from envs.engine import rules_hash
from envs.scenario_file import load_scenario, scenario_names

_TWO_SIDED = 1.96  # standard errors of a 95 % interval
_VERDICT = {True: "yes", False: "NO"}


def print_fidelity(episodes: int, seed: int, json: bool) -> None:
    """Random play on SMAC v1's maps beside the real game's, and the exact checks; as JSON only our random play."""
    cells = collected(_cells(episodes, seed), "playing", lambda cell: f"played {cell.map}")
    if json:
        print_json({"cells": [asdict(cell) for cell in cells]})
        return
    out().print(f"engine rules {rules_hash()}")
    _print_random_play(cells, seed)
    for title, checks in GROUPS.items():
        with err().status(title):
            found = list(checks())
        _print_checks(title, found)


def _cells(episodes: int, seed: int) -> Iterator[Cell]:
    return (measure(load_scenario(name), episodes, seed) for name in scenario_names("smac"))


def _print_random_play(cells: list[Cell], seed: int) -> None:
    out().print(f"\nRandom play, seeds {seed} to {seed + cells[0].episodes - 1}")
    out().print("real game: mean +- standard error (episodes); embedded engine: mean (95 % interval)")
    out().print(f"within: a difference of at most {FLOOR:.0%}, or of 2 standard errors (s.e.)")
    table = Table("map", "figure", "real game", "embedded engine", "difference", "s.e.", "within", box=None)
    compared = []
    for cell in cells:
        found = differences(cell)
        compared += found
        for each in found:
            logged = real_figures()["maps"][cell.map]["episodes"]
            table.add_row(
                cell.map,
                each.figure,
                f"{each.real.mean:g} +- {each.real.se:g} ({logged})",
                _interval(each.ours),
                f"{each.share:+.1%}",
                f"{each.errors:+.1f}",
                _VERDICT[each.within],
            )
        if not found:
            for figure, mean in cell.figures().items():
                table.add_row(cell.map, figure, "-", _interval(mean))
    out().print(table)
    outside = [f"{each.map} {each.figure}" for each in compared if not each.within]
    out().print(
        f"{len(compared) - len(outside)} of {len(compared)} figures are within; not: {', '.join(outside) or 'none'}"
    )
    total = combine(compared)
    verdict = "reached" if total.p > GOAL else "missed"
    if cells[0].episodes < LEAST_EPISODES:
        verdict = f"too few episodes for a verdict, give {LEAST_EPISODES} or more"
    maps = ", ".join(real_figures()["combined"])
    out().print(f"The {total.terms} differences of {maps}, the real figures uncertain by a further {DRIFT:.1%}:")
    out().print(
        f"chi-square {total.chi_square:.1f} on {total.terms} degrees of freedom, p {total.p:.2g}; goal p > {GOAL:g}: {verdict}"
    )


def _interval(found: Mean) -> str:
    low, high = found.mean - _TWO_SIDED * found.se, found.mean + _TWO_SIDED * found.se
    return f"{found.mean:.3f} ({low:.3f} to {high:.3f})"


def _print_checks(title: str, found: list[Check]) -> None:
    out().print(f"\n{title}: {sum(check.holds for check in found)} of {len(found)} hold")
    table = Table("embedded engine", "expected", "measured", "holds", box=None)
    for check in found:
        table.add_row(check.name, check.expected, check.measured, _VERDICT[check.holds])
    out().print(table)
