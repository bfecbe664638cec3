"""What `compass bench --training` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from compass.bench.training import AT, FAR, Seeds, Training, by_seeds, trainings
from compass.cli.output import out, print_json


def print_training(beside: Sequence[Path], json: bool) -> None:
    """Set trainings beside the published curves and print it."""
    found = trainings(beside)
    if json:
        print_json(
            {
                "at": AT,
                "trainings": [asdict(each) for each in found],
                "seeds": [asdict(each) for each in by_seeds(found)],
            }
        )
        return
    console = out()
    console.print(
        "Held-out battles won, embedded engine, greedy, beside SMACv2's published curves (real game, default setting, no rows "
        f"wiped) at the same environment steps; ! where they differ by more than {FAR:g}. reuse: how "
        f"often a step was learnt from; to publ.: seconds until the published rate of {AT[-1] / 1e6:g} M; c/u/m: shares of "
        "collecting, updating, measuring",
        soft_wrap=True,
    )
    table = Table(box=None)
    table.add_column("training", no_wrap=True)
    table.add_column("agents")
    for at in AT:
        table.add_column(f"{at / 1e6:g} M", justify="right")
        table.add_column("published", justify="right")
    for column in ("reuse", "seconds", "to publ.", "c/u/m"):
        table.add_column(column, justify="right")
    for training in found:
        table.add_row(*_row(training))
    console.print(table)
    for seeds in by_seeds(found):
        console.print(_over_seeds(seeds), markup=False, soft_wrap=True)


def _over_seeds(seeds: Seeds) -> str:
    parts = []
    for at, mean, spread, published in zip(AT, seeds.means, seeds.ranges, seeds.published, strict=True):
        if spread is not None:
            beside = "" if published is None else f", published {_rate(published)}"
            parts.append(f"{at / 1e6:g} M {_rate(mean)} ({_rate(spread[0])} to {_rate(spread[1])}{beside})")
    return f"{seeds.name}, seeds {', '.join(map(str, seeds.seeds))}: mean at {'; at '.join(parts)}"


def _row(training: Training) -> list[str]:
    cells = [training.name, _agents(training)]
    for won, published in zip(training.win_rates, training.published, strict=True):
        far = won is not None and published is not None and abs(won - published) > FAR
        cells += [_rate(won) + " !" * far, _rate(published)]
    until = "-" if training.until_published is None else f"{training.until_published:,.0f}"
    shares = "/".join(f"{100 * training.shares.get(name, 0):.0f}" for name in ("collect", "update", "measure"))
    return [*cells, f"{training.learnt_from:g}x", f"{training.seconds:,.0f}", until, f"{shares} %"]


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}".removeprefix("0")


def _agents(training: Training) -> str:
    m = training.manifest
    parts = (
        f"{m['setting']}, {m['observation']}",
        "recurrent" if m["recurrent"] else "no memory",
        "id" if m["agent_ids"] else "no id",
        "open loop" if m["open_loop"] else f"told over {m['hops']} hops" if m["hops"] else None,
    )
    return ", ".join(filter(None, parts))
