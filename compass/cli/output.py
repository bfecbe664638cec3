"""What commands print: one JSON object, or text for people; progress and errors go to stderr."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]

_PLAIN_WIDTH = 160  # of output that goes into a file or a pipe, where nothing should be wrapped


def out() -> Console:
    """The console for results. Made when needed, so that whoever replaces sys.stdout gets the text."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, soft_wrap=False)


def err() -> Console:
    """The console for progress and notes."""
    return Console(stderr=True, highlight=False)


def progress_bar() -> Progress:
    """A bar on stderr with what is done, how much of it and how long it will take; nothing where that is no terminal."""
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def command() -> str:
    """How this program was called, so that the next command can be pasted."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return shlex.join([sys.executable, "-m", "compass"])
    found = shutil.which(called.name)
    on_path = found is not None and Path(found).resolve() == called.resolve()
    return called.name if on_path or not called.is_file() else shlex.quote(str(called))


def folder(name: str) -> Path:
    """A folder as a user named it.

    Raises:
        BadParameter: the name is empty, as of a shell variable that is not set.
    """
    if not name:
        raise typer.BadParameter("the name is empty; name a folder")
    return Path(name)


def print_json(content: Mapping[str, Any]) -> None:
    """Print a command's one JSON object."""
    print(orjson.dumps(dict(content), option=orjson.OPT_SERIALIZE_NUMPY).decode())


def collected(results: Iterable[T], doing: str, note: Callable[[T], str]) -> list[T]:
    """All results; until then the terminal shows what is being done, and a note of each as it comes."""
    found = []
    with err().status(doing) as status:
        for result in results:
            found.append(result)
            status.update(note(result))
    return found
