"""What an agent does when its skill gave no legal answer: attack the nearest attackable known enemy, else stop."""

from __future__ import annotations

from collections.abc import Container

from compass.types import FIRST_TARGET, NO_OP, STOP, Observation


def legal(action: object, available: Container[int]) -> bool:
    """Whether `action` is a plain int among the legal actions."""
    return type(action) is int and action in available


def fallback(obs: Observation) -> int:
    """A legal action without any skill; equally near enemies are decided by the lowest id. For the dead, no-op."""
    near = [(enemy.distance, enemy.id) for enemy in obs.enemies if enemy.attackable]
    if near:
        action = FIRST_TARGET + min(near)[1]
        if legal(action, obs.available):
            return action
    return STOP if legal(STOP, obs.available) else NO_OP
