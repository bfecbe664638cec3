"""Files of lines that may be read at any moment, whoever was killed while writing: a torn last line is ignored."""

from __future__ import annotations

import os
from pathlib import Path

from compass.errors import InputError


def append_line(file: int, line: bytes) -> None:
    """One write; should the disk take only part of it, that part is taken back.

    Raises:
        OSError: the disk is full.
    """
    end = os.lseek(file, 0, os.SEEK_END)
    try:
        written = os.write(file, line)
    except OSError:
        os.ftruncate(file, end)
        raise
    if written < len(line):
        os.ftruncate(file, end)
        raise OSError(28, "No space left on device")


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a file, each with its end; none of a file that is not there.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    except FileNotFoundError:  # deleted: nothing in it is known
        return []
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def drop_torn_line(path: Path) -> None:
    """Cut off what a killed writer left of its last line."""
    content = path.read_bytes() if path.exists() else b""
    end = content.rfind(b"\n") + 1
    if end < len(content):
        os.truncate(path, end)
