"""What networks read in training and at play is the same, to the byte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compass.communication import Channel, ToldRows
from compass.errors import InputError
from compass.policies.rows import OWN, BatchRows, Reading
from envs.layout import Layout
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish, Skirmish


class Shadow:
    """The same battle in the episode loop's way."""

    def __init__(self, scenario: Scenario, observation: str, reading: Reading, seed: int) -> None:
        self.env, self.reading = Skirmish(scenario, observation), reading
        self.channel = Channel(scenario, reading.hops, observation == "repaired")
        self.frame, self.last = self.env.reset(seed), np.full(scenario.n_units, -1)

    def rows(self) -> np.ndarray:
        exchange = self.channel.exchange(self.frame.obs, self.frame.available, self.last, self.frame.step)
        return self.reading.of(exchange, ToldRows(self.env.scenario))

    def step(self, actions: np.ndarray) -> None:
        self.frame, self.last = self.env.step(actions), actions


@pytest.mark.parametrize("observation", ["repaired", "upstream"])
@pytest.mark.parametrize("reading", [OWN, Reading(hops=1), Reading(hops=3), Reading(open_loop=True)])
@pytest.mark.parametrize("name", ["protoss_5_vs_5_epo", "terran_5_vs_6"])
def test_training_reads_what_play_reads(name: str, reading: Reading, observation: str) -> None:
    scenario, rng = replace(load_scenario(name), episode_limit=40), np.random.default_rng(0)
    batched, rows = BatchedSkirmish(scenario, 3, observation), BatchRows(scenario, observation, 3, reading)
    batch, changed = batched.reset(range(3)), 0
    rows.begin(range(3))
    shadows = [Shadow(scenario, observation, reading, seed) for seed in range(3)]
    seed = 2
    for _ in range(100):
        read = rows.read(batch).copy()
        assert read.shape == (3, 5, rows.size) and np.array_equal(
            rows.read(batch), read
        )  # reading twice changes nothing
        changed += (read != batch.obs).any() if rows.size > 1 else 0
        for place, shadow in enumerate(shadows):
            assert np.array_equal(read[place], shadow.rows())
        actions = np.array([[rng.choice(np.flatnonzero(mask)) for mask in masks] for masks in batch.available])
        batch = batched.step(actions)
        for shadow, taken in zip(shadows, actions, strict=True):
            shadow.step(taken)
        for place in np.flatnonzero(batch.terminated).tolist():
            seed += 1
            batch = batched.reset_at([place], [seed])
            rows.begin([place])
            shadows[place] = Shadow(scenario, observation, reading, seed)
    assert seed > 5
    assert (changed > 0) == (reading.hops > 0)


def test_an_open_loop_reads_the_clock() -> None:
    scenario = load_scenario("3m")
    rows = BatchRows(scenario, "repaired", 2, Reading(open_loop=True))
    batch = BatchedSkirmish(scenario, 2).reset(range(2))
    batch.step[:] = [0, 30]
    assert rows.read(batch).tolist() == [[[0.0]] * 3, [[0.5]] * 3]


def test_sizes_and_bad_readings() -> None:
    scenario = load_scenario("protoss_5_vs_5")
    assert OWN.size(scenario) == Reading(2).size(scenario) == Layout.of(scenario).obs_size
    assert Reading(open_loop=True).size(scenario) == 1
    for wrong in ((-1, False), (1, True)):
        with pytest.raises(InputError):
            Reading(*wrong)
