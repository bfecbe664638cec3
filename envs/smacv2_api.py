"""smacv2's environment interface on the embedded engine: the same names, shapes and types, no StarCraft II.

Code written for smacv2's `StarCraftCapabilityEnvWrapper` runs on the class of that name here. What differs: `seed` decides the
whole battle (teams, positions and every draw), the reward scale is each battle's own, the row wipe of smacv2's issue 50 is
repaired unless `observation="upstream"`, observations are float32 under every option, an illegal action raises `ValueError`,
and a battle that is over must be reset.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.draws import EVALUATION
from envs.errors import InputError, unknown
from envs.layout import N_ACTIONS_NO_ATTACK, TYPE_BITS
from envs.scenario import BACKENDS, MAP_SIZE, Scenario
from envs.scenario_file import load_scenario
from envs.skirmish import Frame, Skirmish
from envs.smac.battles import MAX_SEED, battle_key
from envs.smac.capability import scenario_of
from envs.smac.names import agent_attributes, enemy_attributes, obs_features, state_features
from envs.smac.units import UnitView, setup_of, type_ids, unit_views, visibility

_GAME_ONLY = ("render", "full_restart", "save_replay")


class StarCraft2Env:
    """The inner environment, `wrapper.env`: one battle at a time, with the members that users of smacv2 reach for.

    `reset` plays the battles `seed`, `seed + 1`, ... of the stream `evaluation`; without a seed the first one is random.
    """

    def __init__(
        self, scenario: Scenario, seed: int | None = None, observation: str = "repaired", **options: Any
    ) -> None:
        self.scenario = scenario
        self._seed = seed
        self._next = secrets.randbelow(1 << 63) if seed is None else seed
        battle_key(EVALUATION, self._next)
        self._skirmish = Skirmish(scenario, observation, **options)
        self._frame: Frame | None = None
        self.map_name = scenario.map_name
        self.map_x = self.map_y = MAP_SIZE
        self.episode_limit = scenario.episode_limit
        self.n_agents = self._skirmish.n_agents
        self.n_enemies = self._skirmish.n_enemies
        self.n_actions = self._skirmish.n_actions
        self.n_actions_no_attack = N_ACTIONS_NO_ATTACK
        self.unit_type_bits = TYPE_BITS
        self.continuing_episode = self._skirmish.options.continuing_episode
        self.battles_won = self.battles_game = self.timeouts = self.force_restarts = 0
        for name, unit_id in type_ids(0).items():
            setattr(self, f"{name}_id", unit_id)

    @property
    def _now(self) -> Frame:
        if self._frame is None:
            raise RuntimeError("no battle has begun: call reset first")
        return self._frame

    def reset(
        self, episode_config: Mapping[str, Any] | None = None
    ) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
        """Start the next battle; with an `episode_config` (see `compass scenarios export`), one of those teams and positions.

        Returns all agents' observations and the state.

        Raises:
            InputError: an `episode_config` that does not fit the scenario.
        """
        seed = self._next
        self._next = seed + 1 if seed < MAX_SEED else 0
        if episode_config:
            self._frame = self._skirmish.reset_to(setup_of(self.scenario, episode_config), battle_key(EVALUATION, seed))
        else:
            self._frame = self._skirmish.reset(seed, EVALUATION)
        return list(self._frame.obs), self._frame.state

    def step(self, actions: Sequence[int]) -> tuple[float, bool, dict[str, Any]]:
        """Play one action per agent: returns reward, terminated, info.

        Raises:
            ValueError: an illegal action (nothing changes then), or a battle that is over.
        """
        frame = self._frame = self._skirmish.step([int(action) for action in actions], look=False)
        info: dict[str, Any] = {
            "battle_won": frame.battle_won,
            "dead_allies": frame.dead_allies,
            "dead_enemies": frame.dead_enemies,
        }
        self.battles_game += frame.terminated
        self.battles_won += frame.battle_won
        self.timeouts += frame.timeout
        if frame.timeout and self.continuing_episode:
            info["episode_limit"] = True
        return frame.reward, frame.terminated, info

    def get_obs(self) -> list[NDArray[np.float32]]:
        """All agents' observations. As in smacv2, every call observes anew and may change who tracks which enemy."""
        _ = self._now
        return list(self._skirmish.observe())

    def get_obs_agent(self, agent_id: int) -> NDArray[np.float32]:
        """One agent's observation, observed anew."""
        _ = self._now
        self._check_agent(agent_id)
        obs: NDArray[np.float32] = self._skirmish.observe(agent_id)[agent_id]
        return obs

    def get_state(self) -> NDArray[np.float32]:
        """The global state."""
        return self._now.state.copy()

    def get_avail_actions(self) -> list[list[int]]:
        """One list of 0 and 1 per agent."""
        available: list[list[int]] = self._now.available.tolist()
        return available

    def get_avail_agent_actions(self, agent_id: int) -> list[int]:
        """One agent's list of 0 and 1."""
        self._check_agent(agent_id)
        available: list[int] = self._now.available[agent_id].tolist()
        return available

    def _check_agent(self, agent_id: int) -> None:
        if not 0 <= agent_id < self.n_agents:
            raise InputError(f"agent {agent_id} does not exist; give a number from 0 to {self.n_agents - 1}")

    def get_obs_size(self) -> int:
        """Length of an observation."""
        return self._skirmish.layout.obs_size

    def get_state_size(self) -> int:
        """Length of the state."""
        return self._skirmish.layout.state_size

    def get_total_actions(self) -> int:
        """How many actions there are."""
        return self.n_actions

    def get_cap_size(self) -> int:
        """Length of an agent's capabilities: its type bits."""
        return TYPE_BITS

    def get_capabilities_agent(self, agent_id: int) -> NDArray[np.float32]:
        """One agent's type bits, float32[3]."""
        _ = self._now
        self._check_agent(agent_id)
        bits = np.zeros(TYPE_BITS, np.float32)
        bits[self._skirmish.seen[agent_id]["bit"]] = 1
        return bits

    def get_capabilities(self) -> NDArray[np.float32]:
        """All agents' type bits, float32[3 * n_agents]."""
        return np.concatenate([self.get_capabilities_agent(agent) for agent in range(self.n_agents)])

    def get_obs_feature_names(self) -> list[str]:
        """One name per number of agent 0's observation."""
        return obs_features(self._skirmish.layout)

    def get_state_feature_names(self) -> list[str]:
        """One name per number of the state."""
        return state_features(self._skirmish.layout)

    def get_env_info(self) -> dict[str, Any]:
        """Sizes and feature names, under smacv2's keys."""
        return {
            "state_shape": self.get_state_size(),
            "obs_shape": self.get_obs_size(),
            "cap_shape": self.get_cap_size(),
            "n_actions": self.n_actions,
            "n_agents": self.n_agents,
            "episode_limit": self.episode_limit,
            "agent_features": agent_attributes(self._skirmish.layout),
            "enemy_features": enemy_attributes(self._skirmish.layout),
        }

    def get_stats(self) -> dict[str, float]:
        """Counts since the construction; `battles_draw` are the time-outs, as in smacv2. The win rate of no battles is NaN."""
        return {
            "battles_won": self.battles_won,
            "battles_game": self.battles_game,
            "battles_draw": self.timeouts,
            "win_rate": self.battles_won / self.battles_game if self.battles_game else float("nan"),
            "timeouts": self.timeouts,
            "restarts": self.force_restarts,
        }

    @property
    def agents(self) -> dict[int, UnitView]:
        """The allied units as last seen, by agent id."""
        _ = self._now
        return unit_views(self._skirmish.seen, 0, self.n_agents)

    @property
    def enemies(self) -> dict[int, UnitView]:
        """The enemy units as last seen, by enemy id."""
        _ = self._now
        return unit_views(self._skirmish.seen, self.n_agents, self.n_agents + self.n_enemies)

    def get_unit_by_id(self, a_id: int) -> UnitView:
        """One allied unit as last seen."""
        return self.agents[a_id]

    def get_unit_types(self) -> list[int]:
        """The API's unit type numbers of all agents, then of all enemies."""
        return [unit.unit_type for unit in (*self.agents.values(), *self.enemies.values())]

    def get_visibility_matrix(self) -> NDArray[np.bool_]:
        """Who is in whose sight range, bool[n_agents, n_agents + n_enemies]; filled symmetrically for allies, as in smacv2."""
        _ = self._now
        return visibility(self._skirmish.seen, self.n_agents)

    def unit_sight_range(self, agent_id: int) -> float:
        """The agent's sight range, map units."""
        return float(self._skirmish.seen[agent_id]["sight"])

    def unit_shoot_range(self, agent_id: int) -> float:
        """The agent's shoot range, map units."""
        return float(self._skirmish.seen[agent_id]["shoot"])

    @property
    def max_reward(self) -> float:
        """What this battle's enemies are worth: the divisor of the reward scale."""
        return self._skirmish.max_reward

    def seed(self) -> int | None:
        """The seed given."""
        return self._seed

    def close(self) -> None:
        """Nothing to release; here for callers."""


