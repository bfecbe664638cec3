"""What is known of a library's texts, where it is needed: a run takes it along with its copy of the skills."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import orjson

from compass.errors import InputError
from compass.skills.library import Library, Merit, load_library
from compass.skills.retrieval import TOP_K
from compass.skills.store import Store
from compass.skills.store.shelf import read_regular
from envs.units import UNIT_NAMES

FILE = "merits.json"
"""In a run's copy of a library."""


def known_library(folder: Path, top_k: int = TOP_K) -> Library:
    """The library of a folder, with the merits of its texts where some unit type has more than `top_k` skills to choose from.

    They come from the folder's store, else from the file that a run keeps. Where all skills are offered anyway, neither is read.

    Raises:
        InputError: the folder holds no library, or what is kept of it is damaged.
    """
    return with_merits(load_library(folder), top_k)


def with_merits(library: Library, top_k: int = TOP_K) -> Library:
    """The same of a library that was read already, whatever merits it came with."""
    if all(len(library.for_unit(unit_type)) <= top_k for unit_type in UNIT_NAMES):
        return replace(library, merits={})
    store = Store(library.folder)
    known = store.merits() if store.exists else _read(library.folder / FILE)
    texts = {skill.sha256 for skill in library.skills.values()}
    return replace(library, merits={sha256: merit for sha256, merit in known.items() if sha256 in texts})


def copy_of(library: Library) -> dict[str, str]:
    """The files by name that make a folder with the same skills and merits."""
    files = {f"{skill.name}.py": skill.source for skill in library.skills.values()}
    return files | ({FILE: _written(library.merits)} if library.merits else {})


def merits_hash(library: Library) -> str | None:
    """What identifies a library's merits in a manifest: sha256; None where there are none."""
    return hashlib.sha256(_written(library.merits).encode()).hexdigest() if library.merits else None


def _written(merits: Mapping[str, Merit]) -> str:
    known = {sha256: asdict(merit) for sha256, merit in merits.items()}
    return orjson.dumps(known, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()


def _read(path: Path) -> dict[str, Merit]:
    try:
        return {sha256: _merit(known) for sha256, known in orjson.loads(read_regular(path)).items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError, KeyError):
        raise InputError(
            f"{path} is damaged: put it back as it was, or delete it and nothing counts as proven"
        ) from None


def _merit(known: Mapping[str, object]) -> Merit:
    proven, since = known["proven"], known["since"]
    if not isinstance(proven, int | float) or not isinstance(since, str):
        raise TypeError
    return Merit(float(proven), since)
