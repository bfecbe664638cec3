"""`compass evaluate`."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from compass.cli import model_options as by
from compass.cli.output import Json, command, err, folder, out, print_json, progress_bar
from compass.episode import INFORMATION, EpisodeSettings
from compass.errors import InputError, unknown
from compass.evaluate.evaluator import default_run_path, evaluate, library_of
from compass.evaluate.report import RunReport, load_report, notes_of, table_of
from compass.evaluate.settings import OBSERVATIONS, PLANNERS, EvaluateSettings, default_hops
from compass.policies import POLICIES
from compass.types import EpisodeResult, Outcome
from envs.scenario import BACKENDS
from envs.scenario_file import load_scenario

_DEFAULTS = EpisodeSettings()

Scenario = Annotated[
    str, typer.Argument(help="A scenario that ships (compass scenarios list) or the path of a YAML file.")
]
Episodes = Annotated[int, typer.Option(help="How many battles; their seeds follow one another.")]
Seed = Annotated[int, typer.Option(help="Seed of the first battle.")]
Skills = Annotated[Path | None, typer.Option(help="Folder of the skill library.", show_default="the shipped one")]
Information = Annotated[
    str,
    typer.Option(
        help=f"What agents know: {' or '.join(INFORMATION)} (every unit, and whom the enemies attack: to compare with)."
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that play; with a model, battles at once.", show_default="one per core; 8")
]
Unsafe = Annotated[bool, typer.Option("--unsafe-skills", help="Run skills unconfined where the system has no sandbox.")]


def evaluate_command(
    context: typer.Context,
    scenario: Scenario,
    episodes: Episodes = 100,
    seed: Seed = 0,
    policy: Annotated[
        str, typer.Option(help=f"Who plays: {', '.join(POLICIES)}, or a checkpoint of compass train.")
    ] = "team",
    planner: Annotated[str, typer.Option(help=f"How a team plans: {', '.join(PLANNERS)}.")] = "scripted",
    observation: Annotated[
        str, typer.Option(help=f"{' or '.join(OBSERVATIONS)} (smacv2's wiped rows kept).")
    ] = "repaired",
    information: Information = _DEFAULTS.information,
    backend: Annotated[str, typer.Option(help=f"Who simulates: {', '.join(BACKENDS)}.")] = "embedded",
    plan_every: Annotated[int, typer.Option(help="Steps between an agent's plans.")] = _DEFAULTS.plan_every,
    plan_on_change: Annotated[str, typer.Option(help="Plan too on sharp change: on or off.")] = "on",
    top_k: Annotated[
        int, typer.Option(help="How many skills a plan chooses from at most, those that fit best.")
    ] = _DEFAULTS.top_k,
    hops: Annotated[
        int | None,
        typer.Option(
            help="How many hops a message may take; 0 for no communication.",
            show_default=f"{_DEFAULTS.hops}, or what a trained policy learnt to hear over",
        ),
    ] = None,
    skills: Skills = None,
    workers: Workers = None,
    path: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The run folder.", show_default="a new one in runs/", parser=folder, metavar="<path>"
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    live_skills: Annotated[
        bool, typer.Option("--live-skills", help="Pick up edits to the library between plans. The run is labelled.")
    ] = False,
    unsafe_skills: Unsafe = False,
    json: Json = False,
    model: by.Model = None,
    base_url: by.BaseUrl = None,
    calls: by.Calls = None,
    no_image: by.NoImage = False,
    no_reflection: by.NoReflection = False,
    frames: by.Frames = None,
    image_size: by.ImageSize = None,
    prompts: by.Prompts = None,
    clock: by.Clock = None,
    game_speed: by.GameSpeed = None,
    answer_tokens: by.AnswerTokens = None,
    embedding_model: by.EmbeddingModel = None,
    concurrency: by.Concurrency = None,
    requests_per_minute: by.Rate = None,
    timeout: by.Timeout = None,
    max_tokens: by.MaxTokens = None,
    max_dollars: by.MaxDollars = None,
    max_minutes: by.MaxMinutes = None,
    prices: by.Prices = None,
) -> None:
    """Play battles and say how often they were won.

    The run folder holds the manifest, a line and a record per episode, the skills used, and of a model its prompts and the cassette
    of its calls. A run that was stopped, whatever stopped it, goes on with --resume.
    """
    by_model = by.model_settings(context.params)
    if plan_on_change not in ("on", "off"):
        raise unknown("value of --plan-on-change", plan_on_change, ("on", "off"))
    if resume and path is None:
        raise InputError("--resume needs --out: the folder of the run to continue")
    settings = EvaluateSettings(
        scenario=load_scenario(scenario),
        episodes=episodes,
        seed=seed,
        policy=policy,
        planner=planner,
        observation=observation,
        backend=backend,
        episode=EpisodeSettings(
            default_hops(policy) if hops is None else hops,
            plan_every,
            plan_on_change == "on",
            information,
            top_k,
        ),
        skills=skills,
        live_skills=live_skills,
        unsafe_skills=unsafe_skills,
        workers=workers,
        **by_model,
    )
    path = path or default_run_path(settings)
    try:
        report = watch(settings, path, resume)
    except KeyboardInterrupt:
        if (path / "manifest.json").is_file():
            show(load_report(path), json)
            err().print(f"stopped; go on with: {_resume_command(path)}", soft_wrap=True)
        raise
    show(report, json)


def watch(settings: EvaluateSettings, path: Path, resume: bool = False) -> RunReport:
    """Evaluate with a progress bar, after naming the skill files that were left out as broken."""
    library = library_of(settings)
    for broken in library.broken if library and not settings.live_skills else ():
        err().print(f"skill left out: {broken}", markup=False, soft_wrap=True)
    counts: Counter[Outcome] = Counter()
    console = err()
    with progress_bar() as bar:
        name = settings.player
        task = bar.add_task(name, total=settings.episodes)

        def advance(result: EpisodeResult) -> None:
            counts[result.outcome] += 1
            bar.update(task, advance=1, description=f"{name}: {counts[Outcome.WIN]} won")

        return evaluate(settings, path, resume, advance, lambda line: console.print(line, markup=False, soft_wrap=True))


def show(report: RunReport, json: bool) -> None:
    """Print a run's figures."""
    if json:
        print_json(report.summary())
        return
    out().print(table_of([report]))
    show_origin([report])


def show_origin(reports: Sequence[RunReport]) -> None:
    """Print what figures must not be read without, and where their runs lie."""
    for note in [note for report in reports for note in notes_of(report)]:
        out().print(note, markup=False, soft_wrap=True)
    for report in reports:
        out().print(f"run: {report.path}", markup=False, soft_wrap=True)


def _resume_command(path: Path) -> str:
    given = [word for word in sys.argv[1:] if word != "--resume"]
    has_out = any(word == "--out" or word.startswith("--out=") for word in given)
    words = shlex.join([*given, *([] if has_out else ["--out", str(path)]), "--resume"])
    return f"{command()} {words}"
