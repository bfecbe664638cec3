"""`compass view`: an episode as an animated picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.cli.output import Json, print_json
from compass.errors import InputError
from compass.evaluate.manifest import communication_of, scenario_of
from compass.evaluate.records import read_record
from compass.evaluate.run_folder import RunFolder
from compass.view import agent_frames, spectator_frames, write_gif


def view(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    episode: Annotated[int, typer.Argument(help="The episode, by its seed.")],
    gif: Annotated[Path, typer.Option(help="The GIF file to write.")],
    agent: Annotated[
        int | None, typer.Option(help="Draw what this agent knew.", show_default="the whole battle")
    ] = None,
    spectator: Annotated[
        bool, typer.Option("--spectator", help="Draw the whole battle, which no agent ever sees.")
    ] = False,
    json: Json = False,
) -> None:
    """Draw an episode from its record: the whole battle, or step by step what one agent knew."""
    if agent is not None and spectator:
        raise InputError("--agent and --spectator are two different views: give one of them")
    if gif.suffix.lower() != ".gif":
        raise InputError(f"--gif {gif}: only GIF files are written; give a name that ends in .gif")
    folder = RunFolder(run)
    record, manifest = read_record(folder.recorded(episode)), folder.manifest()
    scenario = scenario_of(manifest)
    if agent is None:
        frames = spectator_frames(record, scenario, f"{scenario.name}   seed {episode}")
    else:
        frames = agent_frames(record, scenario, agent, *communication_of(manifest))
    pictures = write_gif(frames, gif)
    if json:
        print_json({"gif": str(gif), "pictures": pictures})
    else:
        print(f"{pictures} pictures in {gif}")
