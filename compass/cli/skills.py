"""`compass skills`: look at a skill library, check it, copy it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from compass.cli.evaluate import Skills
from compass.cli.output import Json, out, print_json
from compass.skills.library import Library, Skill, default_library_folder, init_library, load_library

app = typer.Typer(help="The skill library: list, show, check, copy.", no_args_is_help=True)


@app.command("list")
def list_skills(skills: Skills = None, json: Json = False) -> None:
    """The skills that load, and the files that do not."""
    library = _library(skills)
    if json:
        print_json(_described(library))
        return
    table = Table("skill", "unit types", "what it does", box=None)
    for each in library.skills.values():
        table.add_row(each.name, ", ".join(each.unit_types), escape(each.title))
    out().print(table)
    for broken in library.broken:
        out().print(f"broken: {broken}", markup=False, soft_wrap=True)


@app.command("show")
def show(
    skill: Annotated[str, typer.Argument(help="Name of the skill.")], skills: Skills = None, json: Json = False
) -> None:
    """The source of one skill."""
    found = _library(skills).get(skill)
    if json:
        print_json(_fields(found) | {"source": found.source})
    else:
        print(found.source, end="")


@app.command("check")
def check(skills: Skills = None, json: Json = False) -> None:
    """Check every file of a library: exit code 1 when one is broken, named with line and reason."""
    library = _library(skills)
    if json:
        print_json(_described(library))
    else:
        for broken in library.broken:
            out().print(f"{library.folder / broken.file}:{broken.line}: {broken.reason}", markup=False, soft_wrap=True)
        files = len({broken.file for broken in library.broken})
        out().print(f"{len(library.skills)} skills of {library.folder} load, {files} files are broken", soft_wrap=True)
    if library.broken:
        raise typer.Exit(1)


@app.command("init")
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], json: Json = False) -> None:
    """Copy the shipped library into a folder of your own, to be edited and given as --skills."""
    files = init_library(folder)
    if json:
        print_json({"folder": str(folder), "files": [file.name for file in files]})
    else:
        print(f"{len(files)} files in {folder}; use them with --skills {folder}")


def _library(folder: Path | None) -> Library:
    return load_library(folder or default_library_folder())


def _fields(skill: Skill) -> dict[str, Any]:
    return {
        "name": skill.name,
        "title": skill.title,
        "unit_types": list(skill.unit_types),
        "parameters": skill.parameters,
        "file": str(skill.path),
    }


def _described(library: Library) -> dict[str, Any]:
    broken = [{"file": each.file, "line": each.line, "reason": each.reason} for each in library.broken]
    skills = [_fields(skill) for skill in library.skills.values()]
    return {"folder": str(library.folder), "hash": library.content_hash, "skills": skills, "broken": broken}
