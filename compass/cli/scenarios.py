"""`compass scenarios`: the battles there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml
from rich.table import Table

from compass.cli.evaluate import Episodes, Seed
from compass.cli.evaluate import Scenario as ScenarioName
from compass.cli.output import Json, out, print_json
from compass.errors import InputError
from compass.evaluate.settings import check_seeds
from envs.draws import EVALUATION, stream_key
from envs.scenario import Scenario
from envs.scenario_file import BENCHMARKS, load_scenario, scenario_names
from envs.teams import BattleSource

app = typer.Typer(help="The battles there are.", no_args_is_help=True)


@app.command("list")
def list_scenarios(json: Json = False) -> None:
    """The scenarios that ship."""
    if json:
        print_json({"scenarios": [_line(name, key) for key in BENCHMARKS for name in scenario_names(key)]})
        return
    smacv2 = Table("scenario", "race", "allies", "enemies", "setting", box=None, title="SMACv2", title_justify="left")
    for each in map(load_scenario, scenario_names("smacv2")):
        smacv2.add_row(each.name, each.race, str(each.n_units), str(each.n_enemies), each.setting)
    smac = Table("scenario", "allies", "enemies", "arena", "steps", box=None, title="SMAC v1", title_justify="left")
    for each in map(load_scenario, scenario_names("smac")):
        teams = (_counts(units) for units in (each.teams.allies, each.teams.enemies))
        smac.add_row(each.name, *teams, each.arena, str(each.episode_limit))
    out().print(smacv2)
    out().print()
    out().print(smac)


@app.command("show")
def show(scenario: ScenarioName, json: Json = False) -> None:
    """What a scenario consists of."""
    found = load_scenario(scenario)
    content = _plain(found) | {"hash": found.content_hash}
    if json:
        print_json(content)
    else:
        print(yaml.safe_dump(content, sort_keys=False), end="")


@app.command("export")
def export(
    scenario: ScenarioName,
    seed: Seed = 0,
    episodes: Episodes = 1,
    file: Annotated[Path | None, typer.Option("--out", help="File to write.", show_default="stdout")] = None,
    json: Json = False,
) -> None:
    """Write battles as JSON, so that frameworks built on smacv2 can play the same ones.

    Each battle has its seed and an `episode_config`: the teams and start positions that `reset(episode_config)` of smacv2's inner
    StarCraft2Env takes, once its lists of positions are made numpy arrays. docs/scenarios.md shows the few lines that do so.
    """
    found = load_scenario(scenario)
    found.check_on_smacv2_map()
    check_seeds(seed, episodes)
    source = BattleSource(found)
    battles = [
        {"seed": each, "episode_config": source.battle(stream_key(EVALUATION, each)).episode_config()}
        for each in range(seed, seed + episodes)
    ]
    content = {"scenario": found.name, "hash": found.content_hash, "stream": EVALUATION, "battles": battles}
    if file is None:
        print_json(content)
        return
    try:
        file.write_bytes(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}") from None
    if json:
        print_json({"file": str(file), "battles": len(battles)})
    else:
        print(f"{len(battles)} battles of {found.name} in {file}")


def _line(name: str, benchmark: str) -> dict[str, Any]:
    scenario = load_scenario(name)
    keys = ("name", "race", "n_units", "n_enemies", "setting")
    return {key: getattr(scenario, key) for key in keys} | {"benchmark": benchmark}


def _counts(units: tuple[str, ...]) -> str:
    return ", ".join(f"{number} {unit}" for unit, number in Counter(units).items())


def _plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario's fields as JSON knows them: lists, not tuples."""
    content: dict[str, Any] = orjson.loads(orjson.dumps(asdict(scenario)))
    return content
