"""`compass replay`: a run played again, and whether it came out the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from compass.cli.output import Json, err, folder, out, print_json
from compass.evaluate.manifest import differences
from compass.evaluate.replay import Comparison, default_replay_path, replay
from compass.evaluate.run_folder import RunFolder
from compass.types import EpisodeResult


def replay_command(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    path: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The new run folder.", show_default="RUN-replay, beside it", parser=folder, metavar="<path>"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Play the finished episodes of a run again and compare them to the byte.

    A model is not asked again: its answers are taken from the run's cassette. Skills and prompts are the run's own copies. Exit
    code 1 when an episode comes out otherwise.
    """
    path = path or default_replay_path(run)
    taken = (path / "manifest.json").exists()
    count = 0
    with err().status("playing again") as status:

        def advance(result: EpisodeResult) -> None:
            nonlocal count
            count += 1
            status.update(f"{count} episodes played again")

        try:
            comparison = replay(run, path, advance)
        finally:
            notes = [] if taken else _notes(run, path)
            for note in notes:
                err().print(f"note: {note}", markup=False, soft_wrap=True)
    _show(comparison, run, path, notes, json)
    if comparison.differing:
        raise typer.Exit(1)


def _notes(run: Path, path: Path) -> list[str]:
    """What is not as it was when the run was made; nothing if the replay did not begin."""
    if not (path / "manifest.json").is_file():
        return []
    original, again = RunFolder(run).manifest(), RunFolder(path).manifest()
    return differences(original, again | {"played_back": original.get("played_back")})


def _show(comparison: Comparison, run: Path, path: Path, notes: list[str], json: bool) -> None:
    compared = len(comparison.identical) + len(comparison.differing)
    first = comparison.differing[0] if comparison.differing else None
    if json:
        print_json(
            {
                "run": str(run),
                "replay": str(path),
                "compared": compared,
                "identical": len(comparison.identical),
                "differing": [asdict(each) for each in comparison.differing],
                "not_reproducible": list(comparison.not_reproducible),
                "notes": notes,
            }
        )
        return
    lines = [f"{len(comparison.identical)} of {compared} episodes are identical"]
    if first:
        lines.append(f"the first that differs: {first}")
    if comparison.not_reproducible:
        seeds = ", ".join(map(str, comparison.not_reproducible))
        lines.append(f"not compared, for the speed of a machine decided an action, or it crashed: seeds {seeds}")
    for line in [*lines, f"replay: {path}"]:
        out().print(line, markup=False, soft_wrap=True)
