"""`compass demos`: record battles for skill libraries to be made from, and look at them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from compass.cli.evaluate import Episodes, Scenario, Seed, Skills, Unsafe, Workers
from compass.cli.output import Json, out, print_json, progress_bar
from compass.demos.file import Demonstrations, Episode
from compass.demos.record import record
from compass.errors import InputError
from compass.evaluate.settings import OBSERVATIONS, EvaluateSettings
from compass.observation import picture
from compass.observation.text import action_words
from compass.policies import POLICIES
from compass.types import EpisodeResult, Outcome
from envs.scenario_file import load_scenario

app = typer.Typer(help="Demonstrations: recorded battles that skill libraries are made from.", no_args_is_help=True)


@app.command("record")
def record_command(
    scenario: Scenario,
    path: Annotated[Path, typer.Option("--out", help="The file to write.")],
    policy: Annotated[
        str, typer.Option(help=f"Who plays: {', '.join(POLICIES)}, or a checkpoint of compass train.")
    ] = "team",
    episodes: Episodes = 100,
    seed: Seed = 0,
    observation: Annotated[
        str, typer.Option(help=f"{' or '.join(OBSERVATIONS)} (smacv2's wiped rows kept).")
    ] = "repaired",
    skills: Skills = None,
    workers: Workers = None,
    unsafe_skills: Unsafe = False,
    json: Json = False,
) -> None:
    """Play battles that are never counted, and keep what each agent knew and did in one file."""
    settings = EvaluateSettings(
        scenario=load_scenario(scenario),
        episodes=episodes,
        seed=seed,
        policy=policy,
        observation=observation,
        skills=skills,
        unsafe_skills=unsafe_skills,
        workers=workers,
    )
    with progress_bar() as bar:
        task = bar.add_task("recording", total=episodes)

        def advance(result: EpisodeResult) -> None:
            bar.advance(task)

        recorded = record(settings, path, advance)
    _tell(recorded, json)


@app.command("show")
def show(
    file: Annotated[Path, typer.Argument(help="A file of demonstrations.")],
    episode: Annotated[int | None, typer.Option(help="One battle, by its seed.", show_default="all in short")] = None,
    frames: Annotated[
        Path | None, typer.Option(help="Draw what each agent knew into this folder.", show_default="draw nothing")
    ] = None,
    json: Json = False,
) -> None:
    """What a file of demonstrations holds, or who did what in one battle of it; its pictures are drawn when asked for."""
    found = Demonstrations(file)
    if episode is None:
        if frames is not None:
            raise InputError("--frames draws one battle: add --episode SEED")
        _tell(found, json)
        return
    battle = found.episode(episode)
    drawn = _draw(battle, frames) if frames is not None else None
    if json:
        lines = [{"step": step, "actions": words} for step, words in enumerate(_actions(battle))]
        print_json({**_fields(battle.result), "steps": lines, "pictures": drawn})
        return
    outcome = f"episode {episode}: {battle.result.outcome}, {battle.result.length} steps"
    out().print(f"{outcome}, return {battle.result.returned:.2f}")
    for step, words in enumerate(_actions(battle)):
        out().print(f"{step:>4}  {', '.join(f'{agent}: {did}' for agent, did in words.items())}", soft_wrap=True)
    if drawn is not None:
        out().print(f"{drawn} pictures in {frames}", markup=False, soft_wrap=True)


def _actions(battle: Episode) -> list[dict[str, str]]:
    """What the living agents did at each step, in words."""
    lines: list[dict[str, str]] = [{} for _ in battle.actions]
    for agent in range(battle.actions.shape[1]):
        for obs, action in battle.life(agent):
            lines[obs.step][str(agent)] = action_words(action, obs.own.unit_type)
    return lines


def _draw(battle: Episode, folder: Path) -> int:
    """Draw what each agent knew at each step, as STEP-AGENT.png; how many pictures there are."""
    drawn = 0
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is no empty folder, and nothing is overwritten: name another --frames")
        folder.mkdir(parents=True, exist_ok=True)
        for agent in range(battle.actions.shape[1]):
            for obs, _ in battle.life(agent):
                (folder / f"{obs.step:03d}-{agent}.png").write_bytes(picture.png(obs))
                drawn += 1
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    return drawn


def _tell(found: Demonstrations, json: bool) -> None:
    manifest = found.manifest
    outcomes = Counter(result.outcome for result in found.results)
    fields: dict[str, Any] = {
        "file": str(found.path),
        **{
            key: manifest[key] for key in ("scenario", "setting", "observation", "stream", "seed", "episodes", "policy")
        },
        "checkpoint": (manifest["trained"] or {}).get("hash"),
        "skills": (manifest["skills"] or {}).get("hash"),
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "steps": found.steps,
        "rules": manifest["rules"],
    }
    if json:
        print_json(fields)
        return
    won = f"{found.wins} of {len(found.results)} battles won, {found.steps:,} steps"
    out().print(f"{found.path}: {fields['scenario']}, {fields['observation']}", markup=False, soft_wrap=True)
    out().print(f"played by {fields['policy']}: {won}, embedded engine, stream {fields['stream']}", soft_wrap=True)


def _fields(result: EpisodeResult) -> dict[str, Any]:
    return {"seed": result.seed, "outcome": result.outcome.value, "length": result.length, "returned": result.returned}
