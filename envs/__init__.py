"""Environments: scenarios, SMACv2's semantics, the embedded skirmish engine, and pictures of battles.

Names are loaded when first used, so that light parts (unit data, scenarios' facts) need neither numpy nor a compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "BatchedSkirmish": "envs.skirmish",
    "Frame": "envs.skirmish",
    "InputError": "envs.errors",
    "Layout": "envs.layout",
    "Scenario": "envs.scenario",
    "Skirmish": "envs.skirmish",
    "StarCraftCapabilityEnvWrapper": "envs.smacv2_api",
    "draw_battle": "envs.teams",
    "load_scenario": "envs.scenario_file",
    "make": "envs.smacv2_api",
    "scenario_names": "envs.scenario_file",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'envs' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
