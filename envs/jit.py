"""The compiler decorator of every kernel, with a disk cache that cannot go stale.

Numba's cache notices an edit of the file a function stands in, but not of the files of the functions it calls. So the cache
folder carries a hash of all Python and YAML files of this package, kernels or not: any edit gives a new folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent


@cache
def sources_hash() -> str:
    """Hash of every Python and YAML file of `envs`, in the order of their names (16 hexadecimal digits)."""
    digest = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("*") if p.suffix in {".py", ".yaml"}):
        digest.update(str(path.relative_to(PACKAGE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _usable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: under NUMBA_CACHE_DIR, else the user's cache folder, else a folder of the user's own in the
    temporary folder. What lies there is run as code, so another user's folder is never taken."""
    # Numba compiles anew for every place that its sources stand in, so that each has a folder of its own.
    place = hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:8]
    name = f"kernels-{sources_hash()}-{place}"
    home = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "compass" / name
    if not home.startswith("~") and _usable(folder):  # "~" stays where the system knows no home
        return folder
    temporary = Path(tempfile.gettempdir()) / f"compass-{os.getuid()}"
    if not _usable(temporary) or temporary.is_symlink() or temporary.stat().st_uid != os.getuid():
        temporary = Path(tempfile.mkdtemp(prefix="compass-"))
    return temporary / name


def announce_compile() -> bool:
    """If no kernel was compiled yet, tell the person at the terminal that this comes now, and return True."""
    cold = not any(cache_folder().rglob("*.nbi"))
    if cold:
        print("compiling the battle engine, once (about half a minute)...", file=sys.stderr, flush=True)
    return cold


def jit(function: F) -> F:
    """Compile to machine code that releases the GIL and gives the same bits on every processor (no fast-math)."""
    return _compile(function, False)


def inlined(function: F) -> F:
    """`jit` for a function that is always compiled into its callers: the hot ones, whose calls would cost as much as their work."""
    return _compile(function, True)


def _compile(function: F, inline: bool) -> F:
    config: Any = numba.config  # its options are attributes made at run time
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
    try:
        compiled: F = numba.njit(
            function, cache=True, nogil=True, error_model="numpy", fastmath=False, forceinline=inline
        )
    finally:
        config.CACHE_DIR = before
    return compiled
