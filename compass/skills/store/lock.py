"""One writer at a time: a lock that dies with its holder, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compass.errors import InputError

PATIENCE = 120.0
"""Seconds to wait for the lock, which nobody holds for longer than it takes to write a few files."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.03


@contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock `path`, a file made if missing, against all other processes and threads.

    Raises:
        InputError: somebody has held it for `patience` seconds.
        OSError: the file cannot be made.
    """
    file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)  # a pipe there would be waited for
    try:
        _acquire(file, path, time.monotonic() + patience)
        yield
    finally:
        os.close(file)


def _acquire(file: int, path: Path, end: float) -> None:
    pause = _FIRST_PAUSE
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                reason = "another process has held it all the time; end that process (a stopped one holds it, too)"
                raise InputError(f"cannot get the lock {path}: {reason}") from None
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
