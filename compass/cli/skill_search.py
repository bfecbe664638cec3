"""`compass skills search`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from compass.cli.evaluate import Skills
from compass.cli.output import Json, err, out, print_json
from compass.errors import InputError, unknown
from compass.models.settings import ModelSettings, default_base_url, key_from_environment
from compass.skills.library import Merit, Skill, default_library_folder, load_library
from compass.skills.retrieval import TOP_K, Found, Scores, rank
from compass.skills.store import Store
from envs.units import UNIT_NAMES


def search(
    text: Annotated[str, typer.Argument(help='What the skill should do; "" for what is proven and recent.')],
    unit_type: Annotated[str | None, typer.Option(help="For agents of this unit type.", show_default="all")] = None,
    top_k: Annotated[int, typer.Option(help="How many at most.")] = TOP_K,
    skills: Skills = None,
    embedding_model: Annotated[
        str | None, typer.Option(help="Find them by a model's embeddings.", show_default="by words")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Its server's address.", show_default="OPENAI_BASE_URL, or the hosted API"),
    ] = None,
    json: Json = False,
) -> None:
    """The skills that fit a text best, as planners find them, and why."""
    if unit_type is not None and unit_type not in UNIT_NAMES:
        raise unknown("unit type", unit_type, UNIT_NAMES)
    if top_k < 1:
        raise InputError(f"--top-k is {top_k}; give 1 or more")
    if embedding_model is None and base_url is not None:
        raise InputError("--base-url is a model's server: name the model with --embedding-model, or leave it out")
    library = load_library(skills or default_library_folder())
    candidates = [each for each in library.skills.values() if unit_type is None or each.serves(unit_type)]
    store = Store(library.folder)
    scores = None
    if embedding_model is not None and text.strip():
        where = ModelSettings(embedding_model, base_url or default_base_url())
        scores = asyncio.run(_similar(where, candidates, text, store))
    ranked = rank(candidates, text, _merits(store), scores)
    found = [each for each in ranked if each.score > 0 or not text.strip()][:top_k]
    if json:
        by = "words" if scores is None else "embeddings"
        told = [_fields(place, each) for place, each in enumerate(found, 1)]
        print_json({"folder": str(library.folder), "text": text, "unit_type": unit_type, "by": by, "found": told})
    else:
        _print(found)


async def _similar(where: ModelSettings, skills: Sequence[Skill], text: str, store: Store) -> Scores | None:
    from compass.models.client import Client  # the SDK behind it takes a second to import
    from compass.skills.similarity import Similarity, VectorCache

    async with Client(where, key_from_environment()) as client:
        cache = VectorCache(store.vectors if store.exists else None)  # a plain folder is left plain
        return await Similarity(client, where.model, _note, cache).scores(skills, text)


def _merits(store: Store) -> dict[str, Merit]:
    try:
        return store.merits()
    except InputError as error:
        _note(f"nothing counts as proven or recent: {error}")
        return {}


def _print(found: Sequence[Found]) -> None:
    if not found:
        _note("no skill has a word of this; compass skills list shows them all")
        return
    table = Table("rank", "skill", "unit types", "tasks", "score", "because", box=None)
    for place, each in enumerate(found, 1):
        skill = each.skill
        cells = (", ".join(skill.unit_types), escape(", ".join(skill.tasks)), f"{each.score:.1f}", escape(_why(each)))
        table.add_row(str(place), skill.name, *cells)
    out().print(table)


def _why(each: Found) -> str:
    merit = each.merit
    parts = [f"serves {each.task}" if each.task is not None else "", f"text {each.fit:.1f}" if each.fit else ""]
    parts += [
        f"proven {100 * merit.proven:+.1f} points" if merit.proven else "",
        merit.since and f"since {merit.since}",
    ]
    return ", ".join(filter(None, parts))


def _fields(place: int, each: Found) -> dict[str, Any]:
    skill, merit = each.skill, each.merit
    return {
        "rank": place,
        "name": skill.name,
        "unit_types": list(skill.unit_types),
        "tasks": list(skill.tasks),
        "score": each.score,
        "why": {"task": each.task, "text": each.fit, "proven": merit.proven, "since": merit.since or None},
    }


def _note(text: str) -> None:
    err().print(f"note: {text}", markup=False, soft_wrap=True)
