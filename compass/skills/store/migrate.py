"""The format of what is kept, by number, and the steps from each number to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from compass.errors import InputError
from compass.skills.store.shelf import read_regular, stage

Step = Callable[[Path], None]


def from_plain_folder(home: Path) -> None:
    """To format 1, from a folder of skill files of which nothing is kept yet; the first look at it finds them all."""
    for name in ("versions", "texts"):
        (home / name).mkdir(exist_ok=True)
    (home / "events.jsonl").touch()


MIGRATIONS: Mapping[int, Step] = {1: from_plain_folder}
"""By the number of the format that each leads to. Each may be killed and is then run again: it must bear that."""


def format_of(home: Path, migrations: Mapping[int, Step] = MIGRATIONS) -> int:
    """The format of what `home` keeps, 0 for nothing.

    Raises:
        InputError: it is of a later format, its number is damaged or cannot be read.
    """
    path, newest = home / "format", max(migrations)
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    try:
        number = int(content)
    except ValueError:
        raise InputError(f"{path} is damaged: it should hold a number; put {newest} into it") from None
    if not 0 <= number <= newest:
        raise InputError(f"{home} is of format {number}; this version of compass knows up to {newest}: update it")
    return number


def check_readable(home: Path, migrations: Mapping[int, Step] = MIGRATIONS) -> None:
    """An `InputError` for what `home` keeps in another format than the newest: reading brings nothing up."""
    number, newest = format_of(home, migrations), max(migrations)
    if 0 < number < newest:
        way_out = "compass skills log, with the right to write there, brings it up"
        raise InputError(f"{home} is of format {number} and not yet of {newest}; {way_out}")


def bring_up(home: Path, migrations: Mapping[int, Step] = MIGRATIONS) -> None:
    """Bring what `home` keeps to the newest format, step by step. The caller holds the lock.

    Raises:
        InputError: it is of a later format. OSError: it cannot be written.
    """
    for number in range(format_of(home, migrations) + 1, max(migrations) + 1):
        migrations[number](home)
        stage(b"%d\n" % number, home / ".format.part").replace(home / "format")
