"""The way round walls: on a grid of cells, the next one on a shortest way from each cell to each other one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from envs.engine.records import arena_of
from envs.engine.state import CELLS, Table
from envs.jit import jit

_STRAIGHT, _DIAGONAL = 10, 14  # lengths of steps between cells, nearly 1 to the root of 2
_FAR = 1 << 30
_HERE = 255  # no way, or none to go
_DX = (1, 0, -1, 0, 1, -1, -1, 1)
_DY = (0, 1, 0, -1, 1, 1, -1, -1)
LOOK_AHEAD = 12  # cells: how far along its way a unit looks for the farthest one that it can walk to straight


@jit
def _may_step(cells: npt.NDArray[np.uint8], x: int, y: int, step: int) -> bool:
    """Whether a step between neighbouring cells is free: a diagonal one must not cut a corner."""
    nx, ny = x + _DX[step], y + _DY[step]
    if nx < 0 or nx >= CELLS or ny < 0 or ny >= CELLS or cells[nx, ny] == 0:
        return False
    return bool(step < 4 or (cells[x, ny] != 0 and cells[nx, y] != 0))


@jit
def find_ways(cells: npt.NDArray[np.uint8], ways: npt.NDArray[np.uint8]) -> None:
    """Fills ways[goal, cell] with the step (an index of `_DX`, `_DY`) from each cell towards each goal, cells being x * 32 + y.

    Shortest ways by Dijkstra's method, with a queue of cells by distance in steps of one unit of length.
    """
    count = CELLS * CELLS
    distance = np.empty(count, np.int64)
    queue = np.empty(16 * count, np.int64)
    for goal in range(count):
        ways[goal, :] = _HERE
        if cells[goal // CELLS, goal % CELLS] == 0:
            continue
        distance[:] = _FAR
        distance[goal] = 0
        queue[0], first, last = goal, 0, 1
        while first < last:  # cells come again when a shorter way to them is found
            cell = queue[first % queue.shape[0]]
            first += 1
            x, y = cell // CELLS, cell % CELLS
            for step in range(8):
                if not _may_step(cells, x, y, step):
                    continue
                other = (x + _DX[step]) * CELLS + y + _DY[step]
                length = distance[cell] + (_STRAIGHT if step < 4 else _DIAGONAL)
                if length < distance[other]:
                    distance[other] = length
                    ways[goal, other] = step ^ 2 if step < 4 else 4 + ((step - 4) ^ 2)  # the way back
                    queue[last % queue.shape[0]] = other
                    last += 1


@jit
def is_straight(table: Table, x: float, y: float, to_x: float, to_y: float) -> bool:
    """Whether the line between two points crosses walkable cells only (looked at in steps of a quarter of a cell)."""
    cells = arena_of(table).cells
    dx, dy = to_x - x, to_y - y
    steps = int(4.0 * max(abs(dx), abs(dy))) + 1
    for step in range(1, steps + 1):
        part = step / steps
        if cells[int(x + dx * part), int(y + dy * part)] == 0:
            return False
    return True


@jit
def next_point(table: Table, x: float, y: float, goal_x: float, goal_y: float) -> tuple[float, float]:
    """Where to walk from a walkable point to come to the goal: the goal itself where nothing is between, or where no way leads to
    it, else the middle of the farthest cell along the way that can be walked to straight."""
    goal = int(goal_x) * CELLS + int(goal_y)
    ways = arena_of(table).ways
    cell = int(x) * CELLS + int(y)
    if ways[goal, cell] == _HERE or is_straight(table, x, y, goal_x, goal_y):
        return goal_x, goal_y
    best_x, best_y = goal_x, goal_y
    for ahead in range(LOOK_AHEAD):
        step = ways[goal, cell]
        if step == _HERE:
            break
        cell += _DX[step] * CELLS + _DY[step]
        middle_x, middle_y = cell // CELLS + 0.5, cell % CELLS + 0.5
        if ahead > 0 and not is_straight(table, x, y, middle_x, middle_y):
            break
        best_x, best_y = middle_x, middle_y
    return best_x, best_y
