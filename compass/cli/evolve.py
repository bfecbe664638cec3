"""`compass evolve`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from compass.cli import model_options as by
from compass.cli.bootstrap import SYNTHESIZERS
from compass.cli.evaluate import Information, Skills, Workers
from compass.cli.output import Json, command, err, folder, out, print_json
from compass.episode import COMMUNICATED, FULL, EpisodeSettings
from compass.errors import InputError, unknown
from compass.evaluate.settings import OBSERVATIONS
from compass.evaluate.statistics import wilson
from compass.evolve.base import Effort, Gathered
from compass.evolve.evolution import Round
from compass.evolve.folder import EvolveFolder
from compass.evolve.run import EvolveSettings, Point, Progress, default_evolve_path, evolve
from compass.evolve.scripted import ScriptedSynthesizer
from compass.skills.library import Library, default_library_folder, load_library
from compass.skills.store import Store
from compass.trial.arena import Arena
from envs.scenario_file import load_scenario

BY_RULES = Effort()
BY_MODEL = Effort(proposals=4, glance=4)
"""The effort where every proposal and every battle that shows how a library stands costs calls to a model."""


def evolve_command(
    context: typer.Context,
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="Scenarios that ship (compass scenarios list) or paths of YAML files.", metavar="SCENARIO..."
        ),
    ],
    rounds: Annotated[int | None, typer.Option(min=1, help="End after so many rounds.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="Begin no round that would end after so many minutes.", metavar="MINUTES"),
    ] = None,
    skills: Skills = None,
    path: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The folder of the log.", show_default="a new one in runs/", parser=folder, metavar="<path>"
        ),
    ] = None,
    synthesizer: Annotated[
        str, typer.Option(help="Who makes candidates: scripted (recipes varied by rules) or vlm (a model).")
    ] = SYNTHESIZERS[0],
    observation: Annotated[
        str, typer.Option(help=f"{' or '.join(OBSERVATIONS)} (smacv2's wiped rows kept).")
    ] = OBSERVATIONS[0],
    information: Information = COMMUNICATED,
    held_out: Annotated[int, typer.Option(min=1, help="Held-out battles of a measurement, in each scenario.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    workers: Workers = None,
    json: Json = False,
    model: by.Model = None,
    base_url: by.BaseUrl = None,
    no_image: by.NoImage = False,
    frames: by.Frames = None,
    image_size: by.ImageSize = None,
    prompts: by.Prompts = None,
    answer_tokens: by.AnswerTokens = None,
    concurrency: by.Concurrency = None,
    requests_per_minute: by.Rate = None,
    timeout: by.Timeout = None,
    max_tokens: by.MaxTokens = None,
    max_dollars: by.MaxDollars = None,
    max_minutes: by.MaxMinutes = None,
    prices: by.Prices = None,
) -> None:
    """Let a skill library grow: candidates are made, raced and tried, and those that win more go into it.

    Give --rounds, --budget or both. Whatever stops it, what was admitted stays, and another run goes on from there;
    compass skills log tells what came of every candidate.
    """
    if rounds is None and budget is None:
        raise InputError("say for how long: --rounds N, --budget MINUTES, or both")
    if synthesizer not in SYNTHESIZERS:
        raise unknown("synthesizer", synthesizer, SYNTHESIZERS)
    options = by.model_settings({**context.params, "planner": synthesizer}, switch="--synthesizer vlm")
    if information == FULL and skills is None:
        raise InputError("what is evolved under full information goes into a library of its own: name it with --skills")
    if options and information == FULL:
        raise InputError(
            "a model is told what agents can know: leave out --information full, or take the scripted synthesizer"
        )
    settings = EvolveSettings(
        scenarios=tuple(load_scenario(name) for name in scenarios),
        skills=skills or default_library_folder(),
        rounds=rounds,
        minutes=budget,
        observation=observation,
        episode=EpisodeSettings(information=information),
        held_out=held_out,
        seed=seed,
        workers=workers,
        effort=BY_MODEL if options else BY_RULES,
    )
    load_library(settings.skills)  # before a folder is begun for its log
    path = path or default_evolve_path(settings)
    shown = _Shown()
    try:
        with shown.status, EvolveFolder(path) as log:
            curve = _by_model(settings, options, log, shown) if options else _by_rules(settings, log, shown)
    except KeyboardInterrupt:
        words = f"stopped; what was admitted is in {settings.skills}, and the same command with another --out goes on"
        err().print(words, markup=False, soft_wrap=True)
        raise
    if json:
        points, found = ([asdict(each) for each in those] for those in (curve, shown.rounds))
        how = {"observation": observation, "information": information, "backend": "embedded"}
        print_json({"out": str(path), "skills": str(settings.skills), **how, "curve": points, "rounds": found})
        return
    told = " full information," if information == FULL else ""
    spent = f"{len(shown.rounds)} rounds ({sum(each.episodes for each in shown.rounds):,} battles)"
    for name, gain in curve[-1].gains.items():
        first, last = (_told(point, name) for point in (curve[0], curve[-1]))
        low, high = (100 * end for end in gain.interval)
        out().print(
            f"{name}, {observation} observation,{told} embedded engine: {first} before, {last} after {spent}; "
            f"{100 * gain.difference:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}) on the same held-out battles",
            markup=False,
            soft_wrap=True,
        )
    out().print(f"what became of every candidate: {command()} skills log --skills {settings.skills}", soft_wrap=True)


def _by_rules(settings: EvolveSettings, folder: EvolveFolder, shown: Progress) -> list[Point]:
    synthesizer = ScriptedSynthesizer(settings.seed, Store(settings.skills).candidates())
    return evolve(settings, synthesizer, folder, shown)


def _by_model(settings: EvolveSettings, options: dict[str, Any], folder: EvolveFolder, shown: Progress) -> list[Point]:
    from compass.bootstrap.vlm import Asker  # what stands behind it loads pydantic, which only a model needs
    from compass.evolve.gather import gather
    from compass.evolve.vlm import VlmSynthesizer, open_model

    asker = Asker(**options)
    with open_model(asker, folder.cassette) as asking, VlmSynthesizer(asker, asking) as synthesizer:

        def watch(arena: Arena, library: Library, seeds: Sequence[int]) -> Gathered:
            return gather(arena.scenario, library, asking, seeds, arena.observation)

        return evolve(settings, synthesizer, folder, shown, watch)


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
        nth = f", number {found.tried} of the race" if found.tried > 1 else ""
        what = f"{found.skill} {found.verdict}{nth}: {found.reason}" if found.skill else found.reason
        self._say(f"round {found.number}, {found.scenario}: {what}{_gain(found)}")

    def measured(self, point: Point) -> None:
        told = ", ".join(f"{name} {_told(point, name)}" for name in point.wins)
        self._say(f"held-out battles after {point.rounds} rounds, {point.seconds:,.0f} s: {told}")

    def stopped(self, limit: str) -> None:
        self._say(f"no further round: {limit}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _gain(found: Round) -> str:
    if found.difference is None or found.interval is None:
        return ""
    low, high = (100 * end for end in found.interval)
    points = f"{100 * found.difference:+.1f} points ({low:+.1f} to {high:+.1f}, each end with 95 %)"
    return f" ({points} in {found.pairs} pairs of battles from {found.seed} on)"


def _told(point: Point, scenario: str) -> str:
    low, high = wilson(point.wins[scenario], point.battles)
    return f"{100 * point.wins[scenario] / point.battles:.1f} % ({100 * low:.0f}-{100 * high:.0f}) won"
