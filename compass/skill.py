"""What a skill file imports: the actions, and the few helpers that tactics keep needing. `docs/skills.md` is its manual.

Actions are SMACv2's integers. Positions are (x, y) in map units, x east and y north. Wherever a helper compares, equals are decided
by the lowest id or the order north, south, east, west, so that a skill gives the same answer every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from compass.types import FIRST_TARGET, MOVES, STOP, Entity, Observation, Position

__all__ = [
    "Entity",
    "Observation",
    "Position",
    "attack",
    "away",
    "best_target",
    "centroid",
    "distance",
    "heal",
    "move",
    "nearest",
    "stop",
    "toward",
]

STRIDE = 2.0
"""How far ahead a move action sets its goal, in map units (smacv2's `move_amount`)."""

_STEPS: tuple[tuple[str, float, float], ...] = (
    ("north", 0.0, STRIDE),
    ("south", 0.0, -STRIDE),
    ("east", STRIDE, 0.0),
    ("west", -STRIDE, 0.0),
)


def attack(enemy_id: int) -> int:
    """The action that attacks the enemy with this id."""
    return FIRST_TARGET + enemy_id


def heal(ally_id: int) -> int:
    """The action with which a medivac heals the ally with this id."""
    return FIRST_TARGET + ally_id


def move(direction: str) -> int:
    """The action that moves "north", "south", "east" or "west"; legal only while `obs.can_move[direction]`."""
    return MOVES[direction]


def stop() -> int:
    """The action that drops every order, a chase included."""
    return STOP


def distance(one: Position, other: Position) -> float:
    """The straight distance between two positions, in map units."""
    dx, dy = one[0] - other[0], one[1] - other[1]
    return sqrt(dx * dx + dy * dy)


def centroid(entities: Iterable[Entity | Position]) -> Position:
    """The mean position of entities or positions; of none at all, a `ValueError`."""
    places = [_place(each) for each in entities]
    if not places:
        raise ValueError("centroid() of nothing: test for an empty list first")
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def nearest(entities: Iterable[Entity]) -> Entity | None:
    """The entity closest to this agent, equals by lowest id; None of none."""
    return min(entities, key=lambda each: (each.distance, each.id), default=None)


def best_target(
    score_target: Callable[[Entity, Observation], float], obs: Observation, candidates: Iterable[Entity] | None = None
) -> Entity | None:
    """The candidate with the highest score, equals by lowest id; None of none.

    Without `candidates`: the enemies on which an attack would take effect now.
    """
    if candidates is None:
        candidates = [enemy for enemy in obs.enemies if enemy.attackable]
    return max(candidates, key=lambda each: (score_target(each, obs), -each.id), default=None)


def away(obs: Observation, threats: Entity | Position | Sequence[Entity | Position]) -> int:
    """The legal move that leads farthest from the centre of `threats`: an entity, a position, or a list of either.

    `stop()` where every legal move leads closer, and without threats.
    """
    places = _places(threats)
    if not places:
        return stop()
    x, y = obs.own.position
    centre_x, centre_y = centroid(places)
    best, gain = stop(), 0.0
    for direction, step_x, step_y in _STEPS:
        along = step_x * (x - centre_x) + step_y * (y - centre_y)
        if obs.can_move[direction] and (along > gain or (along == gain and best == stop())):
            best, gain = move(direction), along
    return best


def toward(obs: Observation, goal: Entity | Position) -> int:
    """The legal move that leads closest to `goal`, an entity or a position; `stop()` where none leads closer.

    A move aims two map units ahead, so this stops within one unit of the goal on each axis.
    """
    x, y = obs.own.position
    goal_x, goal_y = _place(goal)
    best, left = stop(), (goal_x - x) * (goal_x - x) + (goal_y - y) * (goal_y - y)
    for direction, step_x, step_y in _STEPS:
        dx, dy = goal_x - x - step_x, goal_y - y - step_y
        if obs.can_move[direction] and dx * dx + dy * dy < left:
            best, left = move(direction), dx * dx + dy * dy
    return best


def _place(each: Entity | Position) -> Position:
    return each.position if isinstance(each, Entity) else each


def _places(threats: Entity | Position | Sequence[Entity | Position]) -> list[Position]:
    if isinstance(threats, Entity):
        return [threats.position]
    if len(threats) == 2 and isinstance(threats[0], int | float) and isinstance(threats[1], int | float):
        return [(threats[0], threats[1])]
    return [_place(each) for each in threats if not isinstance(each, int | float)]
