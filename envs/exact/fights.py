"""Attacks, duels and crowds as the exact checks set them up.

Names are those of unit types; "hydralisk_ally" and "hydralisk_enemy" also say whose life the unit has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from envs.draws import stream_key, uniform
from envs.engine.effects import wound
from envs.engine.script import closest
from envs.engine.state import ALLY, ENEMY, NONE
from envs.exact.expected import Duel, Outcome, Side
from envs.exact.field import Field
from envs.units import UNIT_NAMES, UNITS

LONGEST = 4000  # loops; no fight of these lasts as long
_SHOOTING = 2.0  # gap between the edges of a shooter and its target
_BITING = 0.05
_GAINS = 16  # loops over which regeneration is averaged
_BITES = 800  # loops for which a crowd is watched


def unit_of(name: str) -> str:
    """The unit type of a name."""
    return name.removesuffix("_ally").removesuffix("_enemy")


def life_of(name: str) -> float:
    """The life that a unit of this name begins with, without shields."""
    unit = UNITS[unit_of(name)]
    return unit.ally_health if name.endswith("_ally") else unit.health


def is_melee(name: str) -> bool:
    """Whether a unit must touch its target."""
    return UNITS[unit_of(name)].weapons[0].range <= 1.0


def attack_one(battle: Field, attacker: str, target: str) -> tuple[int, int]:
    """Puts an attacker beside a target, facing it; returns their slots. The target, an ally unless its name says otherwise, never
    acts."""
    side = ENEMY if target.endswith("_enemy") else ALLY
    attacker, target = unit_of(attacker), unit_of(target)
    if side == ENEMY:
        battle.quiet(target)
    gap = _BITING if is_melee(attacker) else _SHOOTING
    victim = battle.put(target, side, 16.0, 16.0)
    shooter = battle.put(attacker, 1 - side, 16.0 - UNITS[attacker].radius - UNITS[target].radius - gap, 16.0)
    battle.face(shooter, victim)
    return shooter, victim


def hit(battle: Field, shooter: int, victim: int) -> None:
    """One hit of the main weapon, here and now."""
    wound(battle.units, battle.battle[0], battle.table, shooter, 0, victim)


def damage(battle: Field, shooter: int, victim: int) -> tuple[float, float]:
    """What one hit takes from the victim's shield as it is, and from its life without one."""
    whole = battle.life(victim)
    hit(battle, shooter, victim)
    on_shield = whole - battle.life(victim)
    battle.units[victim]["shield"] = 0.0
    bare = battle.life(victim)
    hit(battle, shooter, victim)
    return on_shield, bare - battle.life(victim)


def hits_to_kill(battle: Field, shooter: int, victim: int) -> int:
    """How many hits kill the victim."""
    count = 0
    while battle.alive(victim):
        hit(battle, shooter, victim)
        count += 1
    return count


def loops_to_kill(battle: Field, shooter: int, victim: int) -> int:
    """How many loops an attack takes to kill the victim, flight and delay of effects included."""
    assert battle.order_attack(shooter, victim)
    return battle.run_until(lambda: not battle.alive(victim))


def effect_loops(battle: Field, shooter: int, victim: int) -> float:
    """Loops between the release of an attack that `attack_one` set up and its damage."""
    unit, body = battle.units[shooter], battle.units[victim]
    row, target = battle.rows[unit["side"], unit["type"]], battle.rows[body["side"], body["type"]]
    if row["missile_speed"][0] > 0:
        return float(math.ceil(_SHOOTING / row["missile_speed"][0]))
    if row["beam_points"] > 0:  # the first point of each beam that touches the target, then the effect's delay
        reach, middle = target["radius"] + row["beam_radius"], (row["beam_points"] - 1) / 2
        first = next(k for k in range(row["beam_points"]) if abs(k - middle) * row["beam_spacing"] <= reach)
        return float(row["beam_delay"] + first * row["beam_interval"])
    return 0.0


def recovery(name: str) -> tuple[int, float]:
    """Loops after that of a hit in which an ally gains nothing, and what it gains in each loop then."""
    battle = Field(2)
    shooter, victim = attack_one(battle, "marine", name)
    hit(battle, shooter, victim)
    battle.kill(shooter)
    hurt = battle.life(victim)
    loops = battle.run_until(lambda: battle.life(victim) > hurt)
    start = battle.life(victim)
    battle.run(_GAINS)
    return loops - 1, (battle.life(victim) - start) / _GAINS


