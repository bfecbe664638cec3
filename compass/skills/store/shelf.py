"""Texts that are kept for good, each in a file named by its sha256: equal texts are kept once, and none is ever changed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from compass.errors import InputError


def digest(content: bytes) -> str:
    """The name of a content: its sha256 in hex."""
    return hashlib.sha256(content).hexdigest()


def open_regular(path: Path) -> BinaryIO:
    """The file, opened to be read; for anything else, as a pipe that would be waited for, an `OSError`."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def read_regular(path: Path) -> bytes:
    """The content of a file; raises what `open_regular` does."""
    with open_regular(path) as file:
        return file.read()


def stage(content: bytes, part: Path, sync: bool = True) -> Path:
    """Write `part` for its owner to rename to where it belongs; without `sync`, a loss of power may cost it.

    Raises:
        OSError: it cannot be written; then it is not there.
    """
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part


class Shelf:
    """A folder of such files with one ending. To put, its owner must hold the lock: all parts are staged under one name."""

    def __init__(self, folder: Path, ending: str, sync: bool) -> None:
        self.folder = folder
        self._ending = ending
        self._sync = sync

    def path(self, sha256: str) -> Path:
        """Where the text of this name lies."""
        return self.folder / f"{sha256}{self._ending}"

    def put(self, content: bytes) -> str:
        """Keep this content; its name.

        Raises:
            OSError: it cannot be written.
        """
        sha256 = digest(content)
        if not self.path(sha256).exists():
            stage(content, self.folder / ".part", self._sync).replace(self.path(sha256))
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content of this name.

        Raises:
            InputError: the file is gone, not readable, or no longer what its name says.
        """
        path, home = self.path(sha256), self.folder.parent
        way_out = f"put it back from a copy of the library, or move {home} away, with its history and what was retired"
        try:
            content = read_regular(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}; {way_out}") from None
        if digest(content) != sha256:
            raise InputError(f"{path} was changed and is no longer what it was; {way_out}")
        return content
