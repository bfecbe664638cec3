"""`compass doctor`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from compass.cli.output import Json, err, out, print_json
from compass.errors import InputError
from compass.machine import TELLTALES, machine_report
from compass.models.settings import ModelSettings, default_base_url, key_from_environment

_LABELS = {
    "model": "model asked for",
    "base_url": "server",
    "answers": "answers",
    "error": "instead",
    "served": "model served",
    "images": "understands pictures",
    "picture_answer": "its answer to one",
    "json": "JSON",
    "response_format": "response_format accepted",
    "token_limit": "name of the token limit",
    "usage": "counts tokens",
    "text_seconds": "seconds for a text",
    "picture_seconds": "seconds for a picture",
}


def doctor(
    model: Annotated[str | None, typer.Option(help="A model to try, as its server names it.")] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            help="The server's address, which mostly ends in /v1.", show_default="OPENAI_BASE_URL, or the hosted API"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what this machine can do and, with --model, what a server can do with that model.

    The model is sent two or three small questions, one with a picture. Exit code 2 when it does not answer.
    """
    if model is None and base_url is not None:
        raise InputError("--base-url needs --model: name a model that the server has")
    settings = ModelSettings(model, base_url or default_base_url()) if model is not None else None
    machine, server = machine_report(), None
    if settings is not None:
        from compass.models.doctor import examine  # the SDK takes a second to load

        with err().status(f"asking {settings.model}..."):
            server = asyncio.run(examine(settings, key_from_environment())).summary()
    if json:
        print_json({"machine": machine, "server": server})
    else:
        out().print(_table(machine, server))
    if server and not server["answers"]:
        raise typer.Exit(2)


def _table(machine: Mapping[str, Any], server: Mapping[str, Any] | None) -> Table:
    table = Table(show_header=False)
    for label, value in _machine_rows(machine):
        table.add_row(label, Text(value))  # as text: servers write what they like
    if server:
        table.add_section()
        names = _LABELS if server["answers"] else ("model", "base_url", "answers", "error")
        for name in names:
            if server[name] not in ("", None):
                table.add_row(_LABELS[name], Text(_words(server[name])))
        counts = Counter((failure["kind"], failure["detail"]) for failure in server["failures"])
        for (kind, detail), count in counts.items():
            table.add_row(f"failed: {kind}", Text(f"{count} times: {detail}"))
    return table


def _machine_rows(machine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Python", f"{machine['python']}, {machine['system']}"
    yield "engine", machine["engine"]
    yield "sandbox", machine["sandbox"]
    for extra, version in machine["extras"].items():
        yield f"extra {extra}", f"{TELLTALES[extra]} {version}" if version else "not installed"
    for command in machine["sc2_commands"]:
        yield "for StarCraft II's API", command


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
