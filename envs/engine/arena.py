"""The battlefield: which part of a square flat map the units of each layer may enter.

The edges of a layer stand in the unit data (`low_x` to `high_y`), and so does whether walls within them matter (`walled`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from envs.engine.records import Record, arena_of
from envs.engine.state import CELLS, COLOSSUS, FLYER, GROUND, Table
from envs.jit import inlined, jit
from envs.units import RULES

LAST = 1.0 / 4096.0  # the game's fixed-point step: a unit at the upper edge is still in the last cell

Grid = npt.NDArray[np.bool_]


@inlined
def clamp_x(row: Record, x: float) -> float:
    """`x` moved into the coordinates that a unit of this row may have."""
    return float(min(max(x, row.low_x), row.high_x))


@inlined
def clamp_y(row: Record, y: float) -> float:
    """`y` moved into the coordinates that a unit of this row may have."""
    return float(min(max(y, row.low_y), row.high_y))


@inlined
def walkable(table: Table, x: float, y: float) -> bool:
    """Whether ground units may stand on the cell of a point on the map."""
    return bool(arena_of(table).cells[int(x), int(y)] != 0)


@jit
def outside(table: Table, row: Record, x: float, y: float) -> bool:
    """Whether a point is none where a unit of this row may be."""
    if x < row.low_x or x > row.high_x or y < row.low_y or y > row.high_y:
        return True
    return bool(row.walled != 0 and not walkable(table, x, y))


@inlined
def enter(table: Table, row: Record, from_x: float, from_y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Where a step of a unit from where it is to any point ends: there, or along the wall that it runs into."""
    x, y = clamp_x(row, to_x), clamp_y(row, to_y)
    if row.walled == 0:
        return x, y
    along_x, along_y = walkable(table, x, from_y), walkable(table, from_x, y)
    if walkable(table, x, y) and (along_x or along_y):  # never between two walls that touch at a corner
        return x, y
    if along_x:
        return x, from_y
    if along_y:
        return from_x, y
    return from_x, from_y


def edges(grid: Grid, layer: int) -> dict[str, float]:
    """The fields of the unit data that say where units of a layer may be, on a map with these walkable cells (at least one).

    Ground units keep to the cells, colossi cross everything but the map's margin, flyers go everywhere.
    """
    columns, lines = np.flatnonzero(grid.any(axis=1)), np.flatnonzero(grid.any(axis=0))
    margin = RULES.margin, CELLS - 1 - RULES.margin
    west, east, south, north = {
        GROUND: (columns[0], columns[-1], lines[0], lines[-1]),
        COLOSSUS: margin * 2,
        FLYER: (0, CELLS - 1) * 2,
    }[layer]
    box = grid[west : east + 1, south : north + 1]
    ends = {"high_x": east + 1 - LAST, "high_y": north + 1 - LAST}
    return {"low_x": west, "low_y": south, **ends, "walled": layer == GROUND and not box.all()}
