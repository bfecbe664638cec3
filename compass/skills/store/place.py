"""A skill file changed under the eyes of editors: whatever somebody saves at the same moment is found and stays.

An editor takes no lock. So a new text trades places with the old one in one step of the system, and what came out is looked at:
if it is not what was expected, somebody saved in between, and it goes back. Every step may be the last one of a killed process;
the same call made again goes on from there.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compass.skills.library import Broken, read_skill_file
from compass.skills.store.shelf import digest, stage

UNKNOWN = ""
"""In place of a sha256: something that is no readable skill file."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def sha256_of(path: Path) -> str | None:
    """What lies there: a skill file's sha256, `UNKNOWN`, or None for nothing."""
    if not os.path.lexists(path):
        return None
    content = read_skill_file(path)
    return UNKNOWN if isinstance(content, Broken) else digest(content)


def place(
    target: Path, staged: Path, expected: str | None, content: bytes | None, keep: Callable[[bytes], Any]
) -> bool:
    """Make `target` hold `content` (None: be gone) if it holds what is `expected` (a sha256; None: nothing); whether it does now.

    staged: a path in the same file system for this call and its repetitions only. keep: called with what an editor saved
    meanwhile, before it is moved.

    Raises:
        OSError: the disk is full or the folder has gone; `target` is as it was.
    """
    wanted = None if content is None else digest(content)
    if not _settle(target, staged, (wanted, expected), keep):
        return False
    present = sha256_of(target)
    if present == wanted:
        return True
    if present != expected:
        return False
    if content is not None:
        stage(content, staged.with_name(f"{staged.name}.part")).replace(staged)
    try:
        if content is None:
            target.rename(staged)
        elif expected is None:
            os.link(staged, target)  # fails where somebody was faster
        else:
            _exchange(staged, target)
    except (FileExistsError, FileNotFoundError):
        staged.unlink(missing_ok=True)
        return sha256_of(target) == wanted
    return _settle(target, staged, (wanted, expected), keep)


def _settle(target: Path, staged: Path, known: tuple[str | None, str | None], keep: Callable[[bytes], Any]) -> bool:
    """Clear `staged`; False if an editor's file lay there, which is back in `target` unless its editor saved yet another."""
    displaced = sha256_of(staged)
    if displaced is not None and displaced not in known:
        content = read_skill_file(staged)
        if not isinstance(content, Broken):
            keep(content)
        if known[0] is not None and sha256_of(target) == known[0]:
            _exchange(staged, target)
        elif not os.path.lexists(target):
            staged.rename(target)
    staged.unlink(missing_ok=True)
    return displaced is None or displaced in known


def _exchange(one: Path, other: Path) -> None:
    """Let two files trade names in one step; where the system cannot, `one` replaces `other`."""
    if _renameat2 is None:
        one.replace(other)
    elif _renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), str(one), None, str(other))
        one.replace(other)


_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
