"""A folder in the shape of a StarCraft II installation (`SC2PATH`) whose binary is the embedded engine's server."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

from envs.errors import InputError
from envs.sc2api.facts import MAP_PATH
from envs.sc2api.game import BUILD

PACKAGE = Path(__file__).parents[1]
_NOTE = "written by compass serve-sc2 --install"
_UNFINISHED = ".compass-"  # begins the names of files that are being written
# The shell asks first of all who launches it: the launcher may be gone before the engine is loaded. Ctrl-C ends it without a word.
# This very package and no other: the client's folder, PYTHONPATH or site may hold another one named envs.
_CODE = """
import importlib.util, os, signal, sys
signal.signal(signal.SIGINT, lambda *_: os._exit(130))
launcher = int(sys.argv.pop(1))
spec = importlib.util.spec_from_file_location("envs", {init!r})
sys.modules["envs"] = envs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(envs)
from envs.sc2api.binary import main
main(launcher)
"""


def install(folder: Path) -> Path:
    """Write the tree into `folder`, which is made if need be, or renew it there; returns the binary.

    Raises:
        InputError: the folder holds a real installation, or cannot be written.
    """
    versions = folder / "Versions"
    binary = versions / f"Base{BUILD}" / "SC2_x64"
    code = _CODE.format(init=str(PACKAGE / "__init__.py"))
    script = f"""#!/bin/sh
# COMPASS's embedded engine in the place of StarCraft II; {_NOTE}
exec {shlex.quote(sys.executable)} -E -P -c {shlex.quote(code)} "$PPID" "$@"
"""
    try:
        if versions.is_dir() and not _is_ours(binary) and _holds_others(binary):
            raise InputError(f"{folder} holds a StarCraft II already; name another folder")
        _write(binary, script, 0o755)
        arena = folder / "Maps" / MAP_PATH
        if not arena.exists():
            _write(arena, "The embedded engine brings its map along; this file is only there to be found.\n", 0o644)
    except OSError as error:
        raise InputError(f"cannot write {error.filename or folder}: {error.strerror}") from None
    return binary


def _is_ours(binary: Path) -> bool:
    return binary.is_file() and _NOTE.encode() in binary.read_bytes()[:400]


def _holds_others(binary: Path) -> bool:
    """Whether the folder of versions holds more than an installation of ours that was cut short leaves behind."""
    base = binary.parent
    found = [path for path in base.parent.iterdir() if path != base]
    if base.is_dir():
        found += [path for path in base.iterdir() if path != binary and not path.name.startswith(_UNFINISHED)]
    return bool(found) or (binary.is_file() and binary.stat().st_size > 0)


def _write(path: Path, content: str, mode: int) -> None:
    """Write a file so that it is there whole or not at all, whoever else writes it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=_UNFINISHED, delete=False) as file:
        file.write(content)
    os.chmod(file.name, mode)
    os.replace(file.name, path)
