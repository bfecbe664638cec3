"""`compass train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.baselines.folder import Point, TrainFolder
from compass.baselines.run import default_train_path, train
from compass.baselines.settings import ALGORITHMS, DEVICES, TrainSettings, hyper_parameters
from compass.cli.evaluate import Scenario
from compass.cli.output import Json, command, err, folder, out, print_json, progress_bar
from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.settings import OBSERVATIONS
from compass.evaluate.statistics import wilson
from compass.policies.rows import Reading
from envs.scenario_file import load_scenario

_HOPS = EpisodeSettings().hops


def train_command(
    algorithm: Annotated[str, typer.Argument(help=f"{', '.join(ALGORITHMS)}.", metavar="ALGO")],
    scenario: Scenario,
    steps: Annotated[int, typer.Option(help="Environment steps to learn from, rounded up to whole batches.")],
    seed: Annotated[int, typer.Option(help="Of weights, exploration and training battles.")] = 0,
    observation: Annotated[
        str, typer.Option(help=f"{' or '.join(OBSERVATIONS)} (smacv2's wiped rows kept).")
    ] = OBSERVATIONS[0],
    communicated: Annotated[
        bool,
        typer.Option("--communicated", help="Agents also read what they are told over the team's communication graph."),
    ] = False,
    hops: Annotated[
        int | None, typer.Option(help="With --communicated: how many hops a message may take.", show_default=str(_HOPS))
    ] = None,
    open_loop: Annotated[
        bool,
        typer.Option(
            "--open-loop", help="Agents see the time step and their id alone: tells how predictable battles are."
        ),
    ] = False,
    feed_forward: Annotated[bool, typer.Option("--feed-forward", help="Agents without a memory (no GRU).")] = False,
    device: Annotated[str, typer.Option(help=f"Where the updates are made: {' or '.join(DEVICES)}.")] = DEVICES[0],
    every: Annotated[int, typer.Option(help="Steps between measurements and checkpoints.")] = 50_000,
    held_out: Annotated[int, typer.Option(help="Held-out battles in a measurement.")] = 200,
    hyper: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A hyper-parameter in place of the algorithm's own; repeatable.", metavar="NAME=VALUE"
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option("--out", help="The folder.", show_default="a new one in runs/", parser=folder, metavar="<path>"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in --out.")] = False,
    json: Json = False,
) -> None:
    """Train a baseline; how often it wins held-out battles is measured on the way.

    The folder holds the curve, the latest checkpoint (policy.npz, for `compass evaluate --policy`) and what --resume needs. A
    training that was stopped, whatever stopped it, loses what it learnt since the last measurement.
    """
    if resume and path is None:
        raise InputError("--resume needs --out: the folder of the training to go on with")
    if hops is not None and not communicated:
        raise InputError("--hops is of messages; add --communicated, or leave it out")
    if hops == 0:
        raise InputError("over 0 hops nothing is told; give 1 or more, or leave out --communicated")
    settings = TrainSettings(
        algorithm=algorithm,
        scenario=load_scenario(scenario),
        steps=steps,
        seed=seed,
        observation=observation,
        recurrent=not feed_forward,
        device=device,
        every=every,
        held_out=held_out,
        reading=Reading(hops if hops is not None else _HOPS if communicated else 0, open_loop),
        hyper=hyper_parameters(algorithm, hyper or ()),
    )
    path = path or default_train_path(settings)
    try:
        points = watch(settings, path, resume)
    except KeyboardInterrupt:
        if TrainFolder(path).state.is_file():
            err().print(f"stopped; the same command with --out {path} --resume goes on", soft_wrap=True)
        raise
    last = points[-1]
    if json:
        print_json({"algorithm": algorithm, "scenario": settings.scenario.name, "run": str(path), "curve": points})
        return
    low, high = wilson(round(last["win_rate"] * last["battles"]), last["battles"])
    console = out()
    console.print(
        f"{algorithm}, {settings.scenario.name}, {settings.scenario.setting} setting, {observation} observation, embedded engine: "
        f"{100 * last['win_rate']:.1f} % ({100 * low:.0f}-{100 * high:.0f}) of {last['battles']} held-out battles won after "
        f"{last['steps']:,} steps, {last['seconds']:,.0f} s",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        f"to evaluate it: {command()} evaluate {scenario} --policy {TrainFolder(path).policy}", soft_wrap=True
    )


def watch(settings: TrainSettings, path: Path, resume: bool) -> list[Point]:
    """Train with a progress bar; where stderr is no terminal, a line for every measurement instead."""
    console = err()
    with progress_bar() as bar:
        task = bar.add_task(settings.algorithm, total=settings.steps)

        def advance(steps: int, point: Point | None) -> None:
            bar.update(task, completed=min(steps, settings.steps))
            if point is not None:
                told = f"{100 * point['win_rate']:.1f} % won"
                bar.update(task, description=f"{settings.algorithm}: {told}")
                if not console.is_terminal:
                    console.print(f"{point['steps']:,} steps, {point['seconds']:,.0f} s: {told}", markup=False)

        return train(settings, path, resume, advance)
