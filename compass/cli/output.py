"""What commands print: one JSON object, or text for people; progress and errors go to stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]

_PLAIN_WIDTH = 160  # of output that goes into a file or a pipe, where nothing should be wrapped


def out() -> Console:
    """The console for results. Made when needed, so that whoever replaces sys.stdout gets the text."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, soft_wrap=False)


def err() -> Console:
    """The console for progress and notes."""
    return Console(stderr=True, highlight=False)


def print_json(content: Mapping[str, Any]) -> None:
    """Print a command's one JSON object."""
    print(orjson.dumps(dict(content), option=orjson.OPT_SERIALIZE_NUMPY).decode())