def mirror(battle: Field, name: str, key: int) -> tuple[float, float]:
    """Life left of an ally and an enemy of one type that walk up to each other and fight."""
    battle.begin(stream_key("duel", key))
    pair = battle.put(name, ALLY, 11.5, 16.0), battle.put(name, ENEMY, 20.5, 16.0)
    for slot, other in (pair, pair[::-1]):
        battle.units[slot]["health"] = UNITS[name].health
        battle.order_attack(slot, other)
    for _ in range(LONGEST // 16):
        battle.run(16)
        if not all(map(battle.alive, pair)):
            break
    return battle.life(pair[0]), battle.life(pair[1])


def ideal_field(duel: Duel) -> Field:
    """The field of an ideal duel: weapons reach everybody, missiles need no time, nobody acts by itself."""
    battle = Field(duel.n + duel.m, overrides={"missile_speed": 0, "passive": 1})
    battle.rows["range"][:, :, 0] = 40.0
    return battle


def fight_ideally(battle: Field, duel: Duel, key: int) -> tuple[float, float, int]:
    """Plays an ideal duel: life left of either side, and loops."""
    battle.begin(stream_key("duel", key))
    sides: list[list[int]] = [[], []]
    for side, name, count in ((ALLY, duel.first, duel.n), (ENEMY, duel.second, duel.m)):
        for index in range(count):
            x, y = (8.0 - 2.0 * (index // 10), 6.0 + 2.0 * (index % 10))
            slot = battle.put(unit_of(name), side, x if side == ALLY else 32.0 - x, y)
            battle.units[slot]["health"] = life_of(name)
            sides[side].append(slot)
    for side in (ALLY, ENEMY):
        for slot in sides[side]:
            battle.face(slot, sides[1 - side][0])
    loops = _focus(battle, sides)
    return _lives(battle, sides[ALLY]), _lives(battle, sides[ENEMY]), loops


def _lives(battle: Field, slots: Sequence[int]) -> float:
    return sum((battle.life(slot) for slot in slots), 0.0)


def _focus(battle: Field, sides: Sequence[Sequence[int]]) -> int:
    """Both sides attack the first living unit of the other until one is dead; returns the loops."""
    alive = battle.units["alive"]
    aims = [-1, -1]
    for loops in range(LONGEST):
        for side in (ALLY, ENEMY):
            if aims[side] >= 0 and alive[aims[side]]:
                continue
            aims[side] = next((slot for slot in sides[1 - side] if alive[slot]), -1)
            if aims[side] < 0:
                return loops
            for slot in sides[side]:
                battle.order_attack(slot, aims[side])
        battle.run(1)
    raise AssertionError(f"no end within {LONGEST} loops")


def meet(outcome: Outcome, key: int) -> tuple[float, float]:
    """Two groups, four map units apart, attack whoever is closest: life left of either.

    The first side is the enemy's, which acts by itself; the other is ordered.
    """
    battle = Field(sum(count for side in (outcome.winner, outcome.loser) for count, _ in side), stream_key("meet", key))
    winners, losers = _line_up(battle, ENEMY, outcome.winner), _line_up(battle, ALLY, outcome.loser)
    for _ in range(LONGEST // 4):
        for slot in losers:
            if battle.units[slot]["order"] == NONE:
                battle.order_attack(slot, closest(battle.units, battle.battle[0], slot, ENEMY))
        battle.run(4)
        if not (any(map(battle.alive, winners)) and any(map(battle.alive, losers))):
            break
    return _lives(battle, winners), _lives(battle, losers)


def _line_up(battle: Field, side: int, group: Side) -> list[int]:
    """A group in columns, one type behind the other."""
    away = 1.0 if side == ENEMY else -1.0
    return [
        battle.put(name, side, 16.0 + away * (2.0 + 2.0 * column), 16.0 + 1.5 * (place - (count - 1) / 2))
        for column, (count, name) in enumerate(group)
        for place in range(count)
    ]


def crowd(attackers: str, target: str, count: int, key: int) -> float:
    """How many of `count` melee units, come from all around, bite one target at a time: its loss over what one of them deals."""
    battle = Field(count + 1, key, {"regeneration": 0})
    victim = battle.put(target, ALLY, 16.0, 16.0)
    battle.units[victim]["health"] = 1e9
    for index in range(count):
        turn, away = 2 * math.pi * uniform(np.uint64(key), 0, index), 4.0 + 4.0 * uniform(np.uint64(key), 1, index)
        battle.create(UNIT_NAMES.index(attackers), ENEMY, 16.0 + away * math.cos(turn), 16.0 + away * math.sin(turn))
    battle.run(400)  # until everyone has found a place
    before = battle.life(victim)
    battle.run(_BITES)
    row = battle.rows[ENEMY, UNIT_NAMES.index(attackers)]
    cycle = row["period"][0] + (row["delay_low"] + row["delay_high"]) / 2
    return float((before - battle.life(victim)) / (row["damage"][0] * _BITES / cycle))
