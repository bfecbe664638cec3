"""Battles under SMACv2's rules: `Skirmish` plays one, `BatchedSkirmish` many at once, on the same compiled kernels.

Same scenario, options, seeds and actions: same bytes, whatever the batch size, the threads or the processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.draws import EVALUATION
from envs.errors import InputError
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.smac.aims import fill_aims
from envs.smac.arrays import RUNNING, Records
from envs.smac.battles import Battles, battle_key
from envs.teams import BattleSetup

_WHOLE = "iu"  # numpy's kinds of integers: a float would be cut to one without a word


@dataclass(slots=True)
class Frame:
    """What one battle shows after a reset or a step. The arrays are the caller's own.

    obs: float32[A, obs_size]. state: float32[state_size]. available: uint8[A, n_actions], 1 = legal now. reward is scaled by this
    battle's own maximum (unless reward_scale is off), raw_reward is not. end_code: 1 won, -1 lost, 0 both sides dead, None while
    the battle runs or when the time was up. step: environment steps since the reset.
    """

    obs: NDArray[np.float32]
    state: NDArray[np.float32]
    available: NDArray[np.uint8]
    reward: float
    raw_reward: float
    terminated: bool
    battle_won: bool
    timeout: bool
    end_code: int | None
    dead_allies: int
    dead_enemies: int
    step: int


@dataclass(slots=True)
class Batch:
    """What B battles show: the fields of `Frame` with a leading axis [B]. Views, valid until the next step or reset.

    end_code is 2 where a frame's would be None.
    """

    obs: NDArray[np.float32]
    state: NDArray[np.float32]
    available: NDArray[np.uint8]
    reward: NDArray[np.float64]
    raw_reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    battle_won: NDArray[np.bool_]
    timeout: NDArray[np.bool_]
    end_code: NDArray[np.int64]
    dead_allies: NDArray[np.int64]
    dead_enemies: NDArray[np.int64]
    step: NDArray[np.int64]


class Skirmish:
    """One battle at a time. `options` are smacv2's (see `envs.smac.options.Options`); `observation` is `repaired` or `upstream`."""

    def __init__(self, scenario: str | Scenario, observation: str = "repaired", **options: Any) -> None:
        self.scenario = load_scenario(scenario)
        self.observation = observation
        self._battles = Battles(self.scenario, 1, observation, options)
        self.options = self._battles.options
        self.layout = self._battles.layout
        self.n_agents = self.layout.n_agents
        self.n_enemies = self.layout.n_enemies
        self.n_actions = self.layout.n_actions
        self.episode_limit = self.scenario.episode_limit
        self._one_each = (self.n_agents,)
        self._no_obs = np.empty((1, 0, 0), np.float32)
        self._over = True

    def reset(self, seed: int, stream: str = EVALUATION) -> Frame:
        """Start the battle of that seed and stream.

        Raises:
            InputError: the seed is no non-negative 64-bit integer.
        """
        return self._reset(battle_key(stream, seed), None)

    def reset_to(self, setup: BattleSetup, key: int = 0) -> Frame:
        """Start a battle with these teams and positions; `key` (64 bits) decides every other draw."""
        return self._reset(key, [setup])

    def _reset(self, key: int, setups: list[BattleSetup] | None) -> Frame:
        self._over = True  # until all units have found room
        masks, state, obs = outputs = self._battles.outputs()
        self._battles.begin([0], [key], setups, outputs)
        return self._frame(masks, state, obs)

    def step(self, actions: Sequence[int] | NDArray[np.integer[Any]], look: bool = True) -> Frame:
        """Play one integer action per agent. Without `look` no observation is made (and none of its draws used): obs is empty.

        Raises:
            ValueError: an illegal action (nothing changes then), not one integer per agent, or a battle that is over.
        """
        battles = self._battles
        if self._over:
            raise ValueError("the battle is over or has not begun: call reset first")
        given = np.asarray(actions)
        if given.shape != self._one_each or given.dtype.kind not in _WHOLE:
            raise ValueError(f"{_described(given)} given; give one integer for each of the {self.n_agents} agents")
        battles.actions[0] = given
        masks, state, obs = outputs = battles.outputs()
        illegal = battles.step(0, 1, look, outputs)
        if illegal >= 0:
            raise battles.illegal(illegal)
        return self._frame(masks, state, obs if look else self._no_obs)

    def _frame(self, masks: NDArray[np.uint8], state: NDArray[np.float32], obs: NDArray[np.float32]) -> Frame:
        reward, raw, over, won, timeout, code, allies, enemies, step = self._battles.tallies.item()[:9]
        self._over = over
        end_code = None if code == RUNNING else code
        return Frame(obs[0], state[0], masks[0], reward, raw, over, won, timeout, end_code, allies, enemies, step)

    def observe(self, agent: int = -1) -> NDArray[np.float32]:
        """Observe once more: float32[A, obs_size], or with `agent` only that one (the others' rows are zeros).

        Every call is a `get_obs` (or `get_obs_agent`) of its own: it may change who tracks which enemy, and has its own draws.
        """
        return self._battles.observe(agent)

    def observe_with(self, order: ArrayLike, uniforms: ArrayLike) -> NDArray[np.float32]:
        """Observe once more with the caller's draws: the agents' order, int[A], and the numbers that sharing an enemy compares
        with prob_obs_enemy, in the order of their use, float[E * (A - 1)] (fewer if fewer are needed)."""
        return self._battles.observe_with(np.array(order, np.int64), np.array(uniforms, np.float64))

    @property
    def max_reward(self) -> float:
        """The divisor of the reward scale: by default what this battle's enemies are worth. May be set after a reset."""
        return float(self._battles.tallies[0]["max_reward"])

    @max_reward.setter
    def max_reward(self, value: float) -> None:
        self._battles.tallies["max_reward"] = value

    @property
    def key(self) -> int:
        """The battle's key."""
        return int(self._battles.tallies[0]["key"])

    @property
    def seen(self) -> Records:
        """The snapshot, SEEN[A + E] (see `envs.smac.arrays`): agents by id, then enemies by id. A view; not for agents."""
        seen: Records = self._battles.seen[0]
        return seen

    @property
    def tracked(self) -> NDArray[np.uint8]:
        """Who may see which enemy, uint8[E, A]: smacv2's obs_enemies. A view."""
        tracked: NDArray[np.uint8] = self._battles.tracked[0]
        return tracked

    def aims(self) -> NDArray[np.int64]:
        """Whom each enemy attacks or is ordered to attack: int64[E], an agent's id, -1 for nobody. No observation shows it."""
        found = np.empty(self.n_enemies, np.int64)
        fill_aims(self.units, self.seen, self.n_agents, found)
        return found

    @property
    def units(self) -> Records:
        """The live engine state, UNIT[A + E], in creation order. A view; not for agents."""
        units: Records = self._battles.units[0]
        return units


