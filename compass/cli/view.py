"""`compass view`: an episode as an animated picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.cli.output import Json, print_json
from compass.errors import InputError


def view(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    episode: Annotated[int, typer.Argument(help="The episode's seed.")],
    gif: Annotated[Path, typer.Option(help="The GIF file to write.")],
    agent: Annotated[int | None, typer.Option(help="What this agent knew at each step.", show_default="the spectator's view")] = None,
    spectator: Annotated[bool, typer.Option("--spectator", help="The whole battle, which no agent ever sees.")] = False,
    json: Json = False,
) -> None:
    """Draw an episode of a run from its record: the whole battle, or what one agent knew."""
    if agent is not None and spectator:
        raise InputError("--agent and --spectator are two different views; give one")
