"""The rules by which knowledge ages, travels and is merged, compiled. One step of `Channel.exchange` calls them in this order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compass.knowledge import (
    ACTION,
    ACTION_HOPS,
    ACTION_SEEN,
    ATTACKABLE,
    COLUMNS,
    DISTANCE,
    DX,
    DY,
    HEALTH,
    HOPS,
    ORIGIN,
    SEEN,
    SHIELD,
    TYPE,
    X,
    Y,
)
from envs.jit import jit

Table = NDArray[np.float64]

_STEP_WORTH = 1024.0  # one step fresher outweighs any number of hops


@jit
def _copy(source: Table, giver: int, into: Table, taker: int, slot: int, first: int, end: int) -> None:
    for column in range(first, end):
        into[taker, slot, column] = source[giver, slot, column]


@jit
def remember(
    table: Table,
    seen: Table,
    step: int,
    available: NDArray[np.uint8],
    sees_all: bool,
    mask_tells_life: bool,
    healer: int,
    sights: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> None:
    """Write what was seen now over what was known before, and mark as dead (health 0) what must have died.

    An enemy has died where the mask says so (extended partial observability: the mask names the living). Else an entity has
    died that this agent itself saw one step ago, so near that it could not have left sight, and does not see now; for enemies
    this holds only where rows of seen enemies are never withheld (`sees_all`). reach: map units a type covers in a step, at most.
    """
    n_agents, n_entities = table.shape[0], table.shape[1]
    for a in range(n_agents):
        if seen[a, a, SEEN] < 0.0:
            table[a, :, SEEN] = -1.0
            table[a, :, ACTION_SEEN] = -1.0
            table[a, :, ACTION] = -1.0
            continue
        kind = int(seen[a, a, TYPE])
        for slot in range(n_entities):
            if seen[a, slot, SEEN] >= 0.0:
                _copy(seen, a, table, a, slot, 0, ACTION)
                if seen[a, slot, ACTION_SEEN] >= 0.0:
                    _copy(seen, a, table, a, slot, ACTION, ACTION_HOPS + 1)
                continue
            if table[a, slot, SEEN] < 0.0 or table[a, slot, HEALTH] <= 0.0:
                continue
            enemy, other = slot >= n_agents, int(table[a, slot, TYPE])
            if mask_tells_life and enemy and kind != healer:
                dead = available[a, 6 + slot - n_agents] == 0
            elif mask_tells_life and not enemy and kind == healer and other != healer:
                dead = available[a, 6 + slot] == 0
            else:
                itself = table[a, slot, HOPS] == 0.0 and table[a, slot, SEEN] == step - 1
                near = table[a, slot, DISTANCE] + reach[kind] + reach[other] < sights[kind]
                dead = itself and near and (sees_all or not enemy)
            if dead:
                table[a, slot, HEALTH], table[a, slot, SHIELD] = 0.0, 0.0
                table[a, slot, SEEN], table[a, slot, HOPS], table[a, slot, ORIGIN] = step, 0.0, a


@jit
def find_edges(seen: Table, edges: NDArray[np.int64]) -> int:
    """Pairs (a, b), a < b, of living agents of whom at least one sees the other. Returns how many were written to int64[n, 2]."""
    n_agents = seen.shape[0]
    count = 0
    for a in range(n_agents):
        for b in range(a + 1, n_agents):
            if (
                seen[a, a, SEEN] >= 0.0
                and seen[b, b, SEEN] >= 0.0
                and (seen[a, b, SEEN] >= 0.0 or seen[b, a, SEEN] >= 0.0)
            ):
                edges[count, 0], edges[count, 1] = a, b
                count += 1
    return count


@jit
def _freshness(table: Table, seen: int, hops: int) -> Table:
    """float64[agents, entities]: how good each record is, fresher before fewer hops; one more hop costs 1."""
    fresh = np.empty(table.shape[:2])
    for a in range(table.shape[0]):
        for slot in range(table.shape[1]):
            fresh[a, slot] = table[a, slot, seen] * _STEP_WORTH - table[a, slot, hops]
    return fresh


@jit
def spread(table: Table, edges: NDArray[np.int64], n_edges: int, hops: int, log: NDArray[np.int64]) -> int:
    """All hops of one step: in each round every agent tells its neighbours everything it knew when the round began.

    The freshest record wins, then the one of fewest hops. After the first round only what the round before changed can be news.
    Returns the number of deliveries written to log int64[n, 7]: round, sender, receiver, entity slot, origin, step seen, hops.
    """
    n_entities = table.shape[1]
    told = table.copy()
    told_sighting, told_action = _freshness(table, SEEN, HOPS), _freshness(table, ACTION_SEEN, ACTION_HOPS)
    sighting, action = told_sighting.copy(), told_action.copy()
    news = np.ones(sighting.shape, dtype=np.bool_)
    count = 0
    for hop in range(1, hops + 1):
        changed = np.zeros(sighting.shape, dtype=np.bool_)
        for e in range(n_edges):
            for way in range(2):
                sender, receiver = edges[e, way], edges[e, 1 - way]
                for slot in range(n_entities):
                    if slot == receiver or not news[sender, slot]:
                        continue
                    if told_sighting[sender, slot] - 1.0 > sighting[receiver, slot] and told[sender, slot, HOPS] < hops:
                        sighting[receiver, slot] = told_sighting[sender, slot] - 1.0
                        _copy(told, sender, table, receiver, slot, 0, ACTION)
                        table[receiver, slot, HOPS] += 1.0
                        changed[receiver, slot] = True
                        _log(log, count, hop, sender, receiver, slot, table)
                        count += 1
                    if (
                        told_action[sender, slot] - 1.0 > action[receiver, slot]
                        and told[sender, slot, ACTION_HOPS] < hops
                    ):
                        action[receiver, slot] = told_action[sender, slot] - 1.0
                        _copy(told, sender, table, receiver, slot, ACTION, ACTION_HOPS + 1)
                        table[receiver, slot, ACTION_HOPS] += 1.0
                        changed[receiver, slot] = True
        if not changed.any():
            break
        for a in range(table.shape[0]):
            for slot in range(n_entities):
                if changed[a, slot]:
                    _copy(table, a, told, a, slot, 0, COLUMNS)
                    told_sighting[a, slot], told_action[a, slot] = sighting[a, slot], action[a, slot]
        news = changed
    return count


@jit
def _log(log: NDArray[np.int64], at: int, hop: int, sender: int, receiver: int, slot: int, table: Table) -> None:
    log[at, 0], log[at, 1], log[at, 2], log[at, 3] = hop, sender, receiver, slot
    log[at, 4] = int(table[receiver, slot, ORIGIN])
    log[at, 5] = int(table[receiver, slot, SEEN])
    log[at, 6] = int(table[receiver, slot, HOPS])


@jit
def relate(
    table: Table,
    step: int,
    available: NDArray[np.uint8],
    mask_tells_range: bool,
    healer: int,
    shoots: NDArray[np.float64],
    can_hit: NDArray[np.bool_],
    by_sight: bool,
) -> None:
    """Make what was heard, or seen earlier, relative to each agent: offset, distance, and whether an attack would take effect.

    can_hit: bool[types, types], whether a type's weapon reaches the other's plane (a marauder's does not reach a medivac's).
    by_sight: what an agent sees now is relative already, by its own vector; else that is made so, too.
    """
    n_agents = table.shape[0]
    for a in range(n_agents):
        own = table[a, a]
        if own[SEEN] < 0.0:
            continue
        kind = int(own[TYPE])
        for slot in range(table.shape[1]):
            entity = table[a, slot]
            if slot == a or entity[SEEN] < 0.0:
                continue
            if slot >= n_agents and not can_hit[kind, int(entity[TYPE])]:
                entity[ATTACKABLE] = 0.0
            if by_sight and entity[HOPS] == 0.0 and entity[SEEN] == step:
                continue
            entity[DX], entity[DY] = entity[X] - own[X], entity[Y] - own[Y]
            entity[DISTANCE] = np.sqrt(entity[DX] * entity[DX] + entity[DY] * entity[DY])
            in_range = entity[DISTANCE] <= shoots[kind]
            enemy = slot >= n_agents
            other = int(entity[TYPE])
            if enemy == (kind == healer) or (not enemy and other == healer) or (enemy and not can_hit[kind, other]):
                entity[ATTACKABLE] = 0.0
            elif mask_tells_range:
                entity[ATTACKABLE] = available[a, 6 + slot - n_agents] if enemy else available[a, 6 + slot]
            else:
                entity[ATTACKABLE] = 1.0 if in_range else 0.0


@jit
def gather(table: Table, rows: NDArray[np.void], counts: NDArray[np.int64]) -> int:
    """Rows of living known entities (see `compass.wire.ROW`), agent after agent, and how many of each agent into int64[agents].

    Returns how many in all.
    """
    at = 0
    for a in range(table.shape[0]):
        start = at
        for slot in range(table.shape[1]):
            if table[a, slot, SEEN] >= 0.0 and table[a, slot, HEALTH] > 0.0:
                row = rows[at]
                row.slot, row.seen, row.hops = slot, int(table[a, slot, SEEN]), int(table[a, slot, HOPS])
                row.kind, row.attackable = int(table[a, slot, TYPE]), int(table[a, slot, ATTACKABLE] > 0.0)
                row.action = int(table[a, slot, ACTION])
                row.x, row.y, row.dx, row.dy = (
                    table[a, slot, X],
                    table[a, slot, Y],
                    table[a, slot, DX],
                    table[a, slot, DY],
                )
                row.distance = table[a, slot, DISTANCE]
                row.health, row.shield = table[a, slot, HEALTH], table[a, slot, SHIELD]
                at += 1
        counts[a] = at - start
    return at


@jit
def sharp_facts(
    table: Table, contact: NDArray[np.bool_], lost: NDArray[np.int64], low: NDArray[np.bool_], low_health: float
) -> None:
    """What makes agents think anew: whether each ever knew a living enemy, how many allies it knows dead, whether it is weak."""
    n_agents = table.shape[0]
    for a in range(n_agents):
        lost[a] = 0
        for slot in range(table.shape[1]):
            if table[a, slot, SEEN] >= 0.0:
                alive = table[a, slot, HEALTH] > 0.0
                if slot >= n_agents:
                    contact[a] = contact[a] or alive
                elif not alive:
                    lost[a] += 1
        low[a] = table[a, a, HEALTH] <= low_health
