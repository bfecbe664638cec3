"""Decoding: from an agent's SMACv2 vector and availability mask to named entities in map units. Nothing else is looked at.

Exact: multiplying a float32 by a small whole number loses nothing in float64, so `encode` gives back the same vector.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compass.knowledge import (
    ACTION,
    ACTION_SEEN,
    ATTACKABLE,
    COLUMNS,
    DISTANCE,
    DX,
    DY,
    HEALTH,
    ORIGIN,
    SEEN,
    SHIELD,
    TYPE,
    X,
    Y,
)
from compass.types import Constants
from envs.errors import InputError
from envs.jit import jit
from envs.layout import Layout
from envs.scenario import MAP_SIZE, Scenario
from envs.units import UNITS, UnitType

STEP_SECONDS = 0.5
"""Game seconds of an environment step: 8 loops of 1/16 s."""


def constants_of(scenario: Scenario) -> Constants:
    """What every agent of the scenario knows beforehand."""
    size = (float(MAP_SIZE), float(MAP_SIZE))
    counts = (scenario.n_units, scenario.n_enemies, Layout.of(scenario).n_actions)
    facts = tuple(_facts(UNITS[name]) for name in scenario.unit_types)
    return Constants(
        scenario.name,
        scenario.race,
        scenario.setting,
        *counts,
        scenario.unit_types,
        size,
        scenario.episode_limit,
        facts,
        scenario.arena,
    )


def _facts(unit: UnitType) -> tuple[float, ...]:
    """The row of `compass.types.UnitFacts`, of a unit's first weapon."""
    life = (float(unit.health), float(unit.ally_health), float(unit.shield))
    speed = max(unit.speed, unit.ally_speed) * STEP_SECONDS
    if not unit.weapons:
        return (*life, 0.0, unit.radius, speed, 0.0, 0.0, float(unit.flying), 0.0)
    weapon = unit.weapons[0]
    hits = 2 if weapon.second_strike or weapon.beam_points else 1
    return (
        *life,
        float(weapon.range),
        unit.radius,
        speed,
        weapon.period / STEP_SECONDS,
        hits * weapon.damage / weapon.period,
        float(unit.flying),
        float(weapon.hits_air),
    )


def check_readable(scenario: Scenario) -> None:
    """Make sure that an enemy's row always says what the enemy is.

    Raises:
        InputError: the scenario masks enemies.
    """
    if scenario.mask_probability < 1:
        raise InputError(
            f"{scenario.name}: agents here cannot play with mask_probability {scenario.mask_probability}; leave it out"
        )


