"""Observations made by hand or drawn by hypothesis, and a reader of agent-eye pictures that knows nothing but their pixels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from PIL import Image
from scipy.optimize import linear_sum_assignment

from compass.types import Entity, Observation, UnitFacts
from envs.units import RACES, UNITS

DIRECTIONS = ("north", "south", "east", "west")
Sighting = tuple[str, str, tuple[float, float]]  # role, unit type, position

FACTS = {
    name: UnitFacts(
        health=kind.health,
        ally_health=kind.ally_health,
        shield=kind.shield,
        weapon_range=kind.weapons[0].range if kind.weapons else 0.0,
        radius=kind.radius,
        speed=1.0,
        reload=1.0,
        damage_per_second=1.0,
        flying=kind.flying,
        hits_air=any(weapon.hits_air for weapon in kind.weapons),
    )
    for name, kind in UNITS.items()
}

_TYPES = ("baneling", "colossus", "hydralisk", "marauder", "marine", "medivac", "stalker", "zealot", "zergling")
_ROLES = ("own", "ally", "enemy")


def unit(
    team: str,
    name: int,
    unit_type: str,
    position: tuple[float, float],
    seen_from: Entity | None = None,
    health: float = 1.0,
    shield: float | None = None,
    attackable: bool = False,
    last_action: int | None = None,
    hops: int = 0,
    age: int = 0,
) -> Entity:
    """An entity at a place; shields are full where not given."""
    x, y = position if seen_from is None else seen_from.position
    relative = (position[0] - x, position[1] - y)
    distance = (relative[0] ** 2 + relative[1] ** 2) ** 0.5
    full = float(UNITS[unit_type].shield > 0) if shield is None else shield
    return Entity(team, name, unit_type, position, relative, distance, health, full, attackable, last_action, hops, age)


def observation(
    own: Entity,
    allies: Iterable[Entity],
    enemies: Iterable[Entity],
    last_action: int | None = None,
    available: tuple[int, ...] = (1, 2, 3, 4, 5),
) -> Observation:
    """An agent's observation at step 14 on a map of 32 x 32."""
    can_move = {direction: 2 + at in available for at, direction in enumerate(DIRECTIONS)}
    kind = UNITS[own.unit_type]
    return Observation(
        own.id, 14, own._replace(last_action=last_action), tuple(allies), tuple(enemies), can_move, last_action,
        float(kind.smac_sight), float(kind.smac_shoot_range), (32.0, 32.0), available,
    )  # fmt: skip


@st.composite
def observations(draw: st.DrawFn, most: int = 12, corner: float = 0.0, width: float = 32.0) -> Observation:
    """Any observation of a race: up to `most` units a team within a square of the map, known in any way."""
    race = draw(st.sampled_from(sorted(RACES)))
    place = st.floats(corner, corner + width, width=32)
    share, action = st.floats(0, 1, width=32), st.none() | st.integers(0, 28)

    def entity(team: str, name: int, seen_from: Entity | None) -> Entity:
        entity = unit(
            team, name, draw(st.sampled_from(RACES[race])), (draw(place), draw(place)), seen_from, draw(share)
        )
        entity = entity._replace(shield=draw(share) if race == "protoss" else 0.0)
        if seen_from is None:
            return entity
        entity = entity._replace(
            attackable=draw(st.booleans()), hops=draw(st.integers(0, 3)), age=draw(st.integers(0, 200))
        )
        return entity._replace(last_action=draw(action)) if team == "ally" else entity

    names = st.sets(st.integers(0, 22), max_size=most)
    own = entity("ally", 23, None)
    allies = [entity("ally", name, own) for name in sorted(draw(names))]
    enemies = [entity("enemy", name, own) for name in sorted(draw(names))]
    available = tuple(sorted(draw(st.sets(st.integers(0, 28), min_size=1))))
    return observation(own, allies, enemies, draw(action), available)._replace(step=draw(st.integers(0, 200)))


def expected(obs: Observation) -> list[Sighting]:
    """What a reader must find in the picture of an observation on a map of 32 x 32."""
    known = [("own", obs.own), *(("ally", ally) for ally in obs.allies), *(("enemy", enemy) for enemy in obs.enemies)]
    return [(role, entity.unit_type, entity.position) for role, entity in known]


def read(image: Image.Image) -> list[Sighting]:
    """Everything whose core a picture shows: red 251 marks cores, green tells the type, blue the role; 14 pixels a unit at 512."""
    pixels = np.asarray(image)
    scale = image.width / 512
    side = 3 if image.width >= 330 else 1
    rest = {(int(x), int(y)) for y, x in np.argwhere(pixels[:, :, 0] == 251)}
    found = []
    while rest:
        x, y = min(rest, key=lambda pixel: (pixel[1], pixel[0]))
        core = {(x + dx, y + dy) for dx in range(side) for dy in range(side)}
        colours = {tuple(pixels[row, column]) for column, row in core}
        assert core <= rest and len(colours) == 1, f"a core at {x}, {y} is not whole"
        rest -= core
        _, green, blue = colours.pop()
        unit_type, role = _TYPES[(255 - int(green)) // 12], _ROLES[(255 - int(blue)) // 90]
        column, row = x + side // 2, y + side // 2
        found.append(
            (role, unit_type, ((column - round(32 * scale)) / (14 * scale), (round(466 * scale) - row) / (14 * scale)))
        )
    return found


def same(found: list[Sighting], wanted: list[Sighting], within: float = 0.5) -> bool:
    """Whether both hold the same units, each within so many map units of its place."""
    if len(found) != len(wanted):
        return False
    apart = [
        [a[:2] != b[:2] or (a[2][0] - b[2][0]) ** 2 + (a[2][1] - b[2][1]) ** 2 > within**2 for b in wanted]
        for a in found
    ]
    costs = np.array(apart, dtype=float)
    return float(costs[linear_sum_assignment(costs)].sum()) == 0.0
