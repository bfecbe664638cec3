"""Vectors and masks of battlefields drawn by hand: who stands where, and who sees whom, in the form the environment writes them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from envs.layout import Layout
from envs.scenario import MAP_SIZE, Scenario
from envs.units import UNITS

Place = tuple[str, float, float]
Team = Mapping[int, Place]
NOBODY: Team = MappingProxyType({})


def vectors(
    scenario: Scenario, allies: Team, enemies: Team = NOBODY, owners: Mapping[int, int] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Observations and masks of units at full health; absent ids are dead. owners: enemy -> the only agent that sees it (EPO)."""
    layout = Layout.of(scenario)
    obs = np.zeros((layout.n_agents, layout.obs_size), dtype=np.float32)
    mask = np.zeros((layout.n_agents, layout.n_actions), dtype=np.uint8)
    mask[:, 0] = 1
    for a, (kind, x, y) in allies.items():
        mask[a] = 0
        mask[a, 1:6] = 1
        obs[a, :4] = 1
        _write_own(obs[a, layout.own_at :], layout, scenario, kind, x, y)
        for e, place in enemies.items():
            shoot = _distance(allies[a], place) <= UNITS[kind].smac_shoot_range
            mask[a, 6 + e] = shoot or not scenario.action_mask
            if owners is None or owners.get(e) == a:
                at = layout.enemies_at + e * layout.enemy_row
                _write_row(obs[a, at : at + layout.enemy_row], layout, scenario, allies[a], place, float(shoot))
        others = [j for j in range(layout.n_agents) if j != a]
        for i, j in enumerate(others):
            if j in allies:
                at = layout.allies_at + i * layout.enemy_row
                _write_row(obs[a, at : at + layout.enemy_row], layout, scenario, allies[a], allies[j], 1.0)
    return obs, mask


def _distance(one: Place, other: Place) -> float:
    return float(np.hypot(one[1] - other[1], one[2] - other[2]))


def _write_own(row: NDArray[np.float32], layout: Layout, scenario: Scenario, kind: str, x: float, y: float) -> None:
    row[: 1 + layout.ally_shield] = 1
    row[1 + layout.ally_shield : 3 + layout.ally_shield] = [x / MAP_SIZE, y / MAP_SIZE]
    row[3 + layout.ally_shield + scenario.unit_types.index(kind)] = 1


def _write_row(
    row: NDArray[np.float32], layout: Layout, scenario: Scenario, own: Place, other: Place, first: float
) -> None:
    sight, distance = UNITS[own[0]].smac_sight, _distance(own, other)
    if distance < sight:
        row[:4] = [first, distance / sight, (other[1] - own[1]) / sight, (other[2] - own[2]) / sight]
        row[4 : 5 + layout.ally_shield] = 1
        row[5 + layout.ally_shield + scenario.unit_types.index(other[0])] = 1
