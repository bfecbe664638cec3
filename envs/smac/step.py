"""The fused kernels: everything one step, one reset or one observation needs, over the battles [lo, hi) of a batch.

Array arguments lead with the batch axis, so that one compiled version serves one battle, batches, slices of batches and every
scenario: units UNIT[B, N], battles BATTLE[B], seen SEEN[B, N], tallies TALLY[B], tracked uint8[B, E, A], actions int64[B, A],
masks uint8[B, A, n_actions], state float32[B, state_size], obs float32[B, A, obs_size]; settings SETTINGS[1], table and traits
[2, unit types]. Rows outside the slice are neither read nor written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.engine.loop import run_loops
from envs.engine.spawn import begin, create
from envs.jit import jit
from envs.smac.actions import find_illegal, send
from envs.smac.arrays import RUNNING, Record, Records
from envs.smac.borrow import borrow
from envs.smac.masks import fill_masks
from envs.smac.observe import forget, make_draws, observe
from envs.smac.reward import max_reward, settle
from envs.smac.snapshot import look_again, look_first
from envs.smac.state import fill_state


@jit
def _observe_next(
    settings: Record,
    seen: Records,
    tally: Record,
    tracked: NDArray[np.uint8],
    order: NDArray[np.int64],
    uniforms: NDArray[np.float64],
    obs: NDArray[np.float32],
) -> None:
    """One `get_obs` with the battle's own draws (`make_draws`); order and uniforms are scratch space."""
    make_draws(tally.key, tally.step, tally.calls, settings.prob_obs_enemy, order, uniforms)
    tally.calls += 1
    observe(settings, seen, tracked, tally.step, order, uniforms, obs)


@jit
def _scratch(settings: Record) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    n_agents = settings.n_agents
    return np.empty(n_agents, np.int64), np.empty(settings.n_enemies * (n_agents - 1), np.float64)


@jit
def step_battles(
    lo: int,
    hi: int,
    look: bool,
    settings: Records,
    table: Records,
    units: Records,
    battles: Records,
    seen: Records,
    tallies: Records,
    tracked: NDArray[np.uint8],
    actions: NDArray[np.int64],
    masks: NDArray[np.uint8],
    state: NDArray[np.float32],
    obs: NDArray[np.float32],
) -> int:
    """One environment step of every battle that still runs, then masks and states and, if `look`, observations.

    Finished battles stay as they are, with reward 0. If an action is illegal nothing changes at all, and its place is returned as
    battle * n_agents + agent; otherwise -1.
    """
    rules = settings[0]
    units, seen, tracked, actions = borrow(units), borrow(seen), borrow(tracked), borrow(actions)
    masks, state, obs = borrow(masks), borrow(state), borrow(obs)
    illegal = find_illegal(lo, hi, rules, seen, tallies, actions)
    if illegal >= 0:
        return illegal
    order, uniforms = _scratch(rules)
    for b in range(lo, hi):
        tally = tallies[b]
        if tally.terminated:
            tally.reward, tally.raw_reward = 0.0, 0.0
            continue
        send(rules, table, units[b], seen[b], actions[b])
        run_loops(units[b], battles[b], table, rules.step_mul)
        look_again(units[b], seen[b])
        tally.step += 1
        tally.calls = 0
        settle(rules, seen[b], tally)
        forget(rules, seen[b], tracked[b])
        fill_masks(rules, seen[b], masks[b])
        fill_state(rules, seen[b], tally.step, state[b])
        if look:
            _observe_next(rules, seen[b], tally, tracked[b], order, uniforms, obs[b])
    return -1


@jit
def begin_battles(
    indices: NDArray[np.int64],
    keys: NDArray[np.uint64],
    types: NDArray[np.int64],
    positions: NDArray[np.float32],
    enemy_masks: NDArray[np.uint8],
    settings: Records,
    traits: Records,
    table: Records,
    units: Records,
    battles: Records,
    seen: Records,
    tallies: Records,
    tracked: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    state: NDArray[np.float32],
    obs: NDArray[np.float32],
) -> int:
    """Begin K battles, of keys[k], types int64[K, N] and positions float32[K, N, 2] (allies first) and enemy_masks
    uint8[K, A, E], in the places indices[k] of the batch: create the units, run the one loop that follows, show and observe.

    Returns -1, or the first k whose units did not all find room; then none has begun.
    """
    rules = settings[0]
    units, seen, tracked = borrow(units), borrow(seen), borrow(tracked)
    masks, state, obs = borrow(masks), borrow(state), borrow(obs)
    types, positions = borrow(types), borrow(positions)
    for k in range(indices.shape[0]):
        b = indices[k]
        begin(units[b], battles[b], keys[k])
        if not _create(rules, table, types[k], positions[k], units[b], battles[b]):
            return k
    order, uniforms = _scratch(rules)
    for k in range(indices.shape[0]):
        b = indices[k]
        run_loops(units[b], battles[b], table, 1)
        look_first(rules, traits, units[b], enemy_masks[k], seen[b])
        tracked[b, :, :] = 0
        tally = tallies[b]
        _open(rules, battles[b], seen[b], tally)
        fill_masks(rules, seen[b], masks[b])
        fill_state(rules, seen[b], 0, state[b])
        _observe_next(rules, seen[b], tally, tracked[b], order, uniforms, obs[b])
    return -1


@jit
def _create(
    settings: Record,
    table: Records,
    types: NDArray[np.int64],
    positions: NDArray[np.float32],
    units: Records,
    battle: Record,
) -> bool:
    """Create the units of an empty battle; returns whether all found room."""
    for i in range(types.shape[0]):
        side = 0 if i < settings.n_agents else 1
        x, y = np.float64(positions[i, 0]), np.float64(positions[i, 1])
        if create(units, battle, table, types[i], side, x, y) < 0:
            return False
    return True


@jit
def _open(settings: Record, battle: Record, seen: Records, tally: Record) -> None:
    """The tally of a battle that has just begun."""
    tally.key = battle.key
    tally.step, tally.calls = 0, 0
    tally.reward, tally.raw_reward = 0.0, 0.0
    tally.terminated, tally.battle_won, tally.timeout = False, False, False
    tally.end_code = RUNNING
    tally.dead_allies, tally.dead_enemies = 0, 0
    tally.max_reward = max_reward(settings, seen)


@jit
def observe_battle(
    agent: int,
    settings: Records,
    seen: Records,
    tallies: Records,
    tracked: NDArray[np.uint8],
    obs: NDArray[np.float32],
) -> None:
    """One more observation of battle 0 with its own draws: of all agents, or only of `agent` if that is not -1."""
    rules = settings[0]
    seen, tracked, obs = borrow(seen), borrow(tracked), borrow(obs)
    order, uniforms = _scratch(rules)
    tally = tallies[0]
    make_draws(tally.key, tally.step, tally.calls, rules.prob_obs_enemy, order, uniforms)
    tally.calls += 1
    if agent >= 0:
        order[0] = agent
        observe(rules, seen[0], tracked[0], tally.step, order[:1], uniforms, obs)
    else:
        observe(rules, seen[0], tracked[0], tally.step, order, uniforms, obs)


@jit
def observe_with(
    order: NDArray[np.int64],
    uniforms: NDArray[np.float64],
    settings: Records,
    seen: Records,
    tallies: Records,
    tracked: NDArray[np.uint8],
    obs: NDArray[np.float32],
) -> None:
    """One more observation of battle 0 with the caller's draws (see `envs.smac.observe.observe`)."""
    tally = tallies[0]
    tally.calls += 1
    observe(settings[0], seen[0], tracked[0], tally.step, order, uniforms, obs)
