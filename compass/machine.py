"""What this machine can do for COMPASS: the engine, the sandbox, and which of the optional parts are installed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from compass.errors import InputError
from compass.evaluate.manifest import installed_version
from compass.evaluate.player import describe_sandbox
from compass.skills.library import default_library_folder, load_library
from envs.jit import announce_compile
from envs.skirmish import Skirmish

TELLTALES: Mapping[str, str] = {  # of each extra, the package that nothing else brings
    "pettingzoo": "pettingzoo",
    "baselines": "benchmarl",
    "ray": "ray",
    "smax": "jaxmarl",
    "sc2": "pys2clientprotocol",
    "burnysc2": "burnysc2",
}
SC2_COMMANDS = (
    "pip install -c constraints.txt '.[sc2,burnysc2]'",
    "pip install --no-deps pysc2==4.0.0",
)


def machine_report() -> dict[str, Any]:
    """Python, engine, sandbox (kind and layers, or why there is none), the version of each extra or None, and the two commands that
    install what plays through StarCraft II's API. Compiles the engine where that has not been done.
    """
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "compass": installed_version("compass-smac"),
        "engine": _engine(),
        "sandbox": _sandbox(),
        "extras": {name: installed_version(package) for name, package in TELLTALES.items()},
        "sc2_commands": list(SC2_COMMANDS),
    }


def _engine() -> str:
    """Plays one battle of no moment."""
    announce_compile()
    skirmish = Skirmish("protoss_5_vs_5")
    frame = skirmish.reset(seed=0)
    while not frame.terminated:
        frame = skirmish.step([int(np.flatnonzero(mask)[-1]) for mask in frame.available])
    return f"played a battle of {frame.step} steps"


def _sandbox() -> str:
    try:
        found = describe_sandbox(load_library(default_library_folder()), unsafe=False)
    except InputError as error:
        return f"none: {error}"
    return ", ".join(dict.fromkeys((found["kind"], *found["layers"])))
