"""The memory of a batch of battles, and the calls of the kernels on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numba
import numpy as np
from numpy.typing import NDArray

from envs.arenas import load_arena
from envs.draws import stream_key
from envs.engine.state import BATTLE, MAX_UNITS, UNIT
from envs.engine.table import make_table
from envs.errors import InputError
from envs.scenario import Scenario
from envs.smac.actions import find_illegal
from envs.smac.arrays import MOST_MASKED, SEEN, TALLY, Records, make_settings, make_traits
from envs.smac.masks import fill_masks
from envs.smac.options import Options
from envs.smac.step import begin_battles, observe_battle, observe_with, step_battles
from envs.teams import BattleSetup, BattleSource

MAX_SEED = 2**64 - 1
Outputs = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]
_BYTE, _FLOAT = np.dtype(np.uint8), np.dtype(np.float32)  # np.empty is faster with these than with the classes


class Battles:
    """`size` battles of one scenario: engine state, snapshots and counters, without the output arrays."""

    _begin: ClassVar[Callable[..., int] | None] = None  # the entry point of `begin_battles`, the same for all,
    _step: ClassVar[Callable[..., int] | None] = None  # and of `step_battles`

    def __init__(self, scenario: Scenario, size: int, observation: str, options: dict[str, Any]) -> None:
        """Raises `InputError` for options that are not implemented, and for more units or masked agents than can be held."""
        defaults = ("prob_obs_enemy", "action_mask", "use_unit_ranges")
        given = {name: getattr(scenario, name) for name in defaults} | options
        self.options = Options.of(given)
        self.layout = self.options.layout(scenario)
        n_allies, n_enemies = scenario.n_units, scenario.n_enemies
        if n_allies + n_enemies > MAX_UNITS:
            raise InputError(f"{scenario.name}: {n_allies} + {n_enemies} units; a battle holds at most {MAX_UNITS}")
        if scenario.mask_probability < 1 and n_allies > MOST_MASKED:
            raise InputError(
                f"{scenario.name}: mask_probability for {n_allies} agents; at most {MOST_MASKED} can have one"
            )
        self.source = BattleSource(scenario)
        self.settings = make_settings(scenario, self.layout, self.options, observation)
        self.traits = make_traits(scenario, self.options)
        order = scenario.enemy_order
        self.table = make_table(None, load_arena(scenario.arena), order.rule, order.point)
        self.units: Records = np.zeros((size, n_allies + n_enemies), UNIT)
        self.battles: Records = np.zeros(size, BATTLE)
        self.seen: Records = np.zeros((size, n_allies + n_enemies), SEEN)
        self.tallies: Records = np.zeros(size, TALLY)
        self.tallies["terminated"] = True  # until the first reset
        self.tracked: NDArray[np.uint8] = np.zeros((size, n_enemies, n_allies), np.uint8)
        self.actions: NDArray[np.int64] = np.zeros((size, n_allies), np.int64)
        layout = self.layout
        self._shapes = (size, n_allies, layout.n_actions), (size, layout.state_size), (size, n_allies, layout.obs_size)
        self.memory = (self.units, self.battles, self.seen, self.tallies, self.tracked)
        self._begin_memory = (self.settings, self.traits, self.table, *self.memory)
        self._step_memory = (self.settings, self.table, *self.memory, self.actions)

    def outputs(self) -> Outputs:
        """New arrays for what the battles show: masks, states, observations."""
        masks, state, obs = self._shapes
        return np.empty(masks, _BYTE), np.empty(state, _FLOAT), np.empty(obs, _FLOAT)

    def begin(
        self,
        indices: Sequence[int],
        keys: Sequence[int],
        setups: Sequence[BattleSetup] | None,
        outputs: Outputs,
    ) -> None:
        """Start battles of these keys at these places; teams, positions and enemy masks are drawn from the keys unless given.

        Raises:
            InputError: the map has no room for all units, or a mask is for more agents than it can be.
        """
        count, n = len(keys), self.units.shape[1]
        n_agents = self.layout.n_agents
        types, positions = np.zeros((count, n), np.int64), np.zeros((count, n, 2), np.float32)
        enemy_masks = np.zeros((count, n_agents, n - n_agents), np.uint8)
        where, words = np.array(indices, np.int64), np.array(keys, np.uint64)
        if setups is None:
            self.source.draw_into(words, types, positions, enemy_masks)
        else:
            for k, setup in enumerate(setups):
                types[k], positions[k] = setup.types, setup.positions
                enemy_masks[k] = 0 if setup.enemy_mask is None else setup.enemy_mask
        if n_agents > MOST_MASKED and enemy_masks.any():
            raise InputError(f"an enemy mask for {n_agents} agents; use one with at most {MOST_MASKED}, or none")
        arguments = where, words, types, positions, enemy_masks, *self._begin_memory, *outputs
        if Battles._begin is None:
            Battles._begin = entry_point(begin_battles, *arguments)
        if Battles._begin(*arguments) >= 0:
            raise InputError("the units do not all find room on the map; use fewer units")

    def step(self, lo: int, hi: int, look: bool, outputs: Outputs) -> int:
        """Play `actions` in the battles [lo, hi): see `step_battles`."""
        if Battles._step is None:
            Battles._step = entry_point(step_battles, lo, hi, look, *self._step_memory, *outputs)
        return Battles._step(lo, hi, look, *self._step_memory, *outputs)

    def observe(self, agent: int) -> NDArray[np.float32]:
        """One more observation of the first battle, with its own draws: of all agents (-1) or of one. float32[A, obs_size]."""
        obs: NDArray[np.float32] = self.outputs()[2][0]
        observe_battle(agent, self.settings, self.seen, self.tallies, self.tracked, obs)
        return obs

    def observe_with(self, order: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.float32]:
        """One more observation of the first battle, with these draws."""
        obs: NDArray[np.float32] = self.outputs()[2][0]
        observe_with(order, uniforms, self.settings, self.seen, self.tallies, self.tracked, obs)
        return obs

    def find_illegal(self) -> int:
        """The place of the first illegal one among `actions`, or -1."""
        return find_illegal(0, len(self.battles), self.settings[0], self.seen, self.tallies, self.actions)

    def legal_actions(self, battle: int, agent: int) -> list[int]:
        """What the agent may choose now."""
        masks = np.empty((self.layout.n_agents, self.layout.n_actions), np.uint8)
        fill_masks(self.settings[0], self.seen[battle], masks)
        return [int(a) for a in np.flatnonzero(masks[agent])]

    def illegal(self, place: int) -> ValueError:
        """The error that names the illegal action which `step` found at that place."""
        battle, agent = divmod(place, self.layout.n_agents)
        where = f"battle {battle}, " if len(self.battles) > 1 else ""
        chosen = int(self.actions[battle, agent])
        return ValueError(
            f"{where}agent {agent}: action {chosen} is illegal now; legal are {self.legal_actions(battle, agent)}"
        )


def entry_point(kernel: Any, *arguments: Any) -> Callable[..., int]:
    """The machine code of a kernel for arguments of these types, without numba's check of the types, which costs a microsecond a
    call. Whoever calls it must pass the same types."""
    typeof: Any = numba.typeof
    signature = tuple(typeof(argument) for argument in arguments)
    kernel.compile(signature)
    code: Callable[..., int] = kernel.overloads[signature].entry_point
    return code


def battle_key(stream: str, seed: int) -> int:
    """The key of a battle's seed in a stream.

    Raises:
        InputError: the seed is no non-negative 64-bit integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed {seed!r} is not allowed; give a whole number from 0 to {MAX_SEED}")
    return stream_key(stream, int(seed))
