"""Whom the enemies attack: what an agent believes from how they move, whom they can reach and who lost hit points.

An enemy that was sent at somebody goes on until that one is dead (`envs.engine.script`), so what is seen of it adds up from step to
step. The score of an agent is the logarithm, up to a summand, of how likely it is the one; what is older weighs less, since an
enemy may have been sent at somebody else meanwhile. The weights are no game rules: they were fitted to battles
of the embedded engine. Most errors are about enemies that attack an ally whom the agent does not know of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compass.measures import distance, reach, vitality
from compass.types import Entity, Observation, Position

_FAR = 0.2  # per map unit: the script sends an enemy without an order at whoever is closest
_STRAY = 6.0  # a walk at a right angle to the way to somebody
_IDLE = 1.0  # a walk although somebody is in reach
_OUT = 3.0  # a map unit beyond the reach of an enemy that stands
_HIT = 1.0  # a loss of hit points while an enemy stands
_KEPT = 0.85  # of a score from step to step
_UNSEEN = -4.0  # the score of somebody who was not known when others were scored
_WALKED = 0.3  # map units within a step that are no shift in a crowd
_NEARLY = 0.5  # map units beyond its reach at which an enemy may strike: positions are a step apart
_WITHIN = 1.0  # map units within its reach at which an enemy would strike instead of walking on
_SCRATCH = 0.01  # a loss of this fraction of the hit points is a hit; what regenerates is less than a hit takes
_SHORTEST = 0.3  # product of two ways in map units; shorter ones have no direction


def aims_of(obs: Observation, memory: dict[str, Any]) -> dict[int, int]:
    """Which agent each enemy attacks, by the enemy's id: known under full information, else the likeliest. An enemy that can hit
    nobody known is left out, as is one that is known to attack nobody. `memory` is the skill's own. Ask at every step, since every
    step tells something.
    """
    beliefs: _Beliefs = memory.setdefault("aims_of", _Beliefs())
    if beliefs.step != obs.step:
        beliefs.update(obs)
    return dict(beliefs.aims)


class _Beliefs:
    """Of each enemy the scores of the agents it may attack, and what they were drawn from."""

    def __init__(self) -> None:
        self.step = -1
        self.aims: dict[int, int] = {}
        self._scores: dict[int, dict[int, float]] = {}
        self._foes: dict[int, tuple[int, Position]] = {}  # when and where each was seen last
        self._places: dict[int, Position] = {}  # where each of us was seen last
        self._lives: dict[int, float] = {}

    def update(self, obs: Observation) -> None:
        """Take in a step."""
        us = (obs.own, *obs.allies)
        lives = {unit.id: vitality(unit, obs) for unit in us if unit.age == 0}
        hit = {id_ for id_, life in lives.items() if life < self._lives.get(id_, 0.0) - _SCRATCH}
        known = {unit.id for unit in us}
        if any(foe.aims_at is not None for foe in obs.enemies):  # full information
            aims = {foe.id: foe.aims_at if _armed(foe, obs) else None for foe in obs.enemies}
        else:
            aims = {foe.id: self._aim(foe, obs, us, hit, known) for foe in obs.enemies}
        self.aims = {foe: aim for foe, aim in aims.items() if aim in known}
        self.step = obs.step
        self._lives |= lives
        self._foes |= {foe.id: (obs.step, foe.position) for foe in obs.enemies if foe.age == 0}
        self._places |= {unit.id: unit.position for unit in us if unit.age == 0}

    def _aim(self, foe: Entity, obs: Observation, us: Sequence[Entity], hit: set[int], known: set[int]) -> int | None:
        """Whom of us an enemy attacks; None where it can hit nobody."""
        can_be_hit = [unit for unit in us if obs.units[foe.unit_type].hits_air or not obs.units[unit.unit_type].flying]
        if not can_be_hit or not _armed(foe, obs):
            return None
        scores = self._scores.get(foe.id)
        step, before = self._foes.get(foe.id, (obs.step, foe.position))
        if scores is None or self.aims.get(foe.id) not in known:  # new, or whom it attacked is dead
            scores = {unit.id: -_FAR * distance(unit.position, foe.position) for unit in can_be_hit}
        elif foe.age == 0 and step == obs.step - 1:
            signs = {unit.id: self._sign(foe, before, unit, unit.id in hit, obs) for unit in can_be_hit}
            best = max(signs.values())
            scores = {id_: _KEPT * scores.get(id_, _UNSEEN) + sign - best for id_, sign in signs.items()}
        self._scores[foe.id] = scores
        return max((id_ for id_ in scores if id_ in known), key=lambda id_: (scores[id_], -id_), default=None)

    def _sign(self, foe: Entity, before: Position, unit: Entity, hit: bool, obs: Observation) -> float:
        """What the last step tells of one of us, 0 being nothing against it."""
        beyond = distance(unit.position, foe.position) - reach(foe, obs, unit)
        if distance(before, foe.position) <= _WALKED:
            return _HIT * hit - _OUT * min(max(beyond - _NEARLY, 0.0), 1.0)
        x, y = self._places.get(unit.id, unit.position)
        goal = ((x + unit.position[0]) / 2, (y + unit.position[1]) / 2)  # it went there, too
        return _STRAY * (_course(before, foe.position, goal) - 1.0) - _IDLE * (beyond < -_WITHIN)


def _armed(foe: Entity, obs: Observation) -> bool:
    return obs.units[foe.unit_type].weapon_range > 0.0


def _course(before: Position, now: Position, goal: Position) -> float:
    """The cosine of the angle between the way walked and the way to a goal."""
    way, rest = (now[0] - before[0], now[1] - before[1]), (goal[0] - before[0], goal[1] - before[1])
    lengths = distance(before, now) * distance(before, goal)
    return (way[0] * rest[0] + way[1] * rest[1]) / max(lengths, _SHORTEST)
