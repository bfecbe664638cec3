"""`compass bench`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from compass.bench.against import OPPONENTS
from compass.bench.cells import CELLS, REPETITIONS, run_cells
from compass.bench.fidelity import EPISODES
from compass.cli.fidelity import print_fidelity
from compass.cli.output import Json, err, out, print_json
from compass.cli.speed import show_against, show_scaling
from compass.errors import InputError, unknown
from compass.evaluate.settings import OBSERVATIONS
from compass.evaluate.workers import cores


def bench(
    cells: Annotated[
        list[str] | None, typer.Argument(help=f"What to measure: {', '.join(CELLS)}.", show_default="all")
    ] = None,
    observation: Annotated[str, typer.Option(help=f"{' or '.join(OBSERVATIONS)}.")] = OBSERVATIONS[0],
    against: Annotated[str | None, typer.Option(help="Measure beside another environment instead: smax.")] = None,
    scaling: Annotated[bool, typer.Option("--scaling", help="Measure 5 to 80 units a side instead.")] = False,
    fidelity: Annotated[
        bool, typer.Option("--fidelity", help="Instead: how near the embedded engine comes to the real game.")
    ] = False,
    episodes: Annotated[
        int | None, typer.Option(min=2, help="Of each map, with --fidelity.", show_default=str(EPISODES))
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the first battle, with --fidelity.", show_default="0")] = None,
    json: Json = False,
) -> None:
    """Measure the speed of the environment and of the whole loop on this machine, or how faithful the engine is."""
    if fidelity:
        if cells:
            raise InputError(f"--fidelity measures no cells of speed: leave out {', '.join(cells)}")
        print_fidelity(EPISODES if episodes is None else episodes, seed or 0, json)
        return
    if episodes is not None or seed is not None:
        raise InputError("--episodes and --seed need --fidelity")
    if observation not in OBSERVATIONS:
        raise unknown("observation", observation, OBSERVATIONS)
    if against is not None and against not in OPPONENTS:
        raise unknown("opponent", against, OPPONENTS)
    if (against or scaling) and cells:
        raise InputError(f"--against and --scaling measure cells of their own: leave out {', '.join(cells)}")
    if against:
        return show_against(json)
    if scaling:
        return show_scaling(observation, json)
    found = []
    with err().status("measuring") as status:
        for cell in run_cells(cells or (), observation):
            found.append(cell)
            status.update(f"measured {cell.name}")
    if json:
        print_json({"cells": [asdict(cell) for cell in found]})
        return
    out().print(
        f"protoss, default setting, {observation} observation, embedded engine, {cores()} cores, median of {REPETITIONS}"
    )
    table = Table("cell", box=None)
    table.add_column("value", justify="right")
    table.add_column("unit")
    for cell in found:
        table.add_row(cell.name, f"{cell.value:,.0f}", cell.unit)
    out().print(table)
