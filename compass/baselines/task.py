"""The skirmish as a task of BenchMARL."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

from benchmarl.environments.common import TaskClass
from torchrl.data import Composite
from torchrl.envs import EnvBase

from compass.policies.rows import OWN, BatchRows, Reading
from envs.draws import HELD_OUT, TRAINING
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.torchrl_env import GROUP, SkirmishEnv


class SkirmishTask(TaskClass):  # type: ignore[misc]
    """One scenario. `reading`: what agents read. `begun`: how many training battles were begun before.

    BenchMARL makes the environment of its evaluation first: that one plays the stream `held-out`, all others `training`.
    """

    def __init__(
        self,
        scenario: str | Scenario,
        observation: str = "repaired",
        agent_ids: bool = True,
        reading: Reading = OWN,
        begun: int = 0,
    ) -> None:
        self._scenario = load_scenario(scenario)
        super().__init__(self._scenario.name, {"observation": observation, "agent_ids": agent_ids})
        self._reading, self._begun = reading, begun
        self._streams = chain((HELD_OUT,), repeat(TRAINING))

    def get_env_fun(
        self, num_envs: int, continuous_actions: bool, seed: int | None, device: Any
    ) -> Callable[[], EnvBase]:
        """What makes the environment of so many battles."""
        stream = next(self._streams)

        def make() -> SkirmishEnv:
            rows = BatchRows(self._scenario, self.config["observation"], num_envs, self._reading)
            env = SkirmishEnv(
                self._scenario, num_envs, seed=seed or 0, device=device, rows=rows, stream=stream, **self.config
            )
            env.begun = self._begun if stream == TRAINING else 0
            return env

        return make

    def supports_continuous_actions(self) -> bool:
        """No."""
        return False

    def supports_discrete_actions(self) -> bool:
        """Yes."""
        return True

    def has_render(self, env: EnvBase) -> bool:
        """No."""
        return False

    def max_steps(self, env: EnvBase) -> int:
        """The scenario's time limit."""
        return int(env.episode_limit)

    def group_map(self, env: EnvBase) -> dict[str, list[str]]:
        """One group of all agents."""
        groups: dict[str, list[str]] = env.group_map
        return groups

    def observation_spec(self, env: EnvBase) -> Composite:
        """What actors read."""
        spec = env.observation_spec[0].clone()
        return Composite({GROUP: Composite(observation=spec[GROUP, "observation"], shape=spec[GROUP].shape)})

    def action_mask_spec(self, env: EnvBase) -> Composite:
        """Which actions are legal."""
        spec = env.observation_spec[0].clone()
        return Composite({GROUP: Composite(action_mask=spec[GROUP, "action_mask"], shape=spec[GROUP].shape)})

    def state_spec(self, env: EnvBase) -> Composite:
        """What critics and mixers read."""
        return Composite(state=env.observation_spec[0]["state"].clone())

    def info_spec(self, env: EnvBase) -> Composite:
        """How battles stand."""
        return Composite(info=env.observation_spec[0]["info"].clone())

    def action_spec(self, env: EnvBase) -> Composite:
        """One integer for each agent."""
        return env.full_action_spec_unbatched

    @staticmethod
    def env_name() -> str:
        """The family of environments."""
        return "compass"
