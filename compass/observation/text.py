"""The text form of an observation: what a language model reads, and the exact values the scripted planner decides on.

Lines and their order never change, only their values; positions, distances and ranges are rounded to a tenth of a map unit, health
and shield to whole per cent. `parse(describe(obs)) == rounded(obs)`: the text holds the rounded observation and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import NoReturn

from compass.errors import InputError
from compass.types import FIRST_TARGET, MOVES, NO_OP, STOP, Entity, Observation, Position
from envs.units import RACES

MISSION = "Mission: defeat the enemy as quickly as possible."
VOCABULARY = "hops: 0 seen with own eyes, else the messages it took; age: steps since it was seen."
HEALER = "medivac"
SHORTEST = 11  # lines of a text that knows nobody

_SIMPLE = {"no-op": NO_OP, "stop": STOP} | {f"move {direction}": action for direction, action in MOVES.items()}
_WORDS = {action: words for words, action in _SIMPLE.items()}
_TAN_22_5 = 0.41421356  # half of an eighth of a turn: where one compass word ends and the next begins
_YES_NO = {True: "yes", False: "no"}
_NUMBER = r"-?\d+(?:\.\d+)?"
_PLACE = rf"\(({_NUMBER}), ({_NUMBER})\)"
_VITALS = r"health (\d+)%(?:, shield (\d+)%)?"
_STEP = re.compile(
    rf"Step (\d+)\. You are agent (\d+), a (\w+), at {_PLACE} on a map of ({_NUMBER}) x ({_NUMBER}); x grows east, y grows north\."
)
_STATUS = re.compile(rf"Own {_VITALS}, sight range ({_NUMBER}), shoot range ({_NUMBER}), last action (.+)\.")
_ENTITY = re.compile(
    rf"- (ally|enemy) (\d+) (\w+): distance ({_NUMBER}) [a-z-]+, at {_PLACE}, {_VITALS}"
    r"(?:, last action ([a-z0-9 -]+))?(?:, (?:attackable|healable) (yes|no))?(?:, aims at agent (\d+))?, hops (\d+), age (\d+)"
)
_TARGETS = re.compile(r"(?:attack enemy|heal ally)((?: \d+)+)")


def direction_word(dx: float, dy: float) -> str:
    """The nearest of the eight compass directions of an offset in map units, or "here" for none."""
    across, along = abs(dx), abs(dy)
    if across == 0.0 and along == 0.0:
        return "here"
    north_south = "" if along < across * _TAN_22_5 else "north" if dy > 0.0 else "south"
    east_west = "" if across < along * _TAN_22_5 else "east" if dx > 0.0 else "west"
    return "-".join(word for word in (north_south, east_west) if word)


def action_words(action: int | None, unit_type: str) -> str:
    """An action in words: "stop", "move north", "attack enemy 3", for a medivac "heal ally 3", "unknown" for None."""
    if action is None:
        return "unknown"
    if action < FIRST_TARGET:
        return _WORDS[action]
    return f"{_target_words(unit_type)} {action - FIRST_TARGET}"


def action_number(words: str) -> int | None:
    """The action that `action_words` put into these words. Raises InputError for any others."""
    if words == "unknown":
        return None
    if words in _SIMPLE:
        return _SIMPLE[words]
    found = re.fullmatch(r"(?:attack enemy|heal ally) (\d+)", words)
    if not found:
        raise InputError(f"{words!r} is no action: write one of {', '.join(_SIMPLE)}, attack enemy ID, heal ally ID")
    return FIRST_TARGET + int(found[1])


def rounded(obs: Observation) -> Observation:
    """The observation with exactly the values its text shows.

    Offsets are those of the rounded positions. What stands nowhere in the text has one value: an enemy's last action is None, and
    the agent knows itself at distance 0, by own eyes, now, with the last action of the observation.
    """
    here = _tenths(obs.own.position)
    own = obs.own._replace(
        position=here,
        relative=(0.0, 0.0),
        distance=0.0,
        health=_per_cent(obs.own.health),
        shield=_per_cent(obs.own.shield),
    )
    return obs._replace(
        own=own._replace(attackable=False, last_action=obs.last_action, hops=0, age=0),
        allies=tuple(_rounded(ally, here) for ally in obs.allies),
        enemies=tuple(_rounded(enemy, here)._replace(last_action=None) for enemy in obs.enemies),
        can_move={direction: obs.can_move[direction] for direction in MOVES},
        sight_range=_tenth(obs.sight_range),
        shoot_range=_tenth(obs.shoot_range),
        map_size=_tenths(obs.map_size),
    )


def describe(obs: Observation) -> str:
    """The text form; one entity a line. Two observations that round to the same values have the same text."""
    obs = rounded(obs)
    own, (width, height) = obs.own, obs.map_size
    return "\n".join(
        (
            MISSION,
            f"Step {obs.step}. You are agent {obs.agent_id}, a {own.unit_type}, at {_place(own.position)} on a map of "
            f"{width:g} x {height:g}; x grows east, y grows north.",
            f"Own {_vitals(own)}, sight range {obs.sight_range:g}, shoot range {obs.shoot_range:g}, "
            f"last action {action_words(obs.last_action, own.unit_type)}.",
            *(f"Can move {direction.capitalize()}: {_YES_NO[free]}" for direction, free in obs.can_move.items()),
            f"Allies known: {len(obs.allies)}",
            *(_entity_line(ally, own.unit_type) for ally in obs.allies),
            f"Enemies known: {len(obs.enemies)}",
            *(_entity_line(enemy, own.unit_type) for enemy in obs.enemies),
            VOCABULARY,
            f"Legal actions: {_actions(obs.available, own.unit_type)}",
        )
    )


def parse(text: str) -> Observation:
    """The observation that a text holds: `rounded(obs)` for `describe(obs)`. Raises InputError where the text is no such form."""
    lines = text.strip().splitlines()
    if len(lines) < SHORTEST:
        _refuse(lines[-1] if lines else "")
    step, agent_id, unit_type, x, y, width, height = _match(_STEP, lines[1]).groups()
    health, shield, sight, shoot, last = _match(_STATUS, lines[2]).groups()
    here, last_action = (float(x), float(y)), action_number(last)
    own = Entity(
        "ally",
        int(agent_id),
        unit_type,
        here,
        (0.0, 0.0),
        0.0,
        _fraction(health),
        _fraction(shield),
        False,
        last_action,
        0,
        0,
    )
    entities = [_parsed(_match(_ENTITY, line), here) for line in lines if line.startswith("- ")]
    found = Observation(
        agent_id=int(agent_id),
        step=int(step),
        own=own,
        allies=tuple(entity for entity in entities if entity.team == "ally"),
        enemies=tuple(entity for entity in entities if entity.team == "enemy"),
        can_move={direction: lines[3 + at].endswith(": yes") for at, direction in enumerate(MOVES)},
        last_action=last_action,
        sight_range=float(sight),
        shoot_range=float(shoot),
        map_size=(float(width), float(height)),
        available=_parsed_actions(lines[-1]),
    )
    for line, expected in zip_longest(lines, describe(found).splitlines(), fillvalue=""):
        if line != expected:
            _refuse(line or expected)
    return found


def _tenth(value: float) -> float:
    return round(float(value), 1) + 0.0  # + 0.0: never a negative zero


def _tenths(pair: Position) -> Position:
    return _tenth(pair[0]), _tenth(pair[1])


def _per_cent(fraction: float) -> float:
    """The fraction in whole hundredths; what is not quite gone does not look gone."""
    whole = round(float(fraction) * 100.0)
    return (1 if whole == 0 and fraction > 0.0 else whole) / 100.0


def _rounded(entity: Entity, here: Position) -> Entity:
    position = _tenths(entity.position)
    return entity._replace(
        position=position,
        relative=_offset(position, here),
        distance=_tenth(entity.distance),
        health=_per_cent(entity.health),
        shield=_per_cent(entity.shield),
    )


def _offset(position: Position, here: Position) -> Position:
    return _tenth(position[0] - here[0]), _tenth(position[1] - here[1])


def _place(position: Position) -> str:
    return f"({position[0]:.1f}, {position[1]:.1f})"


def _vitals(entity: Entity) -> str:
    """Health, and shield for those who have one."""
    health = f"health {round(entity.health * 100)}%"
    shielded = entity.unit_type in RACES["protoss"] or entity.shield > 0.0
    return f"{health}, shield {round(entity.shield * 100)}%" if shielded else health


def _entity_line(entity: Entity, own_type: str) -> str:
    parts = [
        f"- {entity.team} {entity.id} {entity.unit_type}: distance {entity.distance:.1f} {direction_word(*entity.relative)}",
        f"at {_place(entity.position)}",
        _vitals(entity),
    ]
    if entity.team == "ally":
        parts.append(f"last action {action_words(entity.last_action, entity.unit_type)}")
        if own_type == HEALER or entity.attackable:
            parts.append(f"healable {_YES_NO[entity.attackable]}")
    else:
        parts.append(f"attackable {_YES_NO[entity.attackable]}")
        if entity.aims_at is not None:
            parts.append(f"aims at agent {entity.aims_at}")
    return ", ".join((*parts, f"hops {entity.hops}", f"age {entity.age}"))


def _target_words(unit_type: str) -> str:
    return "heal ally" if unit_type == HEALER else "attack enemy"


def _actions(available: Iterable[int], unit_type: str) -> str:
    """Legal actions, those with a target under one heading: "stop; move north; attack enemy 0 3"."""
    simple = [_WORDS[action] for action in available if action < FIRST_TARGET]
    targets = [str(action - FIRST_TARGET) for action in available if action >= FIRST_TARGET]
    return "; ".join((*simple, f"{_target_words(unit_type)} {' '.join(targets)}") if targets else simple)


def _parsed_actions(line: str) -> tuple[int, ...]:
    heading, _, listed = line.partition(": ")
    if heading != "Legal actions":
        _refuse(line)
    actions: list[int] = []
    for words in listed.split("; "):
        if words in _SIMPLE:
            actions.append(_SIMPLE[words])
        elif found := _TARGETS.fullmatch(words):
            actions += [FIRST_TARGET + int(target) for target in found[1].split()]
    return tuple(actions)


def _parsed(found: re.Match[str], here: Position) -> Entity:
    team, name, unit_type, distance, x, y, health, shield, action, attackable, aim, hops, age = found.groups()
    position = (float(x), float(y))
    return Entity(
        team=team,
        id=int(name),
        unit_type=unit_type,
        position=position,
        relative=_offset(position, here),
        distance=float(distance),
        health=_fraction(health),
        shield=_fraction(shield),
        attackable=attackable == "yes",
        last_action=action_number(action) if action else None,
        hops=int(hops),
        age=int(age),
        aims_at=int(aim) if aim else None,
    )


def _fraction(per_cent: str | None) -> float:
    return int(per_cent or 0) / 100.0


def _match(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    return pattern.fullmatch(line) or _refuse(line)


def _refuse(line: str) -> NoReturn:
    raise InputError(f"not the text form of an observation, at {line!r}: pass what `describe` wrote, unchanged")
