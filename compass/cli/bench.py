"""`compass bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from compass.bench.against import OPPONENTS
from compass.bench.cells import CELLS, REPETITIONS, run_cells
from compass.bench.fidelity import EPISODES
from compass.bench.planning import EPISODES as PLANNING_EPISODES
from compass.cli.fidelity import print_fidelity
from compass.cli.output import Json, collected, out, print_json
from compass.cli.planning import print_planning
from compass.cli.speed import show_against, show_scaling, show_waiting
from compass.cli.training import print_training
from compass.errors import InputError, unknown
from compass.evaluate.settings import OBSERVATIONS
from compass.evaluate.workers import cores

READ_BY = {
    "": ("cells", "--observation"),
    "--scaling": ("--observation",),
    "--against": (),
    "--fidelity": ("--episodes", "--seed"),
    "--waiting": (),
    "--planning": ("cells", "--observation", "--episodes", "--seed", "--beside"),
    "--training": ("--beside",),
}
"""What each kind of measurement reads of the options that not all do."""


def bench(
    cells: Annotated[
        list[str] | None,
        typer.Argument(help=f"What to measure: {', '.join(CELLS)}; scenarios with --planning.", show_default="all"),
    ] = None,
    observation: Annotated[
        str | None, typer.Option(help=f"{' or '.join(OBSERVATIONS)}.", show_default=OBSERVATIONS[0])
    ] = None,
    against: Annotated[str | None, typer.Option(help="Measure beside another environment instead: smax.")] = None,
    scaling: Annotated[bool, typer.Option("--scaling", help="Measure 5 to 80 units a side instead.")] = False,
    fidelity: Annotated[
        bool, typer.Option("--fidelity", help="Instead: how near the embedded engine comes to the real game.")
    ] = False,
    planning: Annotated[
        bool, typer.Option("--planning", help="Instead: how much more planning wins than skills that never change.")
    ] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            help="With --planning: a run of the same battles, as by a model, to set beside. With --training: a training.",
            show_default=False,
        ),
    ] = None,
    training: Annotated[
        bool,
        typer.Option("--training", help="Instead: the trainings that ship beside the curves that SMACv2 published."),
    ] = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Instead: how long battles take beside their waiting for a model.")
    ] = False,
    episodes: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Of each map, with --fidelity or --planning.",
            show_default=f"{EPISODES} or {PLANNING_EPISODES}",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the first battle, with --fidelity or --planning.", show_default="0")
    ] = None,
    json: Json = False,
) -> None:
    """Measure speed on this machine, how faithful the engine is, what planning is worth, how long battles wait, or how well
    trainings do."""
    kind = _kind(
        {
            "--fidelity": fidelity,
            "--against": against is not None,
            "--scaling": scaling,
            "--planning": planning,
            "--waiting": waiting,
            "--training": training,
        }
    )
    given = {"cells": cells, "--observation": observation, "--episodes": episodes, "--seed": seed, "--beside": beside}
    _refuse_unread(kind, given)
    if observation not in (None, *OBSERVATIONS):
        raise unknown("observation", str(observation), OBSERVATIONS)
    if against not in (None, *OPPONENTS):
        raise unknown("opponent", str(against), OPPONENTS)
    if fidelity:
        print_fidelity(EPISODES if episodes is None else episodes, seed or 0, json)
    elif planning:
        played = PLANNING_EPISODES if episodes is None else episodes
        print_planning(cells or (), observation or OBSERVATIONS[0], played, seed or 0, beside or (), json)
    elif against:
        show_against(json)
    elif training:
        print_training(beside or (), json)
    elif waiting:
        show_waiting(json)
    elif scaling:
        show_scaling(observation or OBSERVATIONS[0], json)
    else:
        _show_cells(cells or [], observation or OBSERVATIONS[0], json)


def _kind(asked: dict[str, bool]) -> str:
    """The kind of measurement asked for, "" for the cells."""
    kinds = [option for option, given in asked.items() if given]
    if len(kinds) > 1:
        raise InputError(f"{' and '.join(kinds)} are measured apart: give one of them")
    return kinds[0] if kinds else ""


def _refuse_unread(kind: str, options: dict[str, Any]) -> None:
    for option, value in options.items():
        if value not in (None, []) and option not in READ_BY[kind]:
            what = f"the cells {', '.join(value)}" if option == "cells" else option
            raise InputError(f"bench {kind or 'of cells'} does not read {what}: leave that out")


def _show_cells(cells: list[str], observation: str, json: bool) -> None:
    found = collected(run_cells(cells, observation), "measuring", lambda cell: f"measured {cell.name}")
    if json:
        print_json({"cells": [asdict(cell) for cell in found]})
        return
    setting = f"protoss, default setting (trial: epo), {observation} observation, embedded engine"
    out().print(f"{setting}, {cores()} cores, median of {REPETITIONS}")
    table = Table("cell", box=None)
    table.add_column("value", justify="right")
    table.add_column("unit")
    for cell in found:
        table.add_row(cell.name, f"{cell.value:,.0f}", cell.unit)
    out().print(table)
