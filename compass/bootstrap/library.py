"""A first skill library on disk: the skills, and beside them the analysis, the recipes and where everything came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from compass.bootstrap.analysis import analyse, page
from compass.bootstrap.evidence import collect, looked_at
from compass.bootstrap.harvest import Harvest, LeftOut
from compass.bootstrap.scripted import recipes
from compass.demos.file import Demonstrations
from compass.errors import InputError
from compass.evaluate.run_folder import write_whole
from compass.skills.library import Library, load_library
from compass.skills.rehearsal import rehearse
from compass.synthesis.recipe import compose

_PAGE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@contextmanager
def new_folder(out: Path) -> Iterator[None]:
    """While a library is made in `out`, a new or empty folder. Should that fail, what a model has answered stays there.

    Raises:
        InputError: it holds something, is a file, or cannot be written.
    """
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(
                f"{out} is no empty folder, and nothing is overwritten: name a new or empty one with --out"
            )
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}; name another --out") from None


def by_rules(files: Sequence[Demonstrations]) -> Harvest:
    """Analyse and write skills by rules.

    Raises:
        InputError: a file is damaged.
    """
    evidence = collect(files)
    made = recipes(evidence)
    how = "Made by rules that count who did what; no model was asked."
    sources = {recipe.name: compose(recipe) for recipe in made}
    return Harvest(how, analyse(evidence), sources, made)


def store(harvest: Harvest, files: Sequence[Demonstrations], out: Path) -> Library:
    """Write a library and all that belongs to it, and make sure that it loads and can be rehearsed.

    Raises:
        InputError: not a single skill passed, or skills cannot be confined here.
    """
    for name, source in harvest.sources.items():
        write_whole(out / f"{name}.py", source.encode())
    for kind, texts in (
        (
            "recipes",
            {f"{recipe.name}.json": orjson.dumps(recipe.to_json(), option=_PAGE) for recipe in harvest.recipes},
        ),
        ("left_out", {f"{each.name}.txt": _reasons(each) for each in harvest.left_out}),
    ):
        for name, text in texts.items():
            (out / kind).mkdir(exist_ok=True)
            write_whole(out / kind / name, text)
    write_whole(out / "analysis.json", orjson.dumps(dict(harvest.analysis), option=_PAGE))
    write_whole(out / "analysis.md", page(harvest.analysis, files, harvest.how).encode())
    write_whole(out / "bootstrap.json", orjson.dumps(_provenance(harvest, files), option=_PAGE))
    if not harvest.sources:
        raise InputError(f"no skill passed the checks; {out / 'left_out'} tells why, and holds what was written")
    library = load_library(out)
    for broken in (*library.broken, *rehearse(library)):
        raise RuntimeError(f"a skill that passed does not play: {broken}")
    return library


def _provenance(harvest: Harvest, files: Sequence[Demonstrations]) -> Mapping[str, Any]:
    return {
        "how": harvest.how,
        **harvest.about,
        "steps": sum(demos.steps for demos in files),
        "demonstrations": [
            {
                "file": demos.path.name,
                "sha256": demos.digest,
                "battles": len(demos.results),
                "looked_at": len(looked_at(demos)),
                "won": demos.wins,
                "steps": demos.steps,
                "manifest": demos.manifest,
            }
            for demos in files
        ],
        "skills": sorted(harvest.sources),
        "left_out": {each.name: list(each.reasons) for each in harvest.left_out},
    }


def _reasons(each: LeftOut) -> bytes:
    return "\n".join((*(f"# {reason}" for reason in each.reasons), each.source)).encode()
