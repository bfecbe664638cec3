"""Policy `nearest`, the yardstick: fixed code with the team's observations and messages, and no skills or planner.

Attack the nearest known enemy if it is within shoot range, else step along the larger free axis toward it; with no enemy known
go to the map centre, then to the centres of the four quadrants in order, as far as they can be walked on. A medivac heals the
living biological ally of lowest health in heal range, else steps toward it, else toward the nearest ally.
"""

from __future__ import annotations

from collections.abc import Mapping

from compass.communication import Exchange
from compass.policies.base import Choice
from compass.types import FIRST_TARGET, MOVES, NO_OP, STOP, Constants, Entity, Observation, Planned, Position, Trigger
from envs.arenas import load_arena

VERSION = 1
"""Raised with every change of behaviour; runs record it."""

_ARRIVED = 1.5  # map units from a search point at which it counts as reached: more than half a step of the fastest unit


class NearestTeam:
    """All agents follow the rule of this module, each from what it knows itself."""

    reproducible = True

    def begin(self, constants: Constants, seed: int) -> None:
        """Start the search of every agent at the map centre."""
        width, height = constants.map_size
        quarters = [(x, y) for y in (0.75, 0.25) for x in (0.25, 0.75)]
        points = [(width / 2, height / 2)] + [(width * x, height * y) for x, y in quarters]
        walkable = load_arena(constants.arena)
        self._waypoints = [(x, y) for x, y in points if walkable[int(x), int(y)]]
        self._next = [0] * constants.n_agents

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Nothing to plan."""
        return ()

    def act(self, exchange: Exchange) -> Choice:
        """One legal action per agent."""
        actions = [NO_OP] * exchange.constants.n_agents
        for agent in exchange.alive:
            actions[agent] = self._action(exchange.observation(agent))
        return Choice(tuple(actions))

    def end(self) -> None:
        """Nothing to release."""

    def _action(self, obs: Observation) -> int:
        if obs.own.unit_type == "medivac":
            return _heal(obs)
        if obs.enemies:
            target = min(obs.enemies, key=lambda enemy: (enemy.distance, enemy.id))
            return _use_on(obs, target)
        return _step_toward(obs, self._search_point(obs))

    def _search_point(self, obs: Observation) -> Position:
        x, y = self._waypoints[self._next[obs.agent_id]]
        if abs(obs.own.position[0] - x) < _ARRIVED and abs(obs.own.position[1] - y) < _ARRIVED:
            self._next[obs.agent_id] = (self._next[obs.agent_id] + 1) % len(self._waypoints)
        return self._waypoints[self._next[obs.agent_id]]


def _heal(obs: Observation) -> int:
    biological = [ally for ally in obs.allies if ally.unit_type != "medivac"]
    if biological:
        in_range = [ally for ally in biological if ally.distance <= obs.shoot_range]
        return _use_on(obs, min(in_range or biological, key=lambda ally: (ally.health, ally.id)))
    if obs.allies:
        return _step_toward(obs, min(obs.allies, key=lambda ally: (ally.distance, ally.id)).position)
    return STOP


def _use_on(obs: Observation, target: Entity) -> int:
    action = FIRST_TARGET + target.id
    if target.distance <= obs.shoot_range and action in obs.available:
        return action
    return _step_toward(obs, target.position)


def _step_toward(obs: Observation, goal: Position) -> int:
    dx, dy = goal[0] - obs.own.position[0], goal[1] - obs.own.position[1]
    along_x, along_y = "east" if dx > 0 else "west", "north" if dy > 0 else "south"
    for direction in (along_x, along_y) if abs(dx) > abs(dy) else (along_y, along_x):
        if obs.can_move[direction]:
            return MOVES[direction]
    return STOP
