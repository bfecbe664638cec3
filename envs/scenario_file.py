"""Scenarios by name or by file: the YAML files that ship, in two benchmarks, and those that users write."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from envs.errors import InputError, unknown
from envs.scenario import Scenario
from envs.scenario_reader import read_scenario, with_sizes

FOLDER = Path(__file__).parent / "scenarios"
BENCHMARKS: Mapping[str, Path] = MappingProxyType({"smacv2": FOLDER, "smac": FOLDER / "smac"})
"""Where the files of each benchmark's scenarios lie."""


@cache
def scenario_names(benchmark: str = "smacv2") -> tuple[str, ...]:
    """Names of the scenarios that ship, sorted: `smacv2` (18, each with its `_epo` twin) or `smac` (the 23 maps of SMAC v1)."""
    return tuple(sorted((path.stem for path in BENCHMARKS[benchmark].glob("*.yaml")), key=_in_order))


def _in_order(name: str) -> list[tuple[bool, int, str]]:
    """A sort key that compares numbers as numbers."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.findall(r"\d+|\D+", name)]


def load_scenario(name: str | Scenario) -> Scenario:
    """The shipped scenario of that name, or the one in the YAML file at that path (a `Scenario` is given back).

    Raises:
        InputError: no such scenario or file, or a file with a wrong key or value (named, with what is allowed).
    """
    if isinstance(name, Scenario):
        return name
    if name.endswith((".yaml", ".yml")):
        return _load_file(Path(name))
    shipped = _shipped()
    if name not in shipped:
        if os.path.exists(name):  # unlike Path's, false for names that are too long, too
            raise InputError(f"{name} is no scenario file: the name of one ends in .yaml")
        raise unknown("scenario", name, shipped, listing="`compass scenarios list` shows all there are")
    return _load_file(shipped[name])


@cache
def _shipped() -> Mapping[str, Path]:
    return {name: folder / f"{name}.yaml" for key, folder in BENCHMARKS.items() for name in scenario_names(key)}


def _load_file(path: Path) -> Scenario:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read scenario file {path}: {error}") from None
    except (
        yaml.YAMLError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:  # all are yaml's words for it
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected keys such as race, n_units, n_enemies")
    content = with_sizes(content)
    if "extends" in content:
        base = _load_raw(str(content.pop("extends")), path)
        content = base | content
    return read_scenario(path, content)


def _load_raw(name: str, path: Path) -> dict[str, Any]:
    shipped = _shipped()
    if name not in shipped:
        raise InputError(f"{path}: extends: {unknown('scenario', name, shipped)}")
    raw: dict[str, Any] = yaml.safe_load(shipped[name].read_text(encoding="utf-8"))
    if "extends" in raw:
        raise InputError(f"{path}: extends: {name} itself extends a scenario; extend that one")
    return with_sizes(raw)
