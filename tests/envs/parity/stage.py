"""Battles of unmodified smacv2 with chosen units on chosen places, for one claim at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
from smacv2.env.starcraft2 import starcraft2

from envs.skirmish import Skirmish
from envs.teams import BattleSetup
from envs.units import UNIT_NAMES, UNITS
from tests.envs.parity.oracle import Oracle
from tests.envs.parity.traces import Rules

Placed = tuple[str, float, float]  # unit type, x, y in map units


def _rules(allies: Sequence[Placed], enemies: Sequence[Placed], options: dict[str, Any]) -> Rules:
    race = UNITS[allies[0][0]].race
    return Rules(f"{race}_5_vs_5", options | {"n_units": len(allies), "n_enemies": len(enemies)})


def _setup(allies: Sequence[Placed], enemies: Sequence[Placed]) -> BattleSetup:
    units = (*allies, *enemies)
    types = np.array([UNIT_NAMES.index(name) for name, _, _ in units])
    return BattleSetup(types, np.array([place for _, *place in units], np.float32), len(allies))


@contextmanager
def upstream(allies: Sequence[Placed], enemies: Sequence[Placed], **options: Any) -> Iterator[Any]:
    """smacv2's inner environment after the reset to this battle; its agents observe in the order of their ids."""
    oracle = Oracle(_rules(allies, enemies, options))
    try:
        with mock.patch.object(starcraft2.random, "shuffle", lambda agents: None):
            oracle.env.env.reset(_setup(allies, enemies).episode_config())
            yield oracle.env.env
    finally:
        oracle.close()


def native(allies: Sequence[Placed], enemies: Sequence[Placed], observation: str, **options: Any) -> Skirmish:
    """The native environment after the reset to the same battle."""
    rules = _rules(allies, enemies, options)
    skirmish = Skirmish(rules.scenario, observation, **rules.options)
    skirmish.reset_to(_setup(allies, enemies))
    return skirmish


def put(env: Any, unit: Any, x: float, y: float) -> None:
    """Let a unit be seen there until the next step."""
    unit.pos.x, unit.pos.y = x, y


def kill(env: Any, *units: Any) -> None:
    """Let units die in the next loop."""
    env._kill_units([unit.tag for unit in units])
