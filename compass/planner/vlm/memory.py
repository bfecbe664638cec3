"""What one agent remembers of its own decisions: of constant size, however long the battle.

The last rounds stand in full; older ones are reduced to their conclusions, and the oldest of these are dropped: a finished thought
is replaced by its result. Where everybody is stands in the observation, so the memory need not hold it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from compass.models.lines import one_line
from compass.observation.text import action_words, rounded
from compass.planner.base import PlanRequest
from compass.planner.vlm.answers import Perception, Reflection
from compass.planner.vlm.render import TRIGGERS, skill_words
from compass.types import FIRST_TARGET, Decision, Observation, SkillFault, Trigger

ROUNDS = 2
CONCLUSIONS = 6
TASK, SENTENCE, SHORT = 100, 300, 160  # characters kept of a task, of a thought, and of a thought in a conclusion
MOST_RUNS = 12  # of equal actions told of one round
NOTHING = "Nothing yet: this is your first decision in this battle."


class _State(NamedTuple):
    """The figures of an observation that tell later what has changed."""

    step: int
    health: float
    shield: float
    allies: tuple[int, ...]
    enemies: tuple[int, ...]
    enemy_health: float
    enemy_shield: float
    targets: tuple[int, ...]

    @classmethod
    def of(cls, obs: Observation) -> _State:
        own, enemies, count = rounded(obs).own, obs.enemies, max(1, len(obs.enemies))
        return cls(
            step=obs.step,
            health=own.health,
            shield=own.shield,
            allies=tuple(ally.id for ally in obs.allies),
            enemies=tuple(enemy.id for enemy in enemies),
            enemy_health=sum(enemy.health for enemy in enemies) / count,
            enemy_shield=sum(enemy.shield for enemy in enemies) / count,
            targets=tuple(action - FIRST_TARGET for action in obs.available if action >= FIRST_TARGET),
        )


@dataclass(frozen=True)
class Round:
    """One decision, why, and what came of it. perceived, happened and verdict are "" while they are not known."""

    state: _State
    trigger: Trigger
    decision: Decision
    perceived: str
    happened: str = ""
    verdict: str = ""

    def lines(self) -> list[str]:
        """The round in full."""
        decision = self.decision
        told = [
            f"Step {self.state.step} ({TRIGGERS[self.trigger]}): you chose {_chosen(decision)}",
            f"- perceived: {self.perceived}",
            f"- reasoning: {one_line(decision.reasoning, SENTENCE)}",
        ]
        return told + [f"- {each}" for each in (self.happened, self.verdict) if each]

    def conclusion(self) -> str:
        """The round in one line."""
        return f"- step {self.state.step}: {_chosen(self.decision)}. {one_line(self.verdict or self.happened, SHORT)}"


@dataclass(frozen=True)
class Memory:
    """The rounds of one agent, oldest first; a new one after each change, so that nothing half done is ever seen."""

    conclusions: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()

    def lived(self, request: PlanRequest) -> Memory:
        """With what has happened since the last decision."""
        if not self.rounds:
            return self
        last = self.rounds[-1]
        return self._with_last(replace(last, happened=_happened(last.state, request)))

    def judged(self, reflection: Reflection | None) -> Memory:
        """With the verdict on the last decision; None: reflecting failed."""
        verdict = "none, reflecting gave no usable answer"
        if reflection is not None:
            good, bad = (one_line(text, SENTENCE) or "-" for text in (reflection.success, reflection.needs_improvement))
            verdict = f"success: {good}; needs improvement: {bad}"
        return self._with_last(replace(self.rounds[-1], verdict=f"your verdict: {verdict}"))

    def decided(self, request: PlanRequest, decision: Decision, perception: Perception | None) -> Memory:
        """With a new round; what no longer has room is reduced to its conclusion. perception None: perceiving failed."""
        perceived = "nothing, perceiving gave no usable answer"
        if perception is not None:
            perceived = one_line(perception.summary, SENTENCE)
        latest = Round(_State.of(request.observation), request.trigger, decision, perceived)
        rounds = (*self.rounds, latest)
        reduced = tuple(each.conclusion() for each in rounds[:-ROUNDS])
        return Memory((*self.conclusions, *reduced)[-CONCLUSIONS:], rounds[-ROUNDS:])

    def text(self) -> str:
        """The memory for a prompt."""
        if not self.rounds:
            return NOTHING
        lines = ["Earlier decisions:", *self.conclusions] if self.conclusions else []
        for each in self.rounds:
            lines += each.lines()
        return "\n".join(lines)

    def _with_last(self, last: Round) -> Memory:
        return replace(self, rounds=(*self.rounds[:-1], last))


def _chosen(decision: Decision) -> str:
    return f'task "{one_line(decision.task, TASK)}" by skill {skill_words(decision.skill, decision.parameters)}'


def _happened(before: _State, request: PlanRequest) -> str:
    now = _State.of(request.observation)
    changes = [f"health {before.health:.0%} -> {now.health:.0%}"]
    if before.shield or now.shield:
        changes.append(f"shield {before.shield:.0%} -> {now.shield:.0%}")
    changes.append(f"allies known {_ids(before.allies)} -> {_ids(now.allies)}")
    changes.append(f"enemies known {_ids(before.enemies)} -> {_ids(now.enemies)}")
    if before.enemies and now.enemies:
        changes.append(f"their mean health {before.enemy_health:.0%} -> {now.enemy_health:.0%}")
        if before.enemy_shield or now.enemy_shield:
            changes.append(f"mean shield {before.enemy_shield:.0%} -> {now.enemy_shield:.0%}")
    changes.append(f"legal targets {_ids(before.targets)} -> {_ids(now.targets)}")
    changes.append(f"your actions: {_runs(request.actions, request.observation.own.unit_type)}")
    if request.skill_faults:
        changes.append(f"skill faults: {_faults(request.skill_faults)}")
    return f"then, until step {now.step}: {'; '.join(changes)}"


def _ids(ids: tuple[int, ...]) -> str:
    return " ".join(map(str, ids)) or "none"


def _runs(actions: tuple[int, ...], unit_type: str) -> str:
    """The actions, equal ones in a row counted: "move north x3, attack enemy 1 x12"; only the last ones where they are many."""
    runs = [(action, len(list(same))) for action, same in groupby(actions)]
    words = [f"{action_words(action, unit_type)} x{count}" for action, count in runs[-MOST_RUNS:]]
    return ", ".join(["..."] * (len(runs) > MOST_RUNS) + words) or "none"


def _faults(faults: tuple[SkillFault, ...]) -> str:
    kinds = Counter(f"{fault.kind} of {fault.skill}" for fault in faults)
    counts = ", ".join(f"{kind} x{count}" for kind, count in sorted(kinds.items())[:3])
    return f"{counts} (last: {one_line(faults[-1].detail, SHORT)})"
