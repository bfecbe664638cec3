"""The episode loop: observe, communicate, plan if due, act through skills, step, record. Everything else listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from compass.communication import Channel, Exchange, FullInformation
from compass.errors import InputError, unknown
from compass.policies.base import Choice, Team
from compass.schedule import PlanSchedule
from compass.skills.retrieval import TOP_K
from compass.types import EpisodeResult, Outcome, Planned, StepRecord
from envs.draws import EVALUATION
from envs.skirmish import Frame, Skirmish

INFORMATION = COMMUNICATED, FULL = "communicated", "full"
"""What agents know: what they see and are told, or everything, the enemies' orders included."""


@dataclass(frozen=True)
class EpisodeSettings:
    """What a team knows, how it communicates, when it plans and from how many skills; the same for every planner.

    hops: messages a record may take over its life (0: no communication). plan_every: steps between plans. plan_on_change: plan too
    at first contact, when an ally is lost and when health runs low. information: one of `INFORMATION`; `full` breaks
    decentralisation on purpose, to tell what knowing more could gain: nothing is told then, and `hops` means nothing. top_k: how
    many skills a plan chooses from at most.
    """

    hops: int = 3
    plan_every: int = 20
    plan_on_change: bool = True
    information: str = COMMUNICATED
    top_k: int = TOP_K

    def __post_init__(self) -> None:
        if self.plan_every < 1:
            raise InputError(f"plan_every is {self.plan_every}; give 1 or more steps")
        if self.information not in INFORMATION:
            raise unknown("information", self.information, INFORMATION)
        if self.top_k < 1:
            raise InputError(f"top_k is {self.top_k}; give 1 or more skills")


class Listener(Protocol):
    """Whoever wants to know what happens in an episode: recorders, traces, pictures."""

    def on_step(self, record: StepRecord) -> None:
        """One environment step was made."""
        ...


def run_episode(
    env: Skirmish,
    team: Team,
    seed: int,
    settings: EpisodeSettings,
    listeners: Sequence[Listener] = (),
    stream: str = EVALUATION,
) -> EpisodeResult:
    """Play the battle `seed` of a stream to its end."""
    steps = episode_steps(env, team, seed, settings, listeners, stream)
    try:
        exchange = next(steps)
        while True:
            exchange = steps.send(team.act(exchange))
    except StopIteration as end:
        result: EpisodeResult = end.value
        return result
    finally:
        steps.close()


def episode_steps(
    env: Skirmish,
    team: Team,
    seed: int,
    settings: EpisodeSettings,
    listeners: Sequence[Listener] = (),
    stream: str = EVALUATION,
) -> Generator[Exchange, Choice, EpisodeResult]:
    """The same a step at a time: gives what the team knows once it has planned, takes what it does, and returns the result.

    So whoever plays many battles can ask the skills of all of them at once.
    """
    frame = env.reset(seed, stream)
    channel = _channel(env, settings)
    schedule = PlanSchedule(channel.constants, settings.plan_every, settings.plan_on_change)
    tally = _Tally(seed)
    last_actions = np.full(env.n_agents, -1, dtype=np.int64)
    team.begin(channel.constants, seed)
    try:
        while not frame.terminated:
            exchange = channel.exchange(frame.obs, frame.available, last_actions, frame.step)
            planned = team.plan(schedule.due(exchange), exchange)
            choice = yield exchange
            before, frame = frame, env.step(choice.actions)
            last_actions = np.array(choice.actions, dtype=np.int64)
            tally.count(exchange, planned, choice, frame)
            for listener in listeners:
                record = StepRecord(before.step, before, exchange, planned, choice.actions, choice.faults, frame)
                listener.on_step(record)
    finally:
        team.end()
    return tally.result(frame, team.reproducible)


def _channel(env: Skirmish, settings: EpisodeSettings) -> Channel:
    if settings.information == FULL:
        return FullInformation(env)
    return Channel(env.scenario, settings.hops, repaired=env.observation == "repaired")


class _Tally:
    """Sums over an episode."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.returned = self.raw_return = 0.0
        self.plans = self.unanswered = self.messages = 0
        self.faults: Counter[str] = Counter()
        self.plan_faults: Counter[str] = Counter()

    def count(self, exchange: Exchange, planned: tuple[Planned, ...], choice: Choice, frame: Frame) -> None:
        self.returned += frame.reward
        self.raw_return += frame.raw_reward
        self.plans += len(planned)
        self.unanswered += sum(not each.answered for each in planned)
        self.messages += len(exchange.deliveries)
        self.faults.update(fault.kind for fault in choice.faults)
        self.plan_faults.update(fault.kind for each in planned for fault in each.faults)

    def result(self, frame: Frame, reproducible: bool) -> EpisodeResult:
        return EpisodeResult(
            seed=self.seed,
            outcome=_outcome(frame),
            returned=self.returned,
            raw_return=self.raw_return,
            length=frame.step,
            dead_allies=frame.dead_allies,
            dead_enemies=frame.dead_enemies,
            plans=self.plans,
            messages=self.messages,
            faults=dict(sorted(self.faults.items())),
            reproducible=reproducible,
            plan_faults=dict(sorted(self.plan_faults.items())),
            unanswered=self.unanswered,
        )


_OUTCOMES: dict[int | None, Outcome] = {1: Outcome.WIN, 0: Outcome.DRAW, -1: Outcome.LOSS}


def _outcome(frame: Frame) -> Outcome:
    if frame.timeout:
        return Outcome.TIMEOUT
    return _OUTCOMES[frame.end_code]
