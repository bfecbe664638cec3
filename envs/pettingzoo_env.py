"""A PettingZoo `ParallelEnv` over a skirmish (`pip install compass-smac[pettingzoo]`)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.draws import EVALUATION
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.skirmish import Frame, Skirmish
from envs.smac.battles import MAX_SEED, battle_key

try:
    from gymnasium import spaces
    from pettingzoo.utils.env import ParallelEnv
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"{error}: pip install 'compass-smac[pettingzoo]'", name=error.name) from None

STOP, NO_OP = 1, 0
Observation = dict[str, NDArray[Any]]
PerAgent = dict[str, dict[str, Any]]


class SkirmishParallelEnv(ParallelEnv):  # type: ignore[misc]
    """One battle; agents are `agent_0`, `agent_1`, ... and leave when they die.

    An observation is a dict of `observation` (float32[obs_size]) and `action_mask` (int8[n_actions], also in the agent's info).
    Actions are SMACv2's integers. All agents get the same reward. A battle's end terminates all, the time limit truncates all; the
    last infos then carry `battle_won`. An illegal action becomes `stop`, and the agent's info says `illegal_action`.
    Exactly one observation is made per reset and per step.
    """

    metadata = {"name": "compass_skirmish_v0", "render_modes": [], "is_parallelizable": True}  # noqa: RUF012
    render_mode = None

    def __init__(self, scenario: str | Scenario, seed: int | None = None, **options: Any) -> None:
        """`seed`: of the first battle (random if None); a reset without a seed plays the next one. `options`: see `Skirmish`.

        Raises:
            InputError: an unknown scenario or option, or a seed that is no non-negative 64-bit integer.
        """
        self.scenario = load_scenario(scenario)
        self._skirmish = Skirmish(self.scenario, **options)
        self._next = secrets.randbelow(1 << 63) if seed is None else seed
        battle_key(EVALUATION, self._next)  # refuses what is no seed
        self._frame: Frame | None = None
        count, layout = self._skirmish.n_actions, self._skirmish.layout
        bound = np.inf if self._skirmish.options.fully_observable else 1.0  # distances are over the sight range
        self.possible_agents = [f"agent_{i}" for i in range(self._skirmish.n_agents)]
        self.agents: list[str] = []
        self._ids = {agent: i for i, agent in enumerate(self.possible_agents)}
        self.observation_spaces = {
            agent: _observation_space(layout.obs_size, count, bound) for agent in self.possible_agents
        }
        self.action_spaces = {agent: spaces.Discrete(count) for agent in self.possible_agents}
        self.state_space = spaces.Box(-np.inf, np.inf, (layout.state_size,), np.float32)

    def observation_space(self, agent: str) -> spaces.Dict:
        """The agent's observation space."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """The agent's action space: SMACv2's actions, no-op included."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Observation], PerAgent]:
        """Start the battle of that seed, or the one after the last. `options` are accepted for PettingZoo and have no effect."""
        battle = self._next if seed is None else seed
        self._frame = self._skirmish.reset(battle)
        self._next = battle + 1 if battle < MAX_SEED else 0
        self.agents = self.possible_agents[:]
        infos = {agent: self._info(agent) for agent in self.agents}
        return self._observations(), infos

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], PerAgent]:
        """Play one action per living agent; returns observations, rewards, terminations, truncations, infos of those agents.

        Raises:
            KeyError: a living agent has no action.
            TypeError: an action is no integer.
            ValueError: the battle is over.
        """
        before = self._now
        played = [NO_OP] * self._skirmish.n_agents
        illegal = set()
        for agent in self.agents:
            i, action = self._ids[agent], index(actions[agent])
            legal = 0 <= action < self._skirmish.n_actions and before.available[i, action] == 1
            played[i] = action if legal else STOP
            if not legal:
                illegal.add(agent)
        frame = self._frame = self._skirmish.step(played)
        acted = self.agents
        ended = frame.terminated and not frame.timeout
        terminations = {agent: ended or frame.available[self._ids[agent], NO_OP] == 1 for agent in acted}
        truncations = {agent: frame.timeout and not terminations[agent] for agent in acted}
        infos = {agent: self._info(agent) for agent in acted}
        for agent in acted:
            if agent in illegal:
                infos[agent]["illegal_action"] = True
            if frame.terminated:
                infos[agent]["battle_won"] = frame.battle_won
        observations, rewards = self._observations(), dict.fromkeys(acted, frame.reward)
        self.agents = [agent for agent in acted if not (terminations[agent] or truncations[agent])]
        return observations, rewards, {a: bool(t) for a, t in terminations.items()}, truncations, infos

    def state(self) -> NDArray[np.float32]:
        """The global state, float32[state_size]."""
        return self._now.state.copy()

    def render(self) -> None:
        """Nothing: pictures of a battle are made from recorded runs."""

    def close(self) -> None:
        """Nothing to release."""

    @property
    def _now(self) -> Frame:
        if self._frame is None:
            raise RuntimeError("no battle has begun: call reset first")
        return self._frame

    def _info(self, agent: str) -> dict[str, Any]:
        return {"action_mask": self._now.available[self._ids[agent]].astype(np.int8)}

    def _observations(self) -> dict[str, Observation]:
        frame = self._now
        return {
            agent: {
                "observation": frame.obs[self._ids[agent]],
                "action_mask": frame.available[self._ids[agent]].astype(np.int8),
            }
            for agent in self.agents
        }


def _observation_space(size: int, n_actions: int, bound: float) -> spaces.Dict:
    return spaces.Dict(
        {
            "observation": spaces.Box(-bound, bound, (size,), np.float32),
            "action_mask": spaces.Box(0, 1, (n_actions,), np.int8),
        }
    )
