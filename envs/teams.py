"""The teams, start positions and enemy mask of a battle, drawn from its key: a function of (scenario, stream, seed) alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.draws import EVALUATION, POSITION, TEAM, draw, stream_key, uniform
from envs.jit import jit
from envs.scenario import MAP_SIZE, Scenario
from envs.units import UNIT_NAMES

SURROUNDED, REFLECT, FIXED = 1, 2, 3
_OFFSET = 2.0  # surrounding groups start at most this far (on both axes) from the centre, where the allies stand
_TEAM, _POSITION = np.uint64(TEAM), np.uint64(POSITION)
MASK = np.uint64(0x4D41534B)
_EXTRA = 1 << 20  # counter offset of the extra enemies' draws


@dataclass(frozen=True)
class BattleSetup:
    """The units of one battle, allies first, in creation order.

    types: int64[n], indices into `envs.units.UNIT_NAMES`. positions: float32[n, 2], map units, before units make room for
    each other. enemy_mask: uint8[agents, enemies], 1 hides the enemy's health, shield and type from the agent; None hides nothing.
    """

    types: NDArray[np.int64]
    positions: NDArray[np.float32]
    n_allies: int
    enemy_mask: NDArray[np.uint8] | None = None

    def episode_config(self) -> dict[str, Any]:
        """The configuration that `reset(episode_config)` of smacv2's inner `StarCraft2Env` takes (positions as float64[n, 2])."""
        names = [UNIT_NAMES[t] for t in self.types]
        places = self.positions.astype(np.float64)
        config: dict[str, Any] = {
            "team_gen": {"ally_team": names[: self.n_allies], "enemy_team": names[self.n_allies :], "id": 0},
            "ally_start_positions": {"item": places[: self.n_allies], "id": 0},
            "enemy_start_positions": {"item": places[self.n_allies :], "id": 0},
        }
        if self.enemy_mask is not None:
            config["enemy_mask"] = {"item": self.enemy_mask, "id": 0}
        return config


class BattleSource:
    """Draws a scenario's battles. Holds the arrays that the compiled drawing functions read."""

    def __init__(self, scenario: Scenario) -> None:
        index = {name: i for i, name in enumerate(UNIT_NAMES)}
        start = scenario.start_positions
        teams = scenario.teams.allies + scenario.teams.enemies
        places = start.allies + start.enemies
        self.n_allies = scenario.n_units
        self.n = scenario.n_units + scenario.n_enemies
        self.kinds = np.array([index[kind] for kind in scenario.unit_types])
        self.cumulative = np.cumsum(np.array(scenario.weights))
        self.cumulative[-1] = 1.0
        self.barred = np.array([kind in scenario.exception_unit_types for kind in scenario.unit_types])
        self.reflect_probability = {"surrounded": 0.0, "reflect": 1.0}.get(start.rule, start.p)
        self.fixed_types = np.array([index[kind] for kind in teams], dtype=np.int64)
        self.fixed_positions = np.array(places, dtype=np.float32).reshape(-1, 2)
        self.mask_probability = scenario.mask_probability

    def draw_into(
        self,
        keys: NDArray[np.uint64],
        types: NDArray[np.int64],
        positions: NDArray[np.float32],
        enemy_masks: NDArray[np.uint8],
    ) -> None:
        """Write the battles of K keys into types int64[K, n], positions float32[K, n, 2], enemy_masks uint8[K, agents, enemies]."""
        if self.fixed_types.size:
            types[:] = self.fixed_types
        else:
            draw_teams(keys, self.kinds, self.cumulative, self.barred, self.n_allies, types)
        if self.fixed_positions.size:
            positions[:] = self.fixed_positions
        else:
            draw_positions(keys, self.reflect_probability, float(MAP_SIZE), self.n_allies, positions)
        if self.mask_probability < 1:
            draw_enemy_masks(keys, self.mask_probability, enemy_masks)

    def battle(self, key: int) -> BattleSetup:
        """The battle of `key` (see `envs.draws.stream_key`)."""
        types, positions = np.zeros((1, self.n), dtype=np.int64), np.zeros((1, self.n, 2), dtype=np.float32)
        enemy_masks = np.zeros((1, self.n_allies, self.n - self.n_allies), np.uint8)
        self.draw_into(np.array([key], np.uint64), types, positions, enemy_masks)
        masked = self.mask_probability < 1
        return BattleSetup(types[0], positions[0], self.n_allies, enemy_masks[0] if masked else None)


def draw_battle(scenario: Scenario, seed: int, stream: str = EVALUATION) -> BattleSetup:
    """The units and start positions of the battle `seed` of a scenario in that stream."""
    return BattleSource(scenario).battle(stream_key(stream, seed))


