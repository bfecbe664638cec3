"""Which recipes the skills of a library are made from, as far as its store or the bootstrap that made it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from compass.errors import InputError
from compass.skills.library import Library
from compass.skills.store import Store
from compass.skills.store.shelf import read_regular
from compass.synthesis.recipe import Recipe, compose


def recipes_of(store: Store, library: Library) -> dict[str, Recipe]:
    """The recipes that give the very text of a skill, by the skill's name: an edit by hand ends a recipe."""
    found: dict[str, Recipe] = {}
    for content in (*_of_bootstrap(store.folder), *_of_candidates(store)):
        try:
            recipe = Recipe.from_json(content)
        except InputError:
            continue  # of a version with other pieces, or edited: then the text alone counts
        skill = library.skills.get(recipe.name)
        if skill is not None and skill.source == compose(recipe):
            found[recipe.name] = recipe
    return found


def _of_bootstrap(folder: Path) -> Iterator[Mapping[str, object]]:
    for path in sorted((folder / "recipes").glob("*.json")):
        try:
            content = orjson.loads(read_regular(path))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict):
            yield content


def _of_candidates(store: Store) -> Iterator[Mapping[str, object]]:
    for kept in store.candidates():
        recipe = kept.evidence.get("recipe")
        if isinstance(recipe, dict):
            yield recipe
