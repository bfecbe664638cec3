"""A folder in the shape of a StarCraft II installation (`SC2PATH`) whose binary is the embedded engine's server."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from envs.errors import InputError
from envs.sc2api.facts import MAP_PATH
from envs.sc2api.game import BUILD

PACKAGE = Path(__file__).parents[1]
_NOTE = "written by compass serve-sc2 --install"
# This very package and no other: the client's folder, PYTHONPATH or site may hold another one named envs.
_CODE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("envs", {init!r})
sys.modules["envs"] = envs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(envs)
from envs.sc2api.binary import main
main()
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
exec {shlex.quote(sys.executable)} -E -P -c {shlex.quote(code)} "$@"
"""
    try:
        if versions.is_dir() and any(versions.iterdir()) and not _is_ours(binary):
            raise InputError(f"{folder} holds a StarCraft II already; name another folder")
        binary.parent.mkdir(parents=True, exist_ok=True)
        binary.write_text(script, encoding="utf-8")
        binary.chmod(0o755)
        arena = folder / "Maps" / MAP_PATH
        arena.parent.mkdir(parents=True, exist_ok=True)
        arena.write_text("The embedded engine brings its map along; this file is only there to be found.\n")
    except OSError as error:
        raise InputError(f"cannot write {error.filename or folder}: {error.strerror}") from None
    return binary


def _is_ours(binary: Path) -> bool:
    return binary.is_file() and _NOTE.encode() in binary.read_bytes()[:400]
