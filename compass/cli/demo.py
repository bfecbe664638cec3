"""`compass demo`: the main job, small."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from compass.cli.evaluate import Episodes, show_origin, watch
from compass.cli.output import Json, command, folder, out, print_json
from compass.evaluate.evaluator import default_run_path
from compass.evaluate.report import difference_line, difference_of, table_of
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario

_NEXT = "zerg_5_vs_5_epo"  # another scenario to try


def demo(
    scenario: Annotated[str, typer.Argument(help="A scenario.")] = "protoss_5_vs_5_epo",
    episodes: Episodes = 32,
    parent: Annotated[
        Path, typer.Option("--out", help="Where the two run folders are made.", parser=folder, metavar="<path>")
    ] = Path("runs"),
    json: Json = False,
) -> None:
    """The agents' team and the `nearest` heuristic on the same battles, side by side."""
    chosen = load_scenario(scenario)
    settings = [EvaluateSettings(chosen, episodes, policy=policy) for policy in ("team", "nearest")]
    team, nearest = (watch(each, default_run_path(each, parent)) for each in settings)
    if json:
        difference = difference_of(team, nearest)
        print_json(
            {"runs": [team.summary(), nearest.summary()], "difference": asdict(difference) if difference else None}
        )
        return
    out().print(table_of([team, nearest]))
    out().print(difference_line(team, nearest), soft_wrap=True)
    show_origin([team, nearest])
    out().print(f"next: {command()} evaluate {_NEXT}", markup=False, soft_wrap=True)
