"""`compass evolve`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from compass.cli.evaluate import Skills, Workers
from compass.cli.output import Json, command, err, folder, out, print_json
from compass.errors import InputError
from compass.evaluate.settings import OBSERVATIONS
from compass.evaluate.statistics import wilson
from compass.evolve.evolution import Round
from compass.evolve.run import EvolveSettings, Point, default_evolve_path, evolve
from compass.evolve.scripted import ScriptedSynthesizer
from compass.skills.library import default_library_folder
from envs.scenario_file import load_scenario


def evolve_command(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="Scenarios that ship (compass scenarios list) or paths of YAML files.", metavar="SCENARIO..."
        ),
    ],
    rounds: Annotated[int | None, typer.Option(min=1, help="End after so many rounds.")] = None,
    budget: Annotated[float | None, typer.Option(help="End after so many minutes.", metavar="MINUTES")] = None,
    skills: Skills = None,
    path: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The folder of the log.", show_default="a new one in runs/", parser=folder, metavar="<path>"
        ),
    ] = None,
    observation: Annotated[
        str, typer.Option(help=f"{' or '.join(OBSERVATIONS)} (smacv2's wiped rows kept).")
    ] = OBSERVATIONS[0],
    held_out: Annotated[int, typer.Option(min=1, help="Held-out battles of a measurement, in each scenario.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Let a skill library grow: candidates are made, raced, tuned and tried, and those that win more go into it.

    Give --rounds, --budget or both. Whatever stops it, what was admitted stays, and another run goes on from there;
    compass skills log tells what came of every candidate.
    """
    if rounds is None and budget is None:
        raise InputError("say for how long: --rounds N, --budget MINUTES, or both")
    settings = EvolveSettings(
        scenarios=tuple(load_scenario(name) for name in scenarios),
        skills=skills or default_library_folder(),
        rounds=rounds,
        minutes=budget,
        observation=observation,
        held_out=held_out,
        seed=seed,
        workers=workers,
    )
    path = path or default_evolve_path(settings)
    shown = _Shown()
    with shown.status:
        curve = evolve(settings, ScriptedSynthesizer(seed), path, shown)
    if json:
        points, found = ([asdict(each) for each in those] for those in (curve, shown.rounds))
        print_json({"out": str(path), "skills": str(settings.skills), "curve": points, "rounds": found})
        return
    for name in curve[0].wins:
        first, last = (f"{_told(point, name)}" for point in (curve[0], curve[-1]))
        out().print(
            f"{name}, {observation} observation, embedded engine: {first} before, {last} after "
            f"{len(shown.rounds)} rounds ({sum(each.episodes for each in shown.rounds):,} battles)",
            markup=False,
            soft_wrap=True,
        )
    out().print(f"what became of every candidate: {command()} skills log --skills {settings.skills}", soft_wrap=True)


class _Shown:
    """Progress on stderr: what is being done on a terminal, and a line for every round and every measurement."""

    def __init__(self) -> None:
        self._console = err()
        self.status = self._console.status("starting")
        self.rounds: list[Round] = []

    def told(self, words: str) -> None:
        self.status.update(f"round {len(self.rounds) + 1}: {escape(words)}")

    def ended(self, found: Round) -> None:
        self.rounds.append(found)
        what = f"{found.skill} {found.verdict}: {found.reason}" if found.skill else found.reason
        gain = (
            f" ({100 * found.difference:+.1f} points in {found.pairs} battles)" if found.difference is not None else ""
        )
        self._say(f"round {found.number}, {found.scenario}: {what}{gain}")

    def measured(self, point: Point) -> None:
        told = ", ".join(f"{name} {_told(point, name)}" for name in point.wins)
        self._say(f"held-out battles after {point.rounds} rounds, {point.seconds:,.0f} s: {told}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _told(point: Point, scenario: str) -> str:
    low, high = wilson(point.wins[scenario], point.battles)
    return f"{100 * point.wins[scenario] / point.battles:.1f} % ({100 * low:.0f}-{100 * high:.0f}) won"
