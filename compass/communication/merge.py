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
            old, new = table[a, slot], seen[a, slot]
            if new[SEEN] >= 0.0:
                for column in range(ACTION):
                    old[column] = new[column]
                if new[ACTION_SEEN] >= 0.0:
                    old[ACTION], old[ACTION_SEEN], old[ACTION_HOPS] = new[ACTION], new[ACTION_SEEN], 0.0
                continue
            if old[SEEN] < 0.0 or old[HEALTH] <= 0.0:
                continue
            enemy = slot >= n_agents
            if mask_tells_life and enemy and kind != healer:
                dead = available[a, 6 + slot - n_agents] == 0
            elif mask_tells_life and not enemy and kind == healer and int(old[TYPE]) != healer:
                dead = available[a, 6 + slot] == 0
            else:
                itself = old[HOPS] == 0.0 and old[SEEN] == step - 1
                near = old[DISTANCE] + reach[kind] + reach[int(old[TYPE])] < sights[kind]
                dead = itself and near and (sees_all or not enemy)
            if dead:
                old[HEALTH], old[SHIELD], old[SEEN], old[HOPS], old[ORIGIN] = 0.0, 0.0, step, 0.0, a


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
def _take(
    into: Table,
    told: Table,
    slot: int,
    sender: int,
    receiver: int,
    hop: int,
    limit: float,
    log: NDArray[np.int64],
    at: int,
) -> int:
    """Merge one told record into the receiver's: freshest wins, then fewest hops. Returns the new length of the log."""
    better = told[SEEN] > into[SEEN] or (told[SEEN] == into[SEEN] and told[HOPS] + 1.0 < into[HOPS])
    if told[SEEN] >= 0.0 and told[HOPS] + 1.0 <= limit and better:
        for column in range(ACTION):
            into[column] = told[column]
        into[HOPS] = told[HOPS] + 1.0
        log[at, 0], log[at, 1], log[at, 2], log[at, 3] = hop, sender, receiver, slot
        log[at, 4], log[at, 5], log[at, 6] = int(into[ORIGIN]), int(into[SEEN]), int(into[HOPS])
        at += 1
    if told[ACTION_SEEN] > into[ACTION_SEEN] and told[ACTION_HOPS] + 1.0 <= limit:
        into[ACTION], into[ACTION_SEEN], into[ACTION_HOPS] = told[ACTION], told[ACTION_SEEN], told[ACTION_HOPS] + 1.0
    return at


@jit
def spread(table: Table, edges: NDArray[np.int64], n_edges: int, hops: int, log: NDArray[np.int64]) -> int:
    """All hops of one step: in each round every agent tells its neighbours everything it knew when the round began.

    Returns the number of deliveries written to log int64[n, 7]: round, sender, receiver, entity slot, origin, step seen, hops.
    """
    count = 0
    for hop in range(1, hops + 1):
        told = table.copy()
        before = count
        for e in range(n_edges):
            for way in range(2):
                sender, receiver = edges[e, way], edges[e, 1 - way]
                for slot in range(table.shape[1]):
                    if slot != receiver:
                        count = _take(
                            table[receiver, slot],
                            told[sender, slot],
                            slot,
                            sender,
                            receiver,
                            hop,
                            float(hops),
                            log,
                            count,
                        )
        if count == before:
            break
    return count


@jit
def relate(
    table: Table,
    step: int,
    available: NDArray[np.uint8],
    mask_tells_range: bool,
    healer: int,
    shoots: NDArray[np.float64],
    can_hit: NDArray[np.bool_],
) -> None:
    """Make what was heard, or seen earlier, relative to each agent: offset, distance, and whether an attack would take effect.

    can_hit: bool[types, types], whether a type's weapon reaches the other's plane (a marauder's does not reach a medivac's).
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
            if entity[HOPS] == 0.0 and entity[SEEN] == step:
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
def gather(table: Table, rows: Table) -> None:
    """Rows of living known entities, agent after agent, into float64[n, COLUMNS]; their counts into column 0 of the last rows."""
    n_agents, n_entities = table.shape[0], table.shape[1]
    at = 0
    counts = rows[n_agents * n_entities :]
    for a in range(n_agents):
        start = at
        for slot in range(n_entities):
            if table[a, slot, SEEN] >= 0.0 and table[a, slot, HEALTH] > 0.0:
                for column in range(COLUMNS):
                    rows[at, column] = table[a, slot, column]
                at += 1
        counts[a, 0] = at - start