class BatchedSkirmish:
    """`batch_size` battles of one scenario at once, on `threads` threads. Finished battles stand still until `reset_at`."""

    def __init__(
        self, scenario: str | Scenario, batch_size: int, observation: str = "repaired", threads: int = 1, **options: Any
    ) -> None:
        if batch_size < 1 or threads < 1:
            raise InputError(f"batch_size {batch_size} and threads {threads} must both be 1 or more")
        self.scenario = load_scenario(scenario)
        self.batch_size = batch_size
        self._battles = Battles(self.scenario, batch_size, observation, options)
        self.options = self._battles.options
        self.layout = self._battles.layout
        self.n_agents = self.layout.n_agents
        self.n_enemies = self.layout.n_enemies
        self.n_actions = self.layout.n_actions
        self.episode_limit = self.scenario.episode_limit
        self._outputs = masks, state, obs = self._battles.outputs()
        tallies: Any = self._battles.tallies
        self._batch = Batch(obs, state, masks, *(tallies[name] for name in tallies.dtype.names[:9]))
        bounds = [batch_size * i // threads for i in range(threads + 1)]
        self._slices = [(lo, hi) for lo, hi in pairwise(bounds) if hi > lo]
        self._pool = ThreadPoolExecutor(len(self._slices) - 1) if len(self._slices) > 1 else None

    def reset(self, seeds: Sequence[int], stream: str = EVALUATION) -> Batch:
        """Start the battles of these seeds, one for each place of the batch.

        Raises:
            InputError: not one seed per place, or no non-negative 64-bit integer.
        """
        return self.reset_at(range(self.batch_size), seeds, stream)

    def reset_at(self, indices: Sequence[int], seeds: Sequence[int], stream: str = EVALUATION) -> Batch:
        """Start the battles of these seeds at these places of the batch; the others stay as they are.

        Raises:
            InputError: not one seed per place, a place outside the batch, or no non-negative 64-bit integer.
        """
        if len(seeds) != len(indices):
            raise InputError(f"{len(seeds)} seeds given for {len(indices)} battles; give one each")
        if any(not 0 <= index < self.batch_size for index in indices):
            raise InputError(
                f"battles {list(indices)} are not all in the batch; give places from 0 to {self.batch_size - 1}"
            )
        self._battles.begin(indices, [battle_key(stream, seed) for seed in seeds], None, self._outputs)
        return self._batch

    def step(self, actions: ArrayLike) -> Batch:
        """Play one step in every battle that still runs. actions: int[B, A]; those of finished battles are ignored.

        Raises:
            ValueError: an illegal action (then no battle changes), a wrong shape, or other numbers than integers.
        """
        battles = self._battles
        given = np.asarray(actions)
        if given.shape != battles.actions.shape or given.dtype.kind not in _WHOLE:
            raise ValueError(f"{_described(given)} given; give integers of the shape {battles.actions.shape}")
        battles.actions[:] = given
        illegal = self._play()
        if illegal >= 0:
            raise battles.illegal(illegal)
        return self._batch

    def _play(self) -> int:
        battles = self._battles
        if self._pool is None:
            return battles.step(0, self.batch_size, True, self._outputs)
        illegal = battles.find_illegal()
        if illegal >= 0:
            return illegal
        waiting: list[Future[int]] = [
            self._pool.submit(battles.step, lo, hi, True, self._outputs) for lo, hi in self._slices[1:]
        ]
        battles.step(*self._slices[0], True, self._outputs)
        for future in waiting:
            future.result()
        return -1

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()


def _described(actions: NDArray[Any]) -> str:
    return f"actions of shape {actions.shape} and type {actions.dtype}"
