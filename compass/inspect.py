"""One plan of a recorded episode: what the agent had before it, what a model was asked and answered, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from compass.errors import InputError
from compass.evaluate.manifest import communication_of, scenario_of
from compass.evaluate.recall import knowledge
from compass.evaluate.records import read_record
from compass.evaluate.run_folder import RunFolder
from compass.models.base import Picture
from compass.models.budget import Spent, spent_on
from compass.models.cassette import Cassette
from compass.models.entries import CallEntry
from compass.observation.picture import SIZE
from compass.types import Entity, Observation


@dataclass(frozen=True)
class PlanMade:
    """A plan that `agent` was asked for at `step`: the calls to a model, in order, and the decision.

    decision: its line in the record (`compass.evaluate.records.EpisodeRecord.decisions`), None if it never took effect.
    """

    agent: int
    step: int
    calls: tuple[CallEntry, ...]
    decision: Mapping[str, Any] | None

    @property
    def effect(self) -> int | None:
        """The step at which the decision took effect."""
        return None if self.decision is None else int(self.decision["step"])

    @property
    def spent(self) -> Spent:
        """What the calls cost."""
        return sum((spent_on(call.reply) for call in self.calls), Spent())

    @property
    def seconds(self) -> float:
        """How long the calls took, one after the other."""
        return sum(call.reply.seconds for call in self.calls)


@dataclass(frozen=True)
class Followed:
    """What an agent did under a decision, from step `start` to before `end`.

    before, after: the agent itself at these steps; after is None when it was dead by `end`.
    """

    start: int
    end: int
    actions: tuple[int, ...]
    faults: tuple[Mapping[str, Any], ...]
    before: Entity
    after: Entity | None


@dataclass(frozen=True)
class Inspection:
    """A plan with all around it.

    known: what the agent knew when it was asked. frames: the observations whose pictures it was shown, oldest first, `size` pixels
    square; where it was shown none, the last alone. as_sent: whether these pictures are those that were sent, None where none was.
    followed: None if the decision never took effect.
    """

    plan: PlanMade
    known: Observation
    frames: tuple[Observation, ...]
    size: int
    as_sent: bool | None
    followed: Followed | None


class InspectedEpisode:
    """The episode `seed` of the run in a folder, open for questions.

    Raises:
        InputError: there is no such run or episode, or it is damaged.
    """

    def __init__(self, run: Path, seed: int) -> None:
        folder = RunFolder(run)
        self.run, self.seed = run, seed
        self.record = read_record(folder.recorded(seed))
        self.manifest = folder.manifest()
        self._calls = Cassette(folder.cassette).entries(seed)
        self._lives: dict[int, tuple[Observation, ...]] = {}

    @property
    def played_back(self) -> bool:
        """Whether the model's answers stand in the cassette of another run, from which this one was played back."""
        return bool(self.manifest.get("played_back"))

    @property
    def n_agents(self) -> int:
        """How many agents the team had."""
        return int(self.record.actions.shape[1])

    def plans(self, agent: int | None = None) -> list[PlanMade]:
        """All plans of an agent, or of all, by step.

        Raises:
            InputError: the team has no such agent, or nobody made plans.
        """
        if agent is not None and not 0 <= agent < self.n_agents:
            raise InputError(f"there is no agent {agent}: choose 0 to {self.n_agents - 1}")
        if not self._plans:
            raise InputError(
                f"nobody plans in {self.run}: its policy is {self.manifest.get('policy')}; see `compass view`"
            )
        return [plan for plan in self._plans if agent in (None, plan.agent)]

    @cached_property
    def _plans(self) -> list[PlanMade]:
        lines = [{"delay": 0, "plan_faults": [], **line} for line in self.record.decisions]  # older records lack these
        decisions = {(line["agent_id"], line["step"] - line["delay"]): line for line in lines}
        calls: dict[tuple[int, int], list[CallEntry]] = {}
        for call in sorted(self._calls, key=lambda call: (call.n, not call.cancelled)):
            calls.setdefault((call.agent, call.step), []).append(call)
        keys = sorted({*decisions, *calls}, key=lambda key: key[::-1])
        return [PlanMade(*key, tuple(calls.get(key, ())), decisions.get(key)) for key in keys]

    def plan_at(self, agent: int, step: int) -> PlanMade:
        """The last plan of an agent that was asked for at this step or before.

        Raises:
            InputError: the team has no such agent, the episode no such step, or there is no such plan.
        """
        plans = self.plans(agent)
        length = len(self.record.actions)
        if not 0 <= step < length:
            raise InputError(f"episode {self.seed} has no step {step}: choose 0 to {length - 1}")
        earlier = [plan for plan in plans if plan.step <= step]
        if not earlier:
            raise InputError(
                f"agent {agent} made no plan at step {step} or before; its first was at step {plans[0].step}"
            )
        return earlier[-1]

    def inspect(self, plan: PlanMade) -> Inspection:
        """A plan with all around it.

        Raises:
            InputError: the run is damaged.
        """
        life = self._life(plan.agent)
        if plan.step >= len(life):
            raise InputError(f"{self.run} is damaged: agent {plan.agent} was dead at step {plan.step}, when it planned")
        shown = self.manifest.get("frames") if self.manifest.get("image") else None
        size = self.manifest.get("image_size") or SIZE
        frames = life[max(0, plan.step + 1 - (shown or 1)) : plan.step + 1]
        sent = {identity for call in plan.calls for turn in call.turns for identity in turn.pictures}
        as_sent = sent == {Picture(frame, size).identity for frame in frames} if sent else None
        return Inspection(plan, life[plan.step], frames, size, as_sent, self._followed(plan, life))

    def _life(self, agent: int) -> tuple[Observation, ...]:
        """What an agent knew at each step of its life."""
        if agent not in self._lives:
            scenario = scenario_of(self.manifest)
            self._lives[agent] = tuple(knowledge(self.record, scenario, agent, *communication_of(self.manifest)))
        return self._lives[agent]

    def _followed(self, plan: PlanMade, life: tuple[Observation, ...]) -> Followed | None:
        if plan.effect is None:
            return None
        later = [other.effect for other in self.plans(plan.agent) if other.effect is not None]
        end = min([step for step in later if step > plan.effect], default=len(self.record.actions))
        end = min(end, len(life))
        actions = tuple(self.record.actions[plan.effect : end, plan.agent].tolist())
        faults = [fault for fault in self.record.faults if fault["agent_id"] == plan.agent]
        during = tuple(fault for fault in faults if plan.effect <= fault["step"] < end)
        after = life[end].own if end < len(life) else None
        return Followed(plan.effect, end, actions, during, life[plan.effect].own, after)
