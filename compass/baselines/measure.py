"""How often a policy wins held-out battles, greedy and decentralised: what a training is measured by while it goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.policies.checkpoint import TrainedPolicy, greedy
from compass.policies.rows import BatchRows
from compass.policies.trained import reading_of
from envs.draws import HELD_OUT
from envs.scenario import Scenario
from envs.skirmish import BatchedSkirmish


@dataclass(frozen=True)
class Measurement:
    """Battles played and won, and the means of their returns (scaled, a full win is about 20) and lengths in steps."""

    battles: int
    won: int
    return_mean: float
    length_mean: float

    @property
    def win_rate(self) -> float:
        """0..1."""
        return self.won / self.battles


def measure(policy: TrainedPolicy, scenario: Scenario, observation: str, battles: int) -> Measurement:
    """Play the first so many battles of the stream `held-out`, always the same, all at once."""
    skirmish = BatchedSkirmish(scenario, battles, observation)
    rows = BatchRows(scenario, observation, battles, reading_of(policy))
    batch = skirmish.reset(range(battles), HELD_OUT)
    rows.begin(range(battles))
    memory = policy.begin(battles, skirmish.n_agents)
    returned = np.zeros(battles)
    while not batch.terminated.all():
        running = ~batch.terminated
        scores, memory = policy.scores(policy.inputs(rows.read(batch)), memory)
        batch = skirmish.step(greedy(scores, batch.available))
        returned += batch.reward * running
    skirmish.close()
    return Measurement(battles, int(batch.battle_won.sum()), float(returned.mean()), float(batch.step.mean()))
