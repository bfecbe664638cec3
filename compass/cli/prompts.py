"""`compass prompts`: a copy of the prompt files of planning, bootstrapping and evolving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.bootstrap import prompts as bootstrap
from compass.cli.output import Json, print_json
from compass.evolve import prompts as evolve
from compass.planner.vlm.prompts import init_prompts

app = typer.Typer(help="The prompts that a vision-language model plans by.", no_args_is_help=True)


@app.callback()
def prompts() -> None:
    """The prompts that a vision-language model plans by."""


@app.command("init")
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], json: Json = False) -> None:
    """Copy the shipped prompt files into a folder of your own, to be edited and given as --prompts."""
    others = [each.SHIPPED / f"{name}.md" for each in (bootstrap, evolve) for name in each.PLACES]
    files = init_prompts(folder, others)
    if json:
        print_json({"folder": str(folder), "files": [file.name for file in files]})
    else:
        print(f"{len(files)} files in {folder}; use them with --prompts {folder}")
