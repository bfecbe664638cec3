"""Copies of shipped files for people to edit."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from compass.errors import InputError


def copy_files(files: Iterable[Path], target: Path) -> tuple[Path, ...]:
    """Copy the files into `target`, a new or empty folder, and return the copies.

    Raises:
        InputError: `target` is a file, holds something already, or cannot be written.
    """
    try:
        if target.exists() and not target.is_dir():
            raise InputError(f"{target} is a file; name a new or empty folder")
        if target.exists() and any(target.iterdir()):
            raise InputError(f"{target} is not empty, and nothing is overwritten; name a new or empty folder")
        target.mkdir(parents=True, exist_ok=True)
        return tuple(Path(shutil.copyfile(path, target / path.name)) for path in sorted(files))
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}") from error
