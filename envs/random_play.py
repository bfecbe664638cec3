"""Random legal play and its speed: what the benchmarks drive the environment with, compiled so that it hardly counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from envs.draws import stream_key, uniform
from envs.jit import jit
from envs.skirmish import Batch, BatchedSkirmish, Skirmish


@jit
def choose_legal(key: np.uint64, counter: int, masks: NDArray[np.uint8], actions: NDArray[np.int64]) -> None:
    """For every battle and agent of masks uint8[B, A, n_actions] one of the legal actions, all equally likely, into actions
    int64[B, A]; a function of (key, counter) and the masks."""
    for b in range(masks.shape[0]):
        for agent in range(masks.shape[1]):
            left = 0
            for action in range(masks.shape[2]):
                left += masks[b, agent, action]
            left = int(uniform(key, counter, b * masks.shape[1] + agent) * left)
            for action in range(masks.shape[2]):
                if masks[b, agent, action]:
                    if left == 0:
                        actions[b, agent] = action
                        break
                    left -= 1


def play_out(skirmish: BatchedSkirmish, seeds: Sequence[int]) -> Iterator[tuple[Batch, NDArray[np.bool_]]]:
    """Random legal play of the battles of these seeds, one for each place of the batch, until the last has ended: what each step
    shows, and which battles, bool[B], it was a step of."""
    key = np.uint64(stream_key("random play", seeds[0]))
    actions = np.zeros((skirmish.batch_size, skirmish.n_agents), np.int64)
    batch, counter = skirmish.reset(seeds), 0
    while not batch.terminated.all():
        running = ~batch.terminated
        choose_legal(key, counter, batch.available, actions)
        yield skirmish.step(actions), running
        counter += 1


@dataclass(frozen=True)
class Speed:
    """Environment steps played, wall seconds spent, and steps per second."""

    steps: int
    seconds: float

    @property
    def steps_per_second(self) -> float:
        """The figure."""
        return self.steps / self.seconds


def record(skirmish: Skirmish, seed: int) -> list[NDArray[np.int64]]:
    """The actions of one battle of random legal play: int64[A] per step."""
    key = np.uint64(stream_key("random play", seed))
    frame = skirmish.reset(seed)
    played: list[NDArray[np.int64]] = []
    while not frame.terminated:
        actions = np.zeros((1, skirmish.n_agents), np.int64)
        choose_legal(key, frame.step, frame.available[None], actions)
        played.append(actions[0])
        frame = skirmish.step(actions[0])
    return played


Games = list[tuple[int, list[NDArray[np.int64]]]]
"""Battles of random play: each its seed and the actions of its steps, as `record` gives them."""


def replay(skirmish: Skirmish, games: Games) -> int:
    """Play recorded battles again, one step per call; returns how many steps they were."""
    for seed, played in games:
        skirmish.reset(seed)
        for actions in played:
            skirmish.step(actions)
    return sum(len(played) for _, played in games)


def single_speed(skirmish: Skirmish, seeds: Sequence[int]) -> Speed:
    """Play the battles of these seeds one step per call, resets included; the actions are chosen beforehand, in a first pass that
    is not timed."""
    games = [(seed, record(skirmish, seed)) for seed in seeds]
    start = time.perf_counter()
    steps = replay(skirmish, games)
    return Speed(steps, time.perf_counter() - start)


class RandomBatch:
    """Random play of a batch without end: a finished battle is begun again at once, with the next seed."""

    def __init__(self, skirmish: BatchedSkirmish) -> None:
        self._skirmish = skirmish
        self._key = np.uint64(stream_key("random play", 0))
        self._actions = np.zeros((skirmish.batch_size, skirmish.n_agents), np.int64)
        self._rounds, self._next_seed = 0, skirmish.batch_size
        self._batch = skirmish.reset(range(skirmish.batch_size))

    def play(self, rounds: int) -> Speed:
        """Play so many steps of every battle. The choice of the actions counts."""
        start = time.perf_counter()
        for _ in range(rounds):
            choose_legal(self._key, self._rounds, self._batch.available, self._actions)
            self._rounds += 1
            self._batch = self._skirmish.step(self._actions)
            over = np.flatnonzero(self._batch.terminated).tolist()
            if over:
                self._batch = self._skirmish.reset_at(over, range(self._next_seed, self._next_seed + len(over)))
                self._next_seed += len(over)
        return Speed(rounds * self._skirmish.batch_size, time.perf_counter() - start)