class StarCraftCapabilityEnvWrapper:
    """smacv2's wrapper: takes its keyword arguments, draws teams and start positions by `capability_config` at each reset.

    Beyond smacv2's: `observation` (`repaired` or `upstream`). Everything but `reset` is the inner environment's, `env`.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Raises `InputError` for a missing `capability_config` and for what is not implemented here."""
        options: dict[str, Any] = {"use_unit_ranges": False, "obs_own_pos": False} | kwargs  # smacv2's own defaults
        config = options.pop("capability_config", None)
        if not isinstance(config, Mapping):
            raise InputError(
                "capability_config is missing: give a dict with n_units, n_enemies, team_gen and start_positions"
            )
        epo = options.get("prob_obs_enemy", 1.0) == 0 and not options.get("action_mask", True)
        scenario = scenario_of(str(options.pop("map_name", "8m")), config, epo)
        modes = {"prob_obs_enemy": 1.0, "action_mask": True} | options
        self.distribution_config = config
        self.env = StarCraft2Env(scenario, **modes)

    @classmethod
    def of(cls, scenario: Scenario, **options: Any) -> StarCraftCapabilityEnvWrapper:
        """The wrapper for a scenario, with the options of SMACv2's benchmark unless told otherwise."""
        self = cls.__new__(cls)
        self.distribution_config = {}
        self.env = StarCraft2Env(scenario, **options)
        return self

    def reset(self) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
        """Start the next battle; returns all agents' observations and the state."""
        return self.env.reset()

    def __getattr__(self, name: str) -> Any:
        if name == "env":
            raise AttributeError(name)
        if name in _GAME_ONLY:
            raise AttributeError(f"{name} needs the real game; `compass view` draws the episodes of a run")
        return getattr(self.env, name)


def make(scenario: str | Scenario, backend: str = "embedded", **options: Any) -> StarCraftCapabilityEnvWrapper:
    """The environment of a scenario (a shipped name, a YAML path or a `Scenario`), with smacv2's interface.

    `options`: `seed`, `observation`, and smacv2's own (see `envs.smac.options.Options`).

    Raises:
        InputError: unknown scenario, back end or option.
    """
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    return StarCraftCapabilityEnvWrapper.of(load_scenario(scenario), **options)
