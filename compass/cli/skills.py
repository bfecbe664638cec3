"""`compass skills`: look at a skill library, check it, copy it. What is kept of it: `compass.cli.skill_history`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from compass.cli.evaluate import Skills
from compass.cli.output import Json, out, print_json
from compass.cli.skill_history import known_versions, last_good, register
from compass.cli.skill_search import search
from compass.cli.skill_trial import try_command
from compass.errors import InputError
from compass.planner.scripted import TASKS
from compass.skills.library import Broken, Library, Skill, default_library_folder, init_library, load_library
from compass.skills.rehearsal import rehearse
from compass.skills.store import Version

app = typer.Typer(
    help="The skill library: look at it, check it, copy it, try a change, go back in it.", no_args_is_help=True
)


@app.command("list")
def list_skills(skills: Skills = None, json: Json = False) -> None:
    """The skills that load, and the files that do not."""
    library = _library(skills)
    if json:
        print_json(_described(library))
        return
    versions = known_versions(library)
    table = Table("skill", *(["version"] if versions else []), "unit types", "tasks", "what it does", box=None)
    for each in library.skills.values():
        cells = [escape(_told(versions.get(each.name)))] if versions else []
        table.add_row(
            each.name, *cells, ", ".join(each.unit_types), escape(", ".join(each.tasks)), escape(each.summary)
        )
    out().print(table)
    for broken in library.broken:
        out().print(f"broken: {broken}", markup=False, soft_wrap=True)


@app.command("show")
def show(
    skill: Annotated[str, typer.Argument(help="Name of the skill.")], skills: Skills = None, json: Json = False
) -> None:
    """The source of one skill."""
    library = _library(skills)
    found = library.get(skill)
    if json:
        print_json(_fields(found, known_versions(library)) | {"source": found.source})
    else:
        print(found.source, end="")


@app.command("check")
def check(skills: Skills = None, json: Json = False) -> None:
    """Check every file of a library, and try every skill on a few made-up moments of a battle.

    Exit code 2 when something is wrong, which is named with line and reason.
    """
    library = _library(skills)
    failed, notes = _tried(library)
    notes += [*_unasked(library), *last_good(library)]
    if json:
        print_json(_described(library) | {"failed": [_problem(each) for each in failed], "notes": notes})
    else:
        for each in (*library.broken, *failed):
            out().print(f"{library.folder / each.file}:{each.line}: {each.reason}", markup=False, soft_wrap=True)
        for note in notes:
            out().print(f"note: {note}", markup=False, soft_wrap=True)
        counts = f"{len(library.skills)} skills of {library.folder} load, {len(failed)} of them fail when tried"
        files = len({broken.file for broken in library.broken})
        out().print(f"{counts}; {files} files are broken", markup=False, soft_wrap=True)
    if library.broken or failed:
        raise typer.Exit(2)


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    grown: Annotated[
        str | None,
        typer.Option(help="Copy what it became in an evolution of this name, as terran_5_vs_6_epo.", metavar="NAME"),
    ] = None,
    json: Json = False,
) -> None:
    """Copy the shipped library into a folder of your own, to be edited and given as --skills."""
    files = init_library(folder, grown)
    if json:
        print_json({"folder": str(folder), "files": [file.name for file in files]})
    else:
        print(f"{len(files)} files in {folder}; use them with --skills {folder}")


register(app)
app.command("try")(try_command)
app.command("search")(search)


def _tried(library: Library) -> tuple[list[Broken], list[str]]:
    """What goes wrong when the skills are tried, and a note where they cannot be."""
    if not library.skills:
        return [], []
    try:
        return rehearse(library), []
    except InputError as error:
        return [], [f"skills were not tried: {error}"]


def _unasked(library: Library) -> list[str]:
    """Notes on skills that the scripted planner will not choose by their tasks; a model or the random planner may."""
    asked = ", ".join(TASKS)
    notes = []
    for skill in library.skills.values():
        unknown = [task for task in skill.tasks if task not in TASKS]
        if not skill.tasks:
            what = "it names no task, so the scripted planner does not look for it"
        elif len(unknown) == len(skill.tasks):
            what = f"the scripted planner asks for none of its tasks ({', '.join(unknown)})"
        elif unknown:
            what = f"the scripted planner does not ask for its task {', '.join(unknown)}"
        else:
            continue
        notes.append(f"{skill.path.name}: {what}; it asks for {asked}")
    return notes


def _library(folder: Path | None) -> Library:
    return load_library(folder or default_library_folder())


def _told(version: Version | None) -> str:
    return f"{version.number} by {version.by}, {version.when[:10]}" if version else "not kept yet"


def _fields(skill: Skill, versions: Mapping[str, Version]) -> dict[str, Any]:
    version = versions.get(skill.name)
    return {
        "name": skill.name,
        "title": skill.title,
        "summary": skill.summary,
        "unit_types": list(skill.unit_types),
        "tasks": list(skill.tasks),
        "parameters": skill.parameters,
        "file": str(skill.path),
        "version": version and version.number,
        "by": version and version.by,
        "since": version and version.when,
    }


def _problem(each: Broken) -> dict[str, Any]:
    return {"file": each.file, "line": each.line, "reason": each.reason}


def _described(library: Library) -> dict[str, Any]:
    broken = [_problem(each) for each in library.broken]
    versions = known_versions(library)
    skills = [_fields(skill, versions) for skill in library.skills.values()]
    return {"folder": str(library.folder), "hash": library.content_hash, "skills": skills, "broken": broken}
