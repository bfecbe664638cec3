"""Policy `team`: every agent has a planner's decision, which names a skill; the skill, in its sandbox, acts at every step."""

from __future__ import annotations

from collections.abc import Mapping

from compass.communication import Exchange
from compass.planner import Planner, PlanRequest
from compass.policies.base import Choice
from compass.skills.fallback import fallback
from compass.skills.library import Library
from compass.skills.sandbox import Sandbox, TeamSandbox
from compass.types import NO_OP, Constants, Decision, Planned, SkillFault, Trigger
from envs.draws import stream_key


class PlanningTeam:
    """Agents that plan now and then and act through skills in between. The sandbox is shared by episodes, one at a time."""

    def __init__(self, planner: Planner, library: Library, sandbox: Sandbox) -> None:
        self._planner = planner
        self._library = library
        self._sandbox = sandbox

    def begin(self, constants: Constants, seed: int) -> None:
        """Give every agent a fresh sandbox and no decision."""
        self._constants = constants
        self._decisions: dict[int, Decision] = {}
        seeds = [stream_key(f"skills of agent {agent}", seed) for agent in range(constants.n_agents)]
        self._skills: TeamSandbox = self._sandbox.open_team(constants, seeds)
        self._planner.begin(constants)

    @property
    def reproducible(self) -> bool:
        """False once a limit that depends on the machine decided an action."""
        return self._skills.reproducible

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Let the agents that are due decide, each from its own observation."""
        planned = []
        for agent, trigger in due.items():
            obs = exchange.observation(agent)
            skills = self._library.for_unit(obs.own.unit_type)
            decision = self._planner.plan(PlanRequest(obs, trigger, tuple(skills), self._decisions.get(agent)))
            self._decisions[agent] = decision
            self._skills.assign(agent, decision.skill, decision.parameters)
            planned.append(Planned(agent, trigger, decision))
        return tuple(planned)

    def act(self, exchange: Exchange) -> Choice:
        """Ask every living agent's skill; a skill that fails or answers illegally costs its agent the fallback action."""
        actions = [NO_OP] * self._constants.n_agents
        faults = []
        replies = self._skills.act([(agent, exchange.payloads[agent]) for agent in exchange.alive])
        for agent, reply in zip(exchange.alive, replies, strict=True):
            if reply.action is not None:
                actions[agent] = reply.action
                continue
            actions[agent] = fallback(exchange.observation(agent))
            if reply.fault is not None:
                faults.append(SkillFault(agent, self._decisions[agent].skill, reply.fault.value, reply.detail))
        return Choice(tuple(actions), tuple(faults))

    def end(self) -> None:
        """Close the agents' sandboxes."""
        self._skills.close()
