"""Agents' observations and the tracking of enemies, which every observation changes.

An enemy belongs to the first agent that has it in sight while nobody tracks it; with probability `prob_obs_enemy` each
team-mate may then see it too. A tracker's death releases its enemies. In smacv2, an enemy that an agent may not see also wipes
the rows of all enemies of lower index (its issue 50): `upstream` keeps that, `repaired` drops it and nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.draws import draw, uniform
from envs.jit import jit
from envs.layout import N_MOVES
from envs.smac.arrays import Record, Records
from envs.smac.masks import can_move, distance, in_reach

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


@jit
def _write_row(
    settings: Record, me: Record, other: Record, span: float, first: float, out: NDArray[np.float32]
) -> None:
    """An enemy's or ally's features, but for an ally's last action."""
    out[0] = first
    out[1] = span / me.sight
    out[2] = (np.float64(other.x) - np.float64(me.x)) / me.sight
    out[3] = (np.float64(other.y) - np.float64(me.y)) / me.sight
    at = 4
    if settings.obs_all_health:
        out[4] = other.health_part
        at = 5
        if settings.shield:
            out[5] = other.shield_part
            at = 6
    out[at + other.bit] = 1.0


@jit
def _attackable(settings: Record, seen: Records, agent: int, e: int, span: float) -> float:
    """The truth about action 6 + e, whatever the mask says; for a medivac that action heals ally e."""
    if not seen[agent].heals:
        return 1.0 if span <= seen[agent].shoot else 0.0
    if e >= settings.n_agents or seen[e].heals or seen[e].health <= 0.0:
        return 0.0
    return 1.0 if in_reach(seen, agent, e) else 0.0


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
    me = seen[agent]
    n_agents, row = settings.n_agents, settings.row
    wiped = 0
    for e in range(settings.n_enemies):
        enemy = seen[n_agents + e]
        span = distance(seen, agent, n_agents + e)
        in_sight = span < me.sight
        if in_sight and enemy.tracker < 0:
            enemy.tracker = agent
            used = _discover(settings.prob_obs_enemy, tracked, agent, e, uniforms, used)
        known = tracked[e, agent] != 0
        if enemy.health > 0.0 and ((in_sight and known) or settings.fully_observable):
            at = N_MOVES + e * row
            _write_row(settings, me, enemy, span, _attackable(settings, seen, agent, e, span), out[at : at + row])
        if not known:
            wiped = e + 1
    if settings.wipe:
        out[N_MOVES : N_MOVES + wiped * row] = 0.0
    return used


@jit
def _see_allies(settings: Record, seen: Records, agent: int, out: NDArray[np.float32]) -> None:
    me = seen[agent]
    at = settings.allies_at
    for ally in range(settings.n_agents):
        if ally == agent:
            continue
        other = seen[ally]
        if other.health > 0.0:
            span = distance(seen, agent, ally)
            if span < me.sight or settings.fully_observable:
                _write_row(settings, me, other, span, 1.0, out[at : at + settings.row])
                if settings.obs_last_action and other.action >= 0:
                    out[at + settings.row + other.action] = 1.0
        at += settings.ally_row


@jit
def _see_itself(settings: Record, me: Record, out: NDArray[np.float32]) -> None:
    at = settings.own_at
    if settings.obs_own_health:
        out[at] = me.health_part
        at += 1
        if settings.shield:
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
