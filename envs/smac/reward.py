"""What a step was worth and whether it ended the battle."""

from __future__ import annotations

import numpy as np

from envs.jit import jit
from envs.smac.arrays import RUNNING, Record, Records


@jit
def max_reward(settings: Record, seen: Records) -> float:
    """The most that damage, kills and victory can add up to in this battle: the divisor of SMACv2's reward scale."""
    total: float = settings.n_enemies * settings.reward_death_value + settings.reward_win
    for i in range(settings.n_agents, settings.n_agents + settings.n_enemies):
        total += seen[i].health_max + seen[i].shield_max
    return total


@jit
def _lost(row: Record) -> float:
    """Health and shield lost in the step by a unit that lived before it; regained ones count as negative."""
    before = np.float64(row.previous_health) + np.float64(row.previous_shield)
    if row.health <= 0.0:
        return before
    return before - np.float64(row.health) - np.float64(row.shield)


@jit
def step_reward(settings: Record, seen: Records) -> float:
    """The reward of the last step before victory or defeat and before scaling. Sums run in the order in which smacv2 adds."""
    if settings.reward_sparse:
        return 0.0
    n_agents, scale = settings.n_agents, settings.reward_negative_scale
    deaths, allies, enemies = 0.0, 0.0, 0.0
    for i in range(n_agents):
        if seen[i].previous_health > 0.0:
            if seen[i].health <= 0.0 and not settings.reward_only_positive:
                deaths -= settings.reward_death_value * scale
            allies += scale * _lost(seen[i])
    for i in range(n_agents, n_agents + settings.n_enemies):
        if seen[i].previous_health > 0.0:
            if seen[i].health <= 0.0:
                deaths += settings.reward_death_value
            enemies += _lost(seen[i])
    if settings.reward_only_positive:
        return max(enemies + deaths, 0.0)
    return enemies + deaths - allies


@jit
def _survivors(seen: Records, lo: int, hi: int) -> tuple[int, int]:
    """How many of these units live, and how many of those are no medivacs."""
    alive, fighters = 0, 0
    for i in range(lo, hi):
        if seen[i].health > 0.0:
            alive += 1
            fighters += 1 - seen[i].heals
    return alive, fighters


@jit
def settle(settings: Record, seen: Records, tally: Record) -> None:
    """Write the outcome of the last step into the tally: the dead, the end, the reward.

    A side with nothing but medivacs has lost; so when all die at once it is a draw, but for Terran a defeat.
    """
    n_agents, n_enemies = settings.n_agents, settings.n_enemies
    allies, ally_fighters = _survivors(seen, 0, n_agents)
    enemies, enemy_fighters = _survivors(seen, n_agents, n_agents + n_enemies)
    tally.dead_allies = n_agents - allies
    tally.dead_enemies = n_enemies - enemies
    tally.end_code = RUNNING
    if (allies == 0 and enemies > 0) or (settings.heals and ally_fighters == 0):
        tally.end_code = -1
    elif (allies > 0 and enemies == 0) or (settings.heals and enemy_fighters == 0):
        tally.end_code = 1
    elif allies == 0 and enemies == 0:
        tally.end_code = 0
    tally.battle_won = tally.end_code == 1
    tally.timeout = tally.end_code == RUNNING and tally.step >= settings.episode_limit
    tally.terminated = tally.timeout or tally.end_code != RUNNING
    reward = step_reward(settings, seen)
    if tally.end_code == 1:
        reward = 1.0 if settings.reward_sparse else reward + settings.reward_win
    elif tally.end_code == -1:
        reward = -1.0 if settings.reward_sparse else reward + settings.reward_defeat
    tally.raw_reward = reward
    tally.reward = reward / (tally.max_reward / settings.reward_scale_rate) if settings.reward_scale else reward
