"""`compass bootstrap`: a first skill library from demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from compass.bootstrap.harvest import Harvest
from compass.bootstrap.library import by_rules, new_folder, store
from compass.cli import model_options as by
from compass.cli.output import Json, err, folder, out, print_json
from compass.demos.file import Demonstrations
from compass.errors import unknown
from compass.models.lines import one_line

SYNTHESIZERS = ("scripted", "vlm")


def bootstrap(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files of compass demos record.")],
    path: Annotated[
        Path, typer.Option("--out", help="The library's folder, new or empty.", parser=folder, metavar="<path>")
    ],
    synthesizer: Annotated[
        str, typer.Option(help="Who makes it: scripted (rules that count who did what) or vlm (a model).")
    ] = "scripted",
    json: Json = False,
    model: by.Model = None,
    base_url: by.BaseUrl = None,
    no_image: by.NoImage = False,
    frames: by.Frames = None,
    image_size: by.ImageSize = None,
    prompts: by.Prompts = None,
    answer_tokens: by.AnswerTokens = None,
    concurrency: by.Concurrency = None,
    requests_per_minute: by.Rate = None,
    timeout: by.Timeout = None,
    max_tokens: by.MaxTokens = None,
    max_dollars: by.MaxDollars = None,
    max_minutes: by.MaxMinutes = None,
    prices: by.Prices = None,
) -> None:
    """Make a first skill library from demonstrations: analyse the tactics of each unit type, then write its skills.

    Beside the skills lie the analysis (analysis.md, analysis.json) and where all of it comes from (bootstrap.json); of rules the
    skills' recipes, too; of a model its calls (cassette) and what did not pass (left_out).
    """
    if synthesizer not in SYNTHESIZERS:
        raise unknown("synthesizer", synthesizer, SYNTHESIZERS)
    options = by.model_settings({**context.params, "planner": synthesizer}, switch="--synthesizer vlm")
    opened = [Demonstrations(file) for file in files]
    with new_folder(path):
        harvest = _by_model(options, opened, path) if options else by_rules(opened)
        library = store(harvest, opened, path)
    for each in harvest.left_out:
        err().print(f"left out: {each.name}: {one_line(each.reasons[0], 300)}", markup=False, soft_wrap=True)
    if json:
        print_json(
            {
                "folder": str(path),
                "skills": sorted(library.skills),
                "hash": library.content_hash,
                "left_out": {each.name: list(each.reasons) for each in harvest.left_out},
                "steps": sum(demos.steps for demos in opened),
                **harvest.about,
            }
        )
        return
    out().print(f"{len(library.skills)} skills in {path}; use them with --skills {path}", markup=False, soft_wrap=True)
    out().print(f"what they rest on: {path / 'analysis.md'}", markup=False, soft_wrap=True)


def _by_model(options: dict[str, Any], files: Sequence[Demonstrations], path: Path) -> Harvest:
    from compass.bootstrap.vlm import Asker, by_model  # what stands behind it loads pydantic, which only a model needs

    return by_model(Asker(**options), files, path / "cassette")
