"""Policy `team`: every agent has a planner's decision, which names a skill; the skill, in its sandbox, acts at every step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from compass.communication import Exchange
from compass.errors import InputError
from compass.planner import Planner, PlanRequest, Thinking
from compass.policies.base import Choice
from compass.skills.fallback import fallback
from compass.skills.faults import Reply
from compass.skills.library import Library
from compass.skills.retrieval import Shelves
from compass.types import NO_OP, Constants, Decision, Planned, SkillFault, Trigger
from envs.draws import stream_key


class TeamSkills(Protocol):
    """The skills of one team in one episode, wherever they run (see `compass.skills.sandbox.TeamSandbox`)."""

    @property
    def reproducible(self) -> bool:
        """Whether no limit that depends on the machine has decided an action."""
        ...

    def assign(self, agent_id: int, skill: str, parameters: Mapping[str, float] | None = None) -> None:
        """Give an agent a skill from its next call on."""
        ...

    def act(self, calls: Sequence[tuple[int, bytes]]) -> list[Reply]:
        """One answer per call (agent id, payload of `compass.wire`), in order."""
        ...

    def close(self) -> None:
        """The episode is over."""
        ...


class Host(Protocol):
    """The place where skills run, as `compass.skills.sandbox.Sandbox`."""

    def open_team(self, constants: Constants, seeds: Sequence[int]) -> TeamSkills:
        """The skills of a team for an episode; `seeds`: one integer per agent, which seeds its `random`."""
        ...


@dataclass
class _Mind:
    """What the team keeps of one agent between plans: its decision, and what it did since it was last asked for one."""

    decision: Decision | None = None
    actions: list[int] = field(default_factory=list)
    faults: list[SkillFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan under way."""

    step: int
    trigger: Trigger
    thinking: Thinking


class PlanningTeam:
    """Agents that plan now and then and act through skills in between. The sandbox is shared by episodes, one at a time unless it
    is a `compass.skills.lockstep.Lockstep`. library: or its shelves, which teams may share.

    renewed: gives the library that plays from now on, if it is another than last time, once the sandbox has it. It is asked before
    an episode, and before a planning round, when nobody thinks.
    """

    def __init__(
        self,
        planner: Planner,
        library: Library | Shelves,
        sandbox: Host,
        renewed: Callable[[], Library | None] = lambda: None,
    ) -> None:
        self._planner = planner
        self._shelves = Shelves(library) if isinstance(library, Library) else library
        self._sandbox = sandbox
        self._renewed = renewed

    def begin(self, constants: Constants, seed: int) -> None:
        """Give every agent a fresh sandbox and no decision."""
        self._constants = constants
        self._minds = [_Mind() for _ in range(constants.n_agents)]
        self._asked: dict[int, _Asked] = {}
        self._postponed: dict[int, Trigger] = {}
        self._recent: deque[Exchange] = deque(maxlen=self._planner.frames)
        self._renew()
        self._planner.begin(constants, seed)
        seeds = [stream_key(f"skills of agent {agent}", seed) for agent in range(constants.n_agents)]
        self._skills = self._sandbox.open_team(constants, seeds)

    @property
    def reproducible(self) -> bool:
        """False once a limit that depends on the machine decided an action."""
        return self._skills.reproducible

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Let the agents that are due think, each from its own observation; give effect to the decisions that have arrived.

        Who is due while it still thinks is asked again as soon as it has decided.
        """
        self._recent.append(exchange)
        if due and not self._asked:
            self._renew()
        for agent, trigger in due.items():
            if agent in self._asked:
                self._postponed.setdefault(agent, trigger)
            else:
                self._ask(agent, trigger, exchange)
        planned = []
        for agent, asked in sorted(self._asked.items()):
            if agent not in exchange.alive:
                self._asked.pop(agent).thinking.drop()
            elif asked.thinking.arrived(exchange.step - asked.step):
                planned.append(self._decided(agent, exchange.step))
                if agent in self._postponed:
                    self._ask(agent, self._postponed.pop(agent), exchange)
        return tuple(planned)

    def _renew(self) -> None:
        library = self._renewed()
        if library is not None:
            self._shelves = Shelves(library, self._shelves.top_k)

    def _ask(self, agent: int, trigger: Trigger, exchange: Exchange) -> None:
        mind, obs = self._minds[agent], exchange.observation(agent)
        request = PlanRequest(
            observation=obs,
            trigger=trigger,
            skills=self._shelves.of(obs.own.unit_type),
            current=self._playable(mind.decision),
            frames=tuple(past.observation(agent) for past in self._recent),
            actions=tuple(mind.actions),
            skill_faults=tuple(mind.faults),
        )
        self._asked[agent] = _Asked(exchange.step, trigger, self._planner.ask(request))
        mind.actions, mind.faults = [], []

    def _playable(self, decision: Decision | None) -> Decision | None:
        """A decision, unless the library lacks its skill or the parameters that it sets by now."""
        if decision is None or decision.skill not in self._shelves.library.skills:
            return None
        try:
            self._shelves.library.get(decision.skill).with_parameters(decision.parameters)
        except InputError:
            return None
        return decision

    def _decided(self, agent: int, step: int) -> Planned:
        asked = self._asked.pop(agent)
        plan = asked.thinking.plan()
        decision = self._minds[agent].decision = plan.decision
        self._skills.assign(agent, decision.skill, decision.parameters)
        return Planned(
            agent_id=agent,
            trigger=asked.trigger,
            decision=decision,
            faults=plan.faults,
            answered=plan.answered,
            delay=step - asked.step,
            needs_improvement=plan.needs_improvement,
            version=self._shelves.library.get(decision.skill).sha256,
        )

    def act(self, exchange: Exchange) -> Choice:
        """Ask every living agent's skill; a skill that fails or answers illegally costs its agent the fallback action.

        An agent without a decision yet takes the fallback action too.
        """
        return self.choose(exchange, self._skills.act(self.calls(exchange)))

    def calls(self, exchange: Exchange) -> list[tuple[int, bytes]]:
        """The first half of `act`: what to ask whose skill, as (agent, payload)."""
        return [(a, exchange.payloads[a]) for a in exchange.alive if self._minds[a].decision is not None]

    def choose(self, exchange: Exchange, replies: Sequence[Reply]) -> Choice:
        """The second half: the actions, given a reply to each of `calls`."""
        actions = [NO_OP] * self._constants.n_agents
        faults = []
        deciding = [agent for agent in exchange.alive if self._minds[agent].decision is not None]
        answers = dict(zip(deciding, replies, strict=True))
        for agent in exchange.alive:
            mind, reply = self._minds[agent], answers.get(agent)
            if reply is not None and reply.action is not None:
                actions[agent] = reply.action
            else:
                actions[agent] = fallback(exchange.observation(agent))
            if mind.decision is not None and reply is not None and reply.fault is not None:
                fault = SkillFault(agent, mind.decision.skill, reply.fault.value, reply.detail)
                faults.append(fault)
                mind.faults.append(fault)
            mind.actions.append(actions[agent])
        return Choice(tuple(actions), tuple(faults))

    def end(self) -> None:
        """Close the agents' sandboxes, and let the planner drop what it still thinks about."""
        try:
            self._skills.close()
        finally:
            self._planner.end()
