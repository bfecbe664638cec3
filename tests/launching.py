"""Programs as processes of their own, for tests that ask how they start and end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Launch = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def launching(*program: object, cwd: Path, python_path: Path) -> Iterator[Launch]:
    """Gives a function that starts `program WORDS...` in a process group of its own; all end with the block."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*map(str, program), *map(str, words)],
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": str(python_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
