"""What `compass bench --against`, `--scaling` and `--waiting` print."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from compass.bench import against, scaling, waiting
from compass.cli.output import collected, err, out, print_json
from compass.evaluate.workers import cores


def show_against(json: bool) -> None:
    """Measure COMPASS beside SMAX and print it."""
    pairs = against.compare(against.SIDES, against.SECONDS)
    err().print("measuring in turns, in several sizes of batches: about six minutes")
    found = collected(pairs, "measuring", lambda pair: f"measured {pair.name}")
    if json:
        print_json({"against": "smax", "repetitions": against.REPETITIONS, "cores": cores(), "cells": _dicts(found)})
        return
    out().print(
        f"env steps/s, random legal play, default setting, embedded engine (protoss) beside SMAX, {cores()} cores, "
        f"median of {against.REPETITIONS} in turns"
    )
    table = Table("cell", "COMPASS", "how", "SMAX", "how", "ratio", "least to greatest", box=None)
    for pair in found:
        spread = f"{pair.ratio_low:.1f} to {pair.ratio_high:.1f}"
        speeds = f"{pair.compass:,.0f}", pair.compass_how, f"{pair.smax:,.0f}", pair.smax_how
        table.add_row(pair.name, *speeds, f"{pair.ratio:.1f}", spread)
    out().print(table)


def show_scaling(observation: str, json: bool) -> None:
    """Measure how steps slow down with more units and print it."""
    sizes = scaling.measure(observation, scaling.SIDES, scaling.WORK)
    found = collected(sizes, "measuring", lambda size: f"measured {size.units} a side")
    if json:
        print_json({"goal": scaling.GOAL, "cores": cores(), "sizes": _dicts(found)})
        return
    out().print(
        f"env steps/s, protoss, default setting, {observation} observation, embedded engine, {cores()} cores, "
        f"median of {scaling.REPETITIONS}; growth of a step's time as a power of the units (goal: at most {scaling.GOAL:g})"
    )
    table = Table("units a side", "single", "growth", "batch", "growth", box=None)
    for size in found:
        exponents = ("" if e is None else f"{e:.2f}" for e in (size.single_exponent, size.batch_exponent))
        single, batch = exponents
        table.add_row(str(size.units), f"{size.single:,.0f}", single, f"{size.batch:,.0f}", batch)
    out().print(table)


def show_waiting(json: bool) -> None:
    """Measure battles that wait for a model and print how long they took beside the waiting itself."""
    found = collected(waiting.measure(), "measuring", lambda wait: f"measured {wait.calls} at {wait.latency:g} s")
    if json:
        cells = [asdict(wait) | {"ratio": wait.ratio, "goal": waiting.GOALS[wait.latency]} for wait in found]
        print_json({"scenario": waiting.SCENARIO, "episodes": waiting.EPISODES, "cores": cores(), "cells": cells})
        return
    out().print(
        f"{waiting.EPISODES} battles of {waiting.SCENARIO} at once against a scripted model, 4 pictures a plan, embedded engine, "
        f"{cores()} cores; seconds beside those of the waiting itself"
    )
    table = Table("latency", "calls", "calls made", "pictures", "ideal", "taken", "ratio", "goal", box=None)
    for wait in found:
        sizes = str(wait.calls_made), str(wait.pictures), f"{wait.ideal:.1f}", f"{wait.spent:.1f}"
        table.add_row(
            f"{wait.latency:g} s", wait.calls, *sizes, f"{wait.ratio:.2f}", f"{waiting.GOALS[wait.latency]:g}"
        )
    out().print(table)


def _dicts(found: list[Any]) -> list[dict[str, Any]]:
    return [asdict(result) for result in found]
