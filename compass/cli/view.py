"""`compass view`: an episode as an animated picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.cli.output import Json, print_json
from compass.errors import InputError
from compass.evaluate.manifest import scenario_of
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
    path = folder.record_path(episode)
    if not path.is_file():
        raise InputError(f"{run} has no episode {episode}; it has {_episodes(folder)}")
    record, manifest = read_record(path), folder.manifest()
    scenario = scenario_of(manifest)
    if agent is None:
        frames = spectator_frames(record, scenario, f"{scenario.name}   seed {episode}")
    else:
        try:
            hops, observation = manifest["hops"], manifest["observation"]
        except KeyError as error:
            raise InputError(f"{run / 'manifest.json'} is damaged: it lacks {error}") from None
        frames = agent_frames(record, scenario, agent, hops, observation)
    pictures = write_gif(frames, gif)
    if json:
        print_json({"gif": str(gif), "pictures": pictures})
    else:
        print(f"{pictures} pictures in {gif}")


def _episodes(folder: RunFolder) -> str:
    seeds = [result.seed for result in folder.results() if folder.record_path(result.seed).is_file()]
    shown = ", ".join(map(str, seeds[:5]))
    return f"{len(seeds)}: {shown}{', ...' if len(seeds) > 5 else ''}" if seeds else "none yet"
