"""Agents' observations and the tracking of enemies, which every observation changes.

An enemy belongs to the first agent that has it in sight while nobody tracks it; with probability `prob_obs_enemy` each
team-mate may then see it too. A tracker's death releases its enemies. In smacv2, an enemy that an agent may not see also wipes
the rows of all enemies of lower index (its issue 50): `upstream` keeps that, `repaired` drops it and nothing else.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from envs.draws import draw, uniform
from envs.jit import inlined, jit
from envs.layout import N_MOVES
from envs.smac.arrays import Record, Records
from envs.smac.borrow import tail
from envs.smac.masks import can_move, in_reach

OBSERVE = np.uint64(0x4F425345)


@jit
def make_draws(
    key: np.uint64, step: int, call: int, prob: float, order: NDArray[np.int64], uniforms: NDArray[np.float64]
) -> None:
    """The draws of one `get_obs` of the battle `key`: the agents' order, int64[A], and the numbers that sharing consumes.

    With k = draw(key ^ OBSERVE, step, call), where `call` counts the observations made since the last step (0 for the first), and
    the functions of `envs.draws`:
    order: start from 0..A-1; for i = A-1 down to 1 swap order[i] with order[int(uniform(k, 0, i) * (i + 1))].
    uniforms[n] = uniform(k, 1, n): the n-th number that this `get_obs` asks for. Left alone where `prob` is 0 or 1, since no
    number could matter.
    """
    call_key = draw(key ^ OBSERVE, step, call)
    for i in range(order.shape[0]):
        order[i] = i
    for i in range(order.shape[0] - 1, 0, -1):
        j = int(uniform(call_key, 0, i) * (i + 1))
        order[i], order[j] = order[j], order[i]
    if 0.0 < prob < 1.0:
        for n in range(uniforms.shape[0]):
            uniforms[n] = uniform(call_key, 1, n)


@jit
def forget(settings: Record, seen: Records, tracked: NDArray[np.uint8]) -> None:
    """After a step: the dead neither track nor are tracked."""
    n_agents, n_enemies = settings.n_agents, settings.n_enemies
    for agent in range(n_agents):
        if seen[agent].health > 0.0:
            continue
        for e in range(n_enemies):
            if seen[n_agents + e].tracker == agent:
                seen[n_agents + e].tracker = -1
                tracked[e, :] = 0
                tracked[:, agent] = 0
    for e in range(n_enemies):
        if seen[n_agents + e].health <= 0.0:
            seen[n_agents + e].tracker = -1
            tracked[e, :] = 0


@jit
def _discover(
    prob: float, tracked: NDArray[np.uint8], agent: int, e: int, uniforms: NDArray[np.float64], used: int
) -> int:
    """The agent tracks enemy e from now on; returns how many draws are used up."""
    n_agents = tracked.shape[1]
    if prob >= 1.0:
        tracked[e, :] = 1
        return used
    tracked[e, agent] = 1
    if prob > 0.0:
        for mate in range(n_agents):
            if mate != agent:
                if uniforms[used] < prob:
                    tracked[e, mate] = 1
                used += 1
    return used


@inlined
def _border(sight: float, fully: bool) -> float:
    """A squared distance beyond which nothing is seen: most pairs are farther apart and spare us the root."""
    return math.inf if fully else 1.0001 * (sight * sight)


@inlined
def _write_place(dx: float, dy: float, away: float, sight: float, out: NDArray[np.float32]) -> None:
    """Where another unit is, in its row."""
    out[1] = away / sight
    out[2] = dx / sight
    out[3] = dy / sight


@inlined
def _write_nature(settings: Record, shield: int, other: Record, out: NDArray[np.float32]) -> None:
    """Health, shield and type of another unit, in its row."""
    at = 4
    if settings.obs_all_health:
        out[4] = other.health_part
        at = 5
        if shield:
            out[5] = other.shield_part
            at = 6
    out[at + other.bit] = 1.0


@jit
def _can_heal(settings: Record, seen: Records, agent: int, ally: int) -> bool:
    """Whether a medivac could heal that ally now. Row e of the enemies begins, for a medivac, with the answer for ally e."""
    if ally >= settings.n_agents or seen[ally].heals or seen[ally].health <= 0.0:
        return False
    return in_reach(seen[agent], seen[ally])


@jit
def _see_enemies(
    settings: Record,
    seen: Records,
    tracked: NDArray[np.uint8],
    agent: int,
    uniforms: NDArray[np.float64],
    used: int,
    out: NDArray[np.float32],
) -> int:
    """Fill the enemy rows; returns how many of the `uniforms` are used up."""
    me = seen[agent]
    n_agents, width, fully = settings.n_agents, settings.enemy_row, settings.fully_observable != 0
    x, y, sight, shoot = np.float64(me.x), np.float64(me.y), me.sight, me.shoot
    border = _border(sight, fully)
    wiped = 0
    for e in range(settings.n_enemies):
        enemy = seen[n_agents + e]
        dx, dy = np.float64(enemy.x) - x, np.float64(enemy.y) - y
        square = dx * dx + dy * dy
        if square <= border:
            away = math.sqrt(square)
            if away < sight and enemy.tracker < 0:
                enemy.tracker = agent
                used = _discover(settings.prob_obs_enemy, tracked, agent, e, uniforms, used)
            if enemy.health > 0.0 and ((away < sight and tracked[e, agent] != 0) or fully):
                row = tail(out, N_MOVES + e * width)
                row[0] = _can_heal(settings, seen, agent, e) if me.heals else away <= shoot
                _write_place(dx, dy, away, sight, row)
                if (enemy.masked_from >> np.uint64(agent)) & np.uint64(1) == 0:
                    _write_nature(settings, settings.enemy_shield, enemy, row)
        if tracked[e, agent] == 0:
            wiped = e + 1
    if settings.wipe:
        out[N_MOVES : N_MOVES + wiped * width] = 0.0
    return used


@jit
def _see_allies(settings: Record, seen: Records, agent: int, out: NDArray[np.float32]) -> None:
    me = seen[agent]
    x, y, sight = np.float64(me.x), np.float64(me.y), me.sight
    at, width, fully = settings.allies_at, settings.ally_row, settings.fully_observable != 0
    border = _border(sight, fully)
    for ally in range(settings.n_agents):
        if ally == agent:
            continue
        other = seen[ally]
        dx, dy = np.float64(other.x) - x, np.float64(other.y) - y
        square = dx * dx + dy * dy
        if square <= border and other.health > 0.0:
            away = math.sqrt(square)
            if away < sight or fully:
                row = tail(out, at)
                row[0] = 1.0
                _write_place(dx, dy, away, sight, row)
                _write_nature(settings, settings.ally_shield, other, row)
                if settings.obs_last_action and other.action >= 0:
                    row[width - settings.n_actions + other.action] = 1.0
        at += width


@jit
def _see_itself(settings: Record, me: Record, out: NDArray[np.float32]) -> None:
    at = settings.own_at
    if settings.obs_own_health:
        out[at] = me.health_part
        at += 1
        if settings.ally_shield:
            out[at] = me.shield_part
            at += 1
    if settings.obs_own_pos:
        out[at] = np.float64(me.x) / settings.map_size
        out[at + 1] = np.float64(me.y) / settings.map_size
        at += 2
    out[at + me.bit] = 1.0


@jit
def observe(
    settings: Record,
    seen: Records,
    tracked: NDArray[np.uint8],
    step: int,
    order: NDArray[np.int64],
    uniforms: NDArray[np.float64],
    obs: NDArray[np.float32],
) -> None:
    """The observations of the agents in `order`, int64[up to A], one after the other, into obs float32[A, obs_size]; the dead's and
    the others' are zeros. Changes the tracking: `tracked` uint8[E, A] (may agent a see enemy e) and `seen`'s trackers.

    uniforms: the numbers that sharing compares with `prob_obs_enemy`, in the order of their use, float64[up to E * (A - 1)].
    """
    obs[:, :] = 0.0
    used = 0
    for agent in order:
        out = obs[agent]
        if seen[agent].health > 0.0:
            for action in range(2, 6):
                out[action - 2] = can_move(settings, seen, agent, action)
            used = _see_enemies(settings, seen, tracked, agent, uniforms, used, out)
            _see_allies(settings, seen, agent, out)
            _see_itself(settings, seen[agent], out)
        if settings.obs_timestep_number:
            out[out.shape[0] - 1] = step / settings.episode_limit
