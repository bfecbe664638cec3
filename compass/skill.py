"""What a skill file imports: the actions, and the few helpers that tactics keep needing. `docs/skills.md` is its manual.

Actions are SMACv2's integers. Positions are (x, y) in map units, x east and y north. Wherever a helper compares, equals are decided
by the lowest id or the order north, south, east, west, so that a skill gives the same answer every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compass.beliefs import aims_of
from compass.measures import distance, hit_points, reach, vitality
from compass.types import FIRST_TARGET, MOVES, STOP, Entity, Observation, Position

__all__ = [
    "Entity",
    "Observation",
    "Position",
    "aims_of",
    "attack",
    "away",
    "best_target",
    "can_hit",
    "centroid",
    "chasers",
    "distance",
    "heal",
    "hit_points",
    "move",
    "nearest",
    "probe",
    "pull_back",
    "reach",
    "search",
    "stop",
    "toward",
    "under_fire",
    "vitality",
]

STRIDE = 2.0
"""How far ahead a move action sets its goal, in map units (smacv2's `move_amount`)."""

_MARGIN = 2.0  # map units at the edge that ground units cannot enter
_CLOSEST = 0.3  # nearer than this counts as this near
_EDGE_WEIGHT = 0.15  # an edge weighs so much less than a threat at the same distance
_CHASE = 2.0  # map units beyond its reach within which an enemy still counts as chasing
_REST = 6  # steps after a run before the next may begin
_RECENT = 3  # steps since a sighting on which a runner still relies
_FITTER = 0.1  # by how much more of its hit points an ally must have left to be in better shape
_MELEE = 2.0  # weapons that reach less far, in map units, strike hand to hand
_SCRATCH = 0.01  # a loss of this fraction of the hit points is a hit; what regenerates is less than a hit takes
_HIT_LATELY = 5  # steps for which a hit unit counts as under fire
_EARSHOT = 8.0  # map units within which fire on an ally concerns this agent
_HALTED = 0.3  # map units: who moved less since its shot has stopped to shoot
_ARRIVED = 1.5  # map units from a search point at which it counts as searched

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


def can_hit(unit: Entity, obs: Observation) -> bool:
    """Whether this agent's weapon can hit that type of unit at all: most weapons do not reach flying ones."""
    return not obs.units[unit.unit_type].flying or obs.units[obs.own.unit_type].hits_air


def away(obs: Observation, threats: Entity | Position | Sequence[Entity | Position]) -> int:
    """The legal move that leads best away from `threats` (an entity, a position, or a list of either), without running into the
    map's edge: near threats weigh most, and so does a near edge. `stop()` where no move is better than standing, or for no threats.
    """
    places = _places(threats)
    if not places:
        return stop()
    x, y = obs.own.position
    best, least = stop(), _peril(x, y, places, obs)
    for direction, step_x, step_y in _STEPS:
        if obs.can_move[direction]:
            peril = _peril(x + step_x / 2, y + step_y / 2, places, obs)
            if peril < least:
                best, least = move(direction), peril
    return best


def _peril(x: float, y: float, places: Sequence[Position], obs: Observation) -> float:
    """How bad a place is: the inverse square of the distance to each threat, and a little of that to the nearest edge."""
    width, height = obs.map_size
    edge = max(min(x, width - x, y, height - y) - _MARGIN, _CLOSEST)
    near = [max((px - x) * (px - x) + (py - y) * (py - y), _CLOSEST * _CLOSEST) for px, py in places]
    return sum(1.0 / square for square in near) + _EDGE_WEIGHT / (edge * edge)


def pull_back(obs: Observation, memory: dict[str, Any], below: float, steps: int) -> bool:
    """Whether to run now: from the moment an enemy's fire leaves this agent less than the fraction `below` of its hit points, for
    so many steps, while enemies are near and an ally in better shape is there to shoot them. StarCraft's enemies chase whom they
    chose until it dies, so the one who runs takes their fire out of the fight. `memory` is the skill's own.
    """
    life = vitality(obs.own, obs)
    before = memory.get("vitality", life)
    memory["vitality"] = life
    running = obs.step < memory.get("run until", 0)
    hurt = life < before and life < below and obs.step > memory.get("run until", -_REST) + _REST
    if not running and not hurt:  # told apart first: the rest looks at everybody
        return False
    relieved = any(ally.age < _RECENT and vitality(ally, obs) > life + _FITTER for ally in obs.allies)
    if not relieved or not chasers(obs):
        return False
    if not running:
        memory["run until"] = obs.step + steps
    return True


def under_fire(obs: Observation, memory: dict[str, Any]) -> list[Entity]:
    """This agent and the allies in sight of someone, as far as they lost hit points in the last few steps."""
    life, hit_at = memory.setdefault("life", {}), memory.setdefault("hit at", {})
    units = (obs.own, *obs.allies)
    for unit in units:
        if unit.age == 0:
            now = vitality(unit, obs)
            if now < life.get(unit.id, 0.0) - _SCRATCH:
                hit_at[unit.id] = obs.step
            life[unit.id] = now
    return [unit for unit in units if obs.step - hit_at.get(unit.id, -99) <= _HIT_LATELY]


def probe(obs: Observation, memory: dict[str, Any]) -> int | None:
    """A shot at an enemy nobody sees, for shooters under fire from the unknown; else None. Call it when there is no target.

    An attack out of range orders nothing, and the move of the step before goes on: so every second step of a walk tries another
    living enemy at no cost. Whoever stands still after such a shot has hit upon somebody in range, and keeps shooting at it.
    """
    own = obs.own
    if obs.units[own.unit_type].weapon_range < _MELEE:
        return None
    fired_upon = any(unit.distance < _EARSHOT for unit in under_fire(obs, memory))
    aim, place = memory.pop("probe", (0, own.position))
    if obs.last_action == aim and aim in obs.available and distance(own.position, place) < _HALTED:
        memory["probe"] = aim, place
        return int(aim)
    if not fired_upon or obs.last_action not in MOVES.values():
        return None
    vain = {attack(foe.id) for foe in obs.enemies if not can_hit(foe, obs) or _out_of_range(foe, obs)}
    aims = [action for action in obs.available if action >= FIRST_TARGET and action not in vain]
    if not aims:
        return None
    turn: int = memory.get("probes", 0)
    memory["probes"] = turn + 1
    memory["probe"] = aims[turn % len(aims)], own.position
    return aims[turn % len(aims)]


def _out_of_range(foe: Entity, obs: Observation) -> bool:
    return foe.age <= _RECENT and foe.distance > obs.shoot_range + 1.0


def search(obs: Observation, memory: dict[str, Any]) -> int:
    """The next move of a search: to the map's centre, then to the centres of its quarters in turn; walls end the way to one."""
    width, height = obs.map_size
    points = [(width / 2, height / 2)] + [(width * x, height * y) for y in (0.75, 0.25) for x in (0.25, 0.75)]
    at = memory.get("search point", 0)
    if distance(obs.own.position, points[at]) < _ARRIVED or toward(obs, points[at]) == stop():
        at = memory["search point"] = (at + 1) % len(points)
    return toward(obs, points[at])


def chasers(obs: Observation) -> list[Entity]:
    """The enemies seen lately whose weapons reach this agent or nearly do."""
    near = [(foe, reach(foe, obs)) for foe in obs.enemies if foe.age < _RECENT]
    return [foe for foe, range_ in near if range_ and foe.distance < range_ + _CHASE]


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
