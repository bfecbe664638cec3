"""What one agent knows, as bytes: written once by the episode loop, read by skills' sandboxes, planners and pictures alike.

Pure Python, so that a sandbox needs nothing else. Layout, little-endian: agent id, step, last action, number of rows (int32), sight
range, shoot range (float64), the availability mask (one byte per action), then one `ROW` per known living entity, the agent itself
included: slot, step seen, hops, type, attackable, last action or, of an enemy, aim (int32; -1 for none), x, y, dx, dy, distance,
health, shield (float64), as in `compass.knowledge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from struct import Struct
from types import MappingProxyType

from compass.types import MOVES, Constants, Entity, Observation, UnitFacts

_HEAD = Struct("<iiiidd")
MASK_AT = _HEAD.size  # where in a payload the availability mask begins
ROW = Struct("<6i7d")
_entity = tuple.__new__  # a named tuple's own constructor would take half as long again, at every entity of every step


def pack(
    agent_id: int, step: int, last_action: int, ranges: tuple[float, float], available: bytes, rows: bytes
) -> bytes:
    """The bytes of one agent's knowledge.

    ranges: sight and shoot range. last_action: -1 for none. available: the mask, one byte per action. rows: one `ROW` for each of
    the living entities it knows.
    """
    return _HEAD.pack(agent_id, step, last_action, len(rows) // ROW.size, *ranges) + available + rows


def unpack(payload: bytes, constants: Constants) -> Observation:
    """The observation that `pack` wrote."""
    agent_id, step, last_action, _, sight, shoot = _HEAD.unpack_from(payload)
    start = _HEAD.size + constants.n_actions
    mask = payload[_HEAD.size : start]
    own: Entity | None = None
    allies: list[Entity] = []
    enemies: list[Entity] = []
    n_agents, kinds = constants.n_agents, constants.unit_types
    for row in ROW.iter_unpack(memoryview(payload)[start:]):
        slot, seen, hops, kind, attackable, deed, x, y, dx, dy, distance, health, shield = row
        last = aim = None
        if slot >= n_agents:
            name, team, into = slot - n_agents, "enemy", enemies
            if deed >= 0:
                aim = deed
        else:
            name, team, into = slot, "ally", allies
            if deed >= 0:
                last = deed
        place, offset, type_, hit = (x, y), (dx, dy), kinds[kind], attackable == 1
        facts = (team, name, type_, place, offset, distance, health, shield, hit, last, hops, step - seen, aim)
        entity = _entity(Entity, facts)
        if slot == agent_id:
            own = entity
        else:
            into.append(entity)
    if own is None:
        raise ValueError(f"agent {agent_id}: the payload lacks its own row")
    return Observation(
        agent_id,
        step,
        own,
        tuple(allies),
        tuple(enemies),
        {direction: mask[action] == 1 for direction, action in MOVES.items()},
        last_action if last_action >= 0 else None,
        sight,
        shoot,
        constants.map_size,
        tuple([action for action, bit in enumerate(mask) if bit]),
        units_of(constants.unit_types, constants.unit_rows),
        constants.arena,
    )


@lru_cache(maxsize=8)
def units_of(names: tuple[str, ...], rows: tuple[tuple[float, ...], ...]) -> Mapping[str, UnitFacts]:
    """The facts of unit types by name, from their rows in `Constants`."""
    facts = [UnitFacts._make((*row[:-2], row[-2] > 0, row[-1] > 0)) for row in rows]
    return MappingProxyType(dict(zip(names, facts, strict=False)))
