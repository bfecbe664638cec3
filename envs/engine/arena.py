"""The battlefield: a flat square map with a margin that ground units cannot enter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from envs.engine.table import FLYER
from envs.jit import jit
from envs.units import RULES

MAP_SIZE = float(RULES.map_size)
MARGIN = float(RULES.margin)
_LAST = 1.0 / 4096.0  # the game's fixed-point step: a unit at the upper edge is still in the last cell


@jit
def lower_edge(layer: int) -> float:
    """The least coordinate a unit of this layer may have, on both axes."""
    return 0.0 if layer == FLYER else MARGIN


@jit
def upper_edge(layer: int) -> float:
    """The greatest coordinate a unit of this layer may have, on both axes."""
    return (MAP_SIZE if layer == FLYER else MAP_SIZE - MARGIN) - _LAST


@jit
def clamp(value: float, layer: int) -> float:
    """`value` moved into the coordinates that a unit of this layer may have."""
    return min(max(value, lower_edge(layer)), upper_edge(layer))


def pathing_grid() -> npt.NDArray[np.bool_]:
    """Which cells ground units can walk on: bool[32, 32] indexed [x, y]."""
    grid = np.zeros((RULES.map_size, RULES.map_size), np.bool_)
    inside = slice(RULES.margin, RULES.map_size - RULES.margin)
    grid[inside, inside] = True
    return grid
