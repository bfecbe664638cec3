"""`compass compare`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from compass.cli.evaluate import show_origin
from compass.cli.output import Json, out, print_json
from compass.errors import InputError
from compass.evaluate.report import difference_line, difference_of, load_report, table_of


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two run folders or more, of the same scenario and setting.")],
    json: Json = False,
) -> None:
    """Set runs side by side, and each beside the first, seed by seed on the battles that both played."""
    if len(runs) < 2:
        raise InputError("give two run folders or more")
    first, *others = reports = [load_report(path) for path in runs]
    if json:
        differences = [difference_of(other, first) for other in others]
        content = [None if each is None else asdict(each) for each in differences]
        print_json({"runs": [report.summary() for report in reports], "minus_the_first": content})
        return
    out().print(table_of(reports))
    for other in others:
        out().print(difference_line(other, first, reports), markup=False, soft_wrap=True)
    show_origin(reports)
