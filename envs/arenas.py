"""Arenas: which cells of the map can be walked on. One text picture each: north up, `.` walkable, `#` not.

All walkable cells of an arena hang together by their edges, so that wherever units begin, they can reach each other.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from envs.errors import unknown
from envs.units import RULES

FOLDER = Path(__file__).with_name("arenas")
FLAT = "flat"
"""SMACv2's map: everything but the margin."""
_WALKABLE = "."


@cache
def arena_names() -> tuple[str, ...]:
    """The arenas there are."""
    return FLAT, *sorted(path.stem for path in FOLDER.glob("*.txt"))


@cache
def arena_rows(name: str) -> tuple[str, ...]:
    """The picture of an arena: one line per row of cells, the northern one first.

    Raises:
        InputError: there is no arena of that name.
    """
    if name not in arena_names():
        raise unknown("arena", name, arena_names())
    if name == FLAT:
        size, margin = RULES.map_size, RULES.margin
        edge, inside = "#" * size, "#" * margin + _WALKABLE * (size - 2 * margin) + "#" * margin
        return (edge,) * margin + (inside,) * (size - 2 * margin) + (edge,) * margin
    return tuple((FOLDER / f"{name}.txt").read_text(encoding="ascii").splitlines())


def load_arena(name: str) -> NDArray[np.bool_]:
    """Which cells can be walked on: bool[32, 32] indexed [x, y], the cell [x, y] reaching from (x, y) to (x + 1, y + 1).

    Raises:
        InputError: there is no arena of that name.
    """
    rows = [[cell == _WALKABLE for cell in row] for row in reversed(arena_rows(name))]
    return np.ascontiguousarray(np.array(rows, np.bool_).T)
