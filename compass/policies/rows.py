"""What a network reads at a step: an agent's own observation, with or without what it was told, or the clock alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compass.communication import Channel, Exchange, ToldRows
from compass.errors import InputError
from envs.layout import Layout
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.skirmish import Batch

_MOST_HOPS = 1_000_000
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """What a network was trained to read; its agent's id may come on top.

    hops: messages a record may take over its life, as `EpisodeSettings.hops`; 0: agents are told nothing. open_loop: nothing but
    how much of the time limit has passed, 0..1.

    Raises:
        InputError: a negative number of hops, or an open loop that hears.
    """

    hops: int = 0
    open_loop: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.hops <= _MOST_HOPS:
            raise InputError(f"hops is {self.hops}; give 0 (no communication) or more, at most {_MOST_HOPS:,}")
        if self.open_loop and self.hops:
            raise InputError(
                "an open-loop policy sees and hears nothing; leave out one of --open-loop and --communicated"
            )

    def size(self, scenario: Scenario) -> int:
        """How many numbers that are."""
        return 1 if self.open_loop else Layout.of(scenario).obs_size

    def of(self, exchange: Exchange, told: ToldRows) -> Rows:
        """float32[A, size], of a step of the episode loop, where messages take as many hops as the episode's settings say."""
        if self.open_loop:
            constants = exchange.constants
            return np.full((constants.n_agents, 1), exchange.step / constants.episode_limit, np.float32)
        if not self.hops:
            return exchange.vectors
        rows = exchange.vectors.copy()
        told.write(rows, exchange.available, exchange.table, exchange.deliveries)
        return rows


OWN = Reading()
"""An agent's own observation."""


class BatchRows:
    """The same for many battles of the batched engine."""

    def __init__(self, scenario: str | Scenario, observation: str, n_battles: int, reading: Reading) -> None:
        self._scenario = scenario = load_scenario(scenario)
        self._reading, self._repaired = reading, observation == "repaired"
        self._channels: list[Channel | None] = [None] * n_battles
        self._read = [-1] * n_battles  # the step that was read last: a step is told once
        self._told = ToldRows(scenario)
        self._rows = np.zeros((n_battles, scenario.n_units, reading.size(scenario)), np.float32)

    @property
    def size(self) -> int:
        """How many numbers an agent reads."""
        return self._rows.shape[-1]

    def begin(self, places: Sequence[int]) -> None:
        """New battles have begun at these places."""
        if not self._reading.hops:
            return
        for place in places:
            self._channels[place] = Channel(self._scenario, self._reading.hops, self._repaired)
            self._read[place] = -1

    def read(self, batch: Batch) -> Rows:
        """float32[B, A, size]; valid until the next call, or as long as `batch` is."""
        if self._reading.open_loop:
            self._rows[:] = (batch.step / self._scenario.episode_limit)[:, None, None]
            return self._rows
        if not self._reading.hops:
            return batch.obs
        for place, (channel, step) in enumerate(zip(self._channels, batch.step.tolist(), strict=True)):
            if channel is not None and step != self._read[place]:
                self._read[place] = step
                rows, available = self._rows[place], batch.available[place]
                rows[:] = batch.obs[place]
                deliveries = channel.hear(batch.obs[place], available, step)
                self._told.write(rows, available, channel.table, deliveries)
        return self._rows
