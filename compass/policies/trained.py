"""A trained policy at play: every agent by itself, from its observation, mask and memory, always the action of the best score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from compass.communication import Exchange, ToldRows
from compass.errors import InputError
from compass.policies.base import Choice
from compass.policies.checkpoint import SUFFIX, TrainedPolicy, greedy, load_policy
from compass.policies.rows import Reading
from compass.types import Constants, Planned, Trigger
from envs.layout import Layout
from envs.scenario import Scenario


class TrainedTeam:
    """Agents that play a checkpoint and do not plan. They listen where they were trained to.

    The arithmetic is in double precision on weights of single precision: that another processor's last bit decides between two
    actions is as good as impossible, so episodes count as reproducible.
    """

    reproducible = True

    def __init__(self, policy: TrainedPolicy, scenario: Scenario) -> None:
        self._policy, self._reading, self._told = policy, reading_of(policy), ToldRows(scenario)

    def begin(self, constants: Constants, seed: int) -> None:
        """Forget everything."""
        self._memory = self._policy.begin(constants.n_agents)

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Nothing to plan."""
        return ()

    def act(self, exchange: Exchange) -> Choice:
        """One legal action per agent."""
        scores, self._memory = self._policy.scores(
            self._policy.inputs(self._reading.of(exchange, self._told)), self._memory
        )
        return Choice(tuple(greedy(scores, exchange.available).tolist()))

    def end(self) -> None:
        """Nothing to release."""


def reading_of(policy: TrainedPolicy) -> Reading:
    """What its network reads."""
    return Reading(policy.about["hops"], policy.about["open_loop"])


def names_checkpoint(policy: str) -> bool:
    """Whether the word for a policy is meant as the path of a checkpoint."""
    return policy.endswith(SUFFIX) or "/" in policy


def load_fitting(path: Path, scenario: Scenario) -> TrainedPolicy:
    """Read a checkpoint that is to play a scenario.

    Raises:
        InputError: it cannot be read, or was trained on battles of other sizes.
    """
    policy, layout = load_policy(path), Layout.of(scenario)
    reads = reading_of(policy).size(scenario) + (scenario.n_units if policy.about["agent_ids"] else 0)
    if (policy.input_size, policy.n_actions) != (reads, layout.n_actions):
        raise InputError(
            f"{path} was trained on {policy.about['scenario']}, whose observations or actions are not those of {scenario.name}; "
            "evaluate it on what it was trained on"
        )
    return policy
