"""What `compass bench --planning` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from compass.bench.planning import Row, SkillByType, Worth, measure
from compass.cli.output import collected, out, print_json
from envs.scenario_file import load_scenario

DEFAULT = "protoss_5_vs_5_epo"


def print_planning(
    names: Sequence[str], observation: str, episodes: int, seed: int, beside: Sequence[Path], json: bool
) -> None:
    """The scripted planner beside the best fixed skill, random skills, `nearest` and finished runs, on the same battles."""
    scenarios = [load_scenario(name) for name in names or (DEFAULT,)]
    measured = (measure(scenario, observation, episodes, seed, beside) for scenario in scenarios)
    found = collected(measured, "searching and playing", lambda worth: f"measured {worth.scenario}")
    if json:
        print_json({"engine": "embedded", "scenarios": [asdict(worth) for worth in found]})
        return
    for worth in found:
        _print(worth)


def _print(worth: Worth) -> None:
    title = f"{worth.scenario}, {worth.setting} setting, {worth.observation} observation, embedded engine"
    out().print(f"{title}, seeds {worth.seed} to {worth.seed + worth.episodes - 1}, skills {worth.library[:16]}")
    table = Table("player", "win rate (95 %)", "minus best fixed skill (95 %)", "plans per episode", box=None)
    for row in worth.rows:
        table.add_row(row.player, _rate(row), _difference(row), f"{row.plans_per_episode:.1f}")
    out().print(table)
    last = worth.search_seed + worth.search_episodes - 1
    out().print(
        f"best fixed skill: {_words(worth.best)}; found on other battles, seeds {worth.search_seed} to {last}, one unit type "
        f"at a time from what the scripted planner chooses most; wins there of {worth.search_episodes}:"
    )
    for trial in worth.trials:
        out().print(f"{trial.wins:>5}  {_words(trial.skills)}")
    out().print()


def _rate(row: Row) -> str:
    rate, interval = row.statistics.win_rate, row.statistics.win_rate_ci
    assert rate is not None and interval is not None  # at least one episode was played, and none crashed
    return f"{100 * rate:.1f} % ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def _difference(row: Row) -> str:
    if row.beyond_fixed is None:
        return ""
    low, high = row.beyond_fixed.interval
    return f"{100 * row.beyond_fixed.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _words(skills: SkillByType) -> str:
    return ", ".join(f"{unit_type} {name}" for unit_type, name in skills.items())
