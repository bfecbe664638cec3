"""The oracle's side: unmodified smacv2 on the embedded engine, in process.

Handed over to make the two sides comparable, because upstream takes it from global generators or from earlier episodes: the teams,
places and enemy mask, the battle's key (in the place of the one that the game's `random_seed` gives), the draws of `get_obs` (agent
order and tracking), and the reward scale, which upstream fixes by the first battle of an environment and which here is each
battle's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from smacv2.env.starcraft2 import starcraft2
from smacv2.env.starcraft2.wrapper import StarCraftCapabilityEnvWrapper

from envs.draws import draw, stream_key, uniform
from envs.sc2api import inprocess
from envs.scenario import Scenario
from envs.teams import draw_battle
from tests.envs.parity.traces import Rules, Turn

OBSERVE = np.uint64(0x4F425345)  # the purpose of these draws, as in envs.smac.observe


def options(scenario: Scenario) -> dict[str, object]:
    """The keyword arguments of smacv2's wrapper, as in its own example configurations (those not named keep their defaults)."""
    return {
        "map_name": scenario.map_name,
        "obs_own_pos": True,
        "use_unit_ranges": True,
        "min_attack_range": 2,
        "capability_config": scenario.capability_config(),
        "prob_obs_enemy": scenario.prob_obs_enemy,
        "action_mask": scenario.action_mask,
    }


class Draws:
    """What `get_obs` asks of global generators, from the battle's key: a generator of their own for each (step, call).

    The same numbers as `envs.smac.observe.make_draws` documents, computed here on their own.
    """

    def __init__(self) -> None:
        self.key = np.uint64(0)
        self.step = 0
        self._call_key = np.uint64(0)
        self._used = 0

    def begin(self, key: int) -> None:
        """The draws of this battle, from its reset on."""
        self.key, self.step = np.uint64(key), 0

    @contextmanager
    def handed_over(self, call: int = 0) -> Iterator[None]:
        """Let smacv2 draw from here; `call` counts the calls of `get_obs` since the last step."""
        self._call_key = np.uint64(draw(self.key ^ OBSERVE, self.step, call))
        self._used = 0
        source = SimpleNamespace(shuffle=self._shuffle)
        with mock.patch.object(starcraft2, "random", source), mock.patch.object(np.random, "rand", self._rand):
            yield

    def _shuffle(self, agents: list[int]) -> None:
        for i in range(len(agents) - 1, 0, -1):
            j = int(uniform(self._call_key, 0, i) * (i + 1))
            agents[i], agents[j] = agents[j], agents[i]

    def _rand(self) -> float:
        self._used += 1
        return uniform(self._call_key, 1, self._used - 1)


class Oracle:
    """One smacv2 environment for all episodes under the same rules: the first launches a game, the others start softly on it."""

    def __init__(self, rules: Rules) -> None:
        self.scenario = rules.scenario
        self.key = 0
        inprocess.install(lambda random_seed, battle: self.key)
        self.env = StarCraftCapabilityEnvWrapper(**(options(rules.scenario) | rules.options))
        self.draws = Draws()

    def reset(self, seed: int) -> Turn:
        """Begin the battle of that seed."""
        self.key = stream_key("evaluation", seed)
        config = draw_battle(self.scenario, seed).episode_config()
        self.draws.begin(self.key)
        with self.draws.handed_over():
            obs, state = self.env.env.reset(config)
        self.env.env.max_reward = own_max_reward(self.env)
        return self._turn(obs, state)

    def step(self, actions: NDArray[np.int64]) -> Turn:
        """Play one step."""
        reward, terminated, info = self.env.step(actions)
        self.draws.step += 1
        with self.draws.handed_over():
            obs = self.env.get_obs()
        turn = self._turn(obs, self.env.get_state())
        return Turn(turn.obs, turn.state, turn.available, float(reward), terminated, info)

    def look(self) -> NDArray[np.float32]:
        """Observe once more since the last step, for the first time."""
        with self.draws.handed_over(1):
            return np.stack(self.env.get_obs()).astype(np.float32)

    def _turn(self, obs: list[NDArray[np.float32]], state: NDArray[np.float32]) -> Turn:
        rows = np.stack(obs).astype(np.float32)  # with obs_timestep_number upstream's are float64 of float32 values
        return Turn(rows, state, np.array(self.env.get_avail_actions(), dtype=np.uint8))

    def close(self) -> None:
        """End the game."""
        self.env.close()
        inprocess.uninstall()


def own_max_reward(env: StarCraftCapabilityEnvWrapper) -> float:
    """The most that this battle's enemies are worth, by upstream's rule."""
    enemies = env.env.enemies.values()
    total = len(enemies) * env.env.reward_death_value + env.env.reward_win
    for unit in enemies:  # in upstream's order: a sum of floats depends on it
        total += unit.health_max + unit.shield_max
    return float(total)