class Decoder:
    """Decodes the vectors of a team, each agent's by itself.

    Raises:
        ValueError: vectors or masks of a shape that is not the scenario's.
        InputError: see `check_readable`.
    """

    def __init__(self, scenario: Scenario) -> None:
        check_readable(scenario)
        self.layout = Layout.of(scenario)
        self.sight = np.array([scenario.sight_range(kind) for kind in scenario.unit_types])
        self.shoot = np.array([scenario.shoot_range(kind) for kind in scenario.unit_types])
        self.healer = scenario.unit_types.index("medivac") if "medivac" in scenario.unit_types else -1
        self.mask_tells_range = scenario.action_mask
        layout = self.layout
        self._shape = np.array([layout.n_agents, layout.n_enemies, layout.ally_shield, layout.enemy_shield, MAP_SIZE])
        self._empty = np.zeros((layout.n_agents, layout.n_agents + layout.n_enemies, COLUMNS))
        self._empty[:, :, [SEEN, ORIGIN, ACTION, ACTION_SEEN]] = -1.0

    def empty(self) -> NDArray[np.float64]:
        """A table in which nobody knows anything: float64[agents, entities, COLUMNS]."""
        return self._empty.copy()

    def decode(
        self, obs: NDArray[np.float32], available: NDArray[np.uint8], last_actions: NDArray[np.int64], step: int
    ) -> NDArray[np.float64]:
        """What each agent sees with its own eyes now: a fresh table. Agents that are dead know nothing.

        obs: float32[agents, obs_size]; available: uint8[agents, n_actions]; last_actions: int64[agents], -1 at the first step.
        """
        layout = self.layout
        if obs.shape != (layout.n_agents, layout.obs_size) or available.shape != (layout.n_agents, layout.n_actions):
            raise ValueError(
                f"expected vectors of {layout.obs_size} and masks of {layout.n_actions}, got {obs.shape}, {available.shape}"
            )
        table = self.empty()
        _decode(
            obs,
            available,
            last_actions,
            step,
            self._shape,
            self.sight,
            self.shoot,
            self.healer,
            self.mask_tells_range,
            table,
        )
        return table

    def encode(
        self, seen: NDArray[np.float64], agent: int, can_move: NDArray[np.uint8], bits: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """The vector that `decode` read: the inverse, from one agent's seen rows, its move bits and each enemy's feature 0.

        seen: float64[entities, COLUMNS]; can_move: uint8[4]; bits: uint8[enemies]. Returns float32[obs_size].
        """
        layout = self.layout
        vector = np.zeros(layout.obs_size, dtype=np.float32)
        own = seen[agent]
        if own[SEEN] < 0:
            return vector
        vector[:4] = can_move
        sight = self.sight[int(own[TYPE])]
        others = [slot for slot in range(layout.n_agents) if slot != agent]
        enemies = range(layout.n_agents, layout.n_agents + layout.n_enemies)
        for at, width, shield, slots in (
            (layout.enemies_at, layout.enemy_row, layout.enemy_shield, enemies),
            (layout.allies_at, layout.ally_row, layout.ally_shield, others),
        ):
            for i, slot in enumerate(slots):
                if seen[slot, SEEN] < 0:
                    continue
                row = vector[at + i * width : at + (i + 1) * width]
                row[0] = bits[slot - layout.n_agents] if slot >= layout.n_agents else 1
                row[1:4] = seen[slot, [DISTANCE, DX, DY]] / sight
                row[4 : 5 + shield] = seen[slot, [HEALTH, SHIELD][: 1 + shield]]
                row[5 + shield + int(seen[slot, TYPE])] = 1
        tail, shield = vector[layout.own_at :], layout.ally_shield
        tail[: 1 + shield] = own[[HEALTH, SHIELD][: 1 + shield]]
        tail[1 + shield : 3 + shield] = own[[X, Y]] / MAP_SIZE
        tail[3 + shield + int(own[TYPE])] = 1
        return vector


@jit
def _type_of(bits: NDArray[np.float32]) -> int:
    for k in range(bits.shape[0]):
        if bits[k] > 0.0:
            return k
    return -1


@jit
def _decode(
    obs: NDArray[np.float32],
    available: NDArray[np.uint8],
    last_actions: NDArray[np.int64],
    step: int,
    shape: NDArray[np.int64],
    sights: NDArray[np.float64],
    shoots: NDArray[np.float64],
    healer: int,
    mask_tells_range: bool,
    table: NDArray[np.float64],
) -> None:
    n_agents, n_enemies, ally_shield, enemy_shield, size = shape[0], shape[1], shape[2], shape[3], float(shape[4])
    ally_row, enemy_row = 8 + ally_shield, 8 + enemy_shield
    allies_at = 4 + n_enemies * enemy_row
    own_at = allies_at + (n_agents - 1) * ally_row
    for a in range(n_agents):
        vector = obs[a]
        kind = _type_of(vector[own_at + 3 + ally_shield :])
        if kind < 0:
            continue  # dead: its vector is all zeros
        own = table[a, a]
        own[SEEN], own[ORIGIN], own[TYPE] = step, a, kind
        place = own_at + 1 + ally_shield
        own[X], own[Y] = np.float64(vector[place]) * size, np.float64(vector[place + 1]) * size
        own[HEALTH] = vector[own_at]
        own[SHIELD] = vector[own_at + 1] if ally_shield else 0.0
        own[ACTION], own[ACTION_SEEN] = last_actions[a], step if last_actions[a] >= 0 else -1
        for slot in range(n_agents + n_enemies):
            if slot == a:
                continue
            row, shield = (enemy_row, enemy_shield) if slot >= n_agents else (ally_row, ally_shield)
            before = slot if slot < a else slot - 1
            at = 4 + (slot - n_agents) * row if slot >= n_agents else allies_at + before * row
            other = _type_of(vector[at + 5 + shield : at + row])
            if other < 0:
                continue  # not seen: its row is all zeros
            entity = table[a, slot]
            entity[SEEN], entity[ORIGIN], entity[TYPE] = step, a, other
            entity[DISTANCE] = np.float64(vector[at + 1]) * sights[kind]
            entity[DX], entity[DY] = (
                np.float64(vector[at + 2]) * sights[kind],
                np.float64(vector[at + 3]) * sights[kind],
            )
            entity[X], entity[Y] = own[X] + entity[DX], own[Y] + entity[DY]
            entity[HEALTH] = vector[at + 4]
            entity[SHIELD] = vector[at + 5] if shield else 0.0
            if slot >= n_agents and kind != healer:
                entity[ATTACKABLE] = available[a, 6 + slot - n_agents] if mask_tells_range else vector[at]
            elif slot < n_agents and kind == healer and other != healer:
                in_range = available[a, 6 + slot] > 0 if mask_tells_range else entity[DISTANCE] <= shoots[kind]
                entity[ATTACKABLE] = 1.0 if in_range else 0.0