@jit
def _pick(cumulative: NDArray[np.float64], u: float) -> int:
    for i in range(cumulative.shape[0]):
        if u < cumulative[i]:
            return i
    return int(cumulative.shape[0]) - 1


@jit
def _draw_group(
    key: np.uint64,
    start: int,
    kinds: NDArray[np.int64],
    cumulative: NDArray[np.float64],
    barred: NDArray[np.bool_],
    group: NDArray[np.int64],
) -> None:
    """Draw one group's types, again while every member is an exception unit."""
    attempt = start
    while True:
        allowed = False
        for i in range(group.shape[0]):
            kind = _pick(cumulative, uniform(key, attempt, i))
            group[i] = kinds[kind]
            allowed = allowed or not barred[kind]
        if allowed:
            return
        attempt += 1


@jit
def draw_teams(
    keys: NDArray[np.uint64],
    kinds: NDArray[np.int64],
    cumulative: NDArray[np.float64],
    barred: NDArray[np.bool_],
    n_allies: int,
    types: NDArray[np.int64],
) -> None:
    """SMACv2's `weighted_teams`: both sides get the same units; extra enemies are drawn by the same rule, exceptions included."""
    n_enemies = types.shape[1] - n_allies
    for k in range(keys.shape[0]):
        team_key, team = keys[k] ^ _TEAM, types[k]
        _draw_group(team_key, 0, kinds, cumulative, barred, team[:n_allies])
        for i in range(min(n_allies, n_enemies)):
            team[n_allies + i] = team[i]
        if n_enemies > n_allies:
            _draw_group(team_key, _EXTRA, kinds, cumulative, barred, team[2 * n_allies :])


@jit
def _reflect(key: np.uint64, size: float, n_allies: int, positions: NDArray[np.float32]) -> None:
    half = size / 2.0
    for i in range(n_allies):
        positions[i, 0] = uniform(key, 1, i) * (half - 1.0)
        positions[i, 1] = uniform(key, 2, i) * size
    for e in range(positions.shape[0] - n_allies):
        j = n_allies + e
        if e < n_allies:
            positions[j, 0] = size - positions[e, 0]
            positions[j, 1] = positions[e, 1]
        else:
            positions[j, 0] = half + uniform(key, 1, j) * half
            positions[j, 1] = uniform(key, 2, j) * size


@jit
def _surround(key: np.uint64, size: float, n_allies: int, positions: NDArray[np.float32]) -> None:
    """Allies at the centre; enemies in 1 to 4 groups, each at one point of its own diagonal."""
    half = size / 2.0
    n_groups = 1 + int(uniform(key, 3, 0) * 4.0)
    corners = np.arange(4)
    for i in range(3):
        j = i + int(uniform(key, 4, i) * (4 - i))
        corners[i], corners[j] = corners[j], corners[i]
    members = np.zeros(4, dtype=np.int64)
    for e in range(positions.shape[0] - n_allies):
        members[int(uniform(key, 5, e) * n_groups)] += 1
    for i in range(n_allies):
        positions[i, 0] = half
        positions[i, 1] = half
    j = n_allies
    for g in range(n_groups):
        t = uniform(key, 6, g)
        east, north = float(corners[g] // 2), float(corners[g] % 2)
        x = (half + (2.0 * east - 1.0) * _OFFSET) * t + east * size * (1.0 - t)
        y = (half + (2.0 * north - 1.0) * _OFFSET) * t + north * size * (1.0 - t)
        for _ in range(members[g]):
            positions[j, 0] = x
            positions[j, 1] = y
            j += 1


@jit
def draw_positions(
    keys: NDArray[np.uint64], reflect_probability: float, size: float, n_allies: int, positions: NDArray[np.float32]
) -> None:
    """SMACv2's `surrounded_and_reflect`: with `reflect_probability` a mirrored battle, else allies surrounded at the centre."""
    for k in range(keys.shape[0]):
        place_key = draw(keys[k] ^ _POSITION, 0, 0)
        if uniform(place_key, 0, 0) <= reflect_probability:
            _reflect(place_key, size, n_allies, positions[k])
        else:
            _surround(place_key, size, n_allies, positions[k])


@jit
def draw_enemy_masks(keys: NDArray[np.uint64], mask_probability: float, enemy_masks: NDArray[np.uint8]) -> None:
    """SMACv2's `mask`: 1 with probability 1 - `mask_probability`, each pair of agent and enemy by itself."""
    for k in range(keys.shape[0]):
        for agent in range(enemy_masks.shape[1]):
            for enemy in range(enemy_masks.shape[2]):
                enemy_masks[k, agent, enemy] = uniform(keys[k] ^ MASK, agent, enemy) >= mask_probability
