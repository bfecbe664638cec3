"""The exact checks of the embedded engine: expected and measured, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from compass.bench.fidelity import SIGNED
from compass.evaluate.statistics import wilson
from envs.draws import stream_key
from envs.exact.expected import Duel, expected
from envs.exact.field import EXACT, Field
from envs.exact.fights import (
    attack_one,
    crowd,
    damage,
    effect_loops,
    fight_ideally,
    hits_to_kill,
    ideal_field,
    loops_to_kill,
    meet,
    mirror,
    recovery,
    unit_of,
)
from envs.random_play import play_out
from envs.scenario_file import load_scenario
from envs.skirmish import BatchedSkirmish
from envs.units import RULES, UNIT_NAMES, UNITS

MIRRORS, DUELS, MEETINGS, CROWDS, EPISODES = 4000, 1000, 200, 60, 64
"""How often each is tried."""

_LOOPS = RULES.loops_per_second
_QUANTUM = 1e-3  # of a step's loss, for the float32 values that the environment sees


@dataclass(frozen=True)
class Check:
    """One line: what is checked, the expected and the measured value as text, and whether they agree."""

    name: str
    expected: str
    measured: str
    holds: bool


def kills() -> Iterator[Check]:
    """Hits and seconds of every pair. Whole loops may add up to two of them to the seconds: one at either end."""
    for kill in expected().kills:
        battle = Field(overrides=EXACT)
        hits = hits_to_kill(battle, *attack_one(battle, kill.attacker, kill.target))
        name = f"{kill.attacker} kills {kill.target}"
        if kill.seconds is None:
            yield Check(name, f"{kill.hits} hits", f"{hits} hits", hits == kill.hits)
            continue
        battle = Field(overrides=EXACT)
        pair = attack_one(battle, kill.attacker, kill.target)
        loops = loops_to_kill(battle, *pair) - effect_loops(battle, *pair)
        yield Check(
            name,
            f"{kill.hits} hits, {kill.seconds:.2f} s",
            f"{hits} hits, {loops / _LOOPS:.2f} s",
            hits == kill.hits and 0 <= loops - _LOOPS * kill.seconds <= 2,
        )


def quanta() -> Iterator[Check]:
    """Damage of single hits, regeneration, and the steps of random play that logs of the real game show."""
    for each in expected().wounds:
        battle = Field(overrides=EXACT)
        on_shield, on_life = damage(battle, *attack_one(battle, each.attacker, each.target))
        name = f"a hit of a {each.attacker} on a {each.target}"
        if each.shield is not None:
            yield Check(f"{name}, on shield", f"{each.shield:g}", f"{on_shield:g}", on_shield == each.shield)
        yield Check(f"{name}, on life", f"{each.life:g}", f"{on_life:g}", on_life == each.life)
    yield from _regeneration()
    yield from _steps_of_random_play()


def _regeneration() -> Iterator[Check]:
    wanted = expected().regeneration
    for unit in UNITS.values():
        if unit.race == "zerg":
            name, delay, gain = f"{unit.name}: life per loop", 0, wanted["zerg"]
        elif unit.shield:
            name, delay, gain = f"{unit.name}: shield per loop, and the wait", int(wanted["delay"]), wanted["shields"]
        else:
            continue
        found = recovery(unit.name)
        yield Check(name, f"{gain:g} after {delay}", f"{found[1]:g} after {found[0]}", found == (delay, gain))


def _steps_of_random_play() -> Iterator[Check]:
    """Every step's loss on two maps: whole hits of marines; whole hits of stalkers less whole loops of regeneration."""
    shot = next(each.life for each in expected().wounds if each.attacker == each.target == "marine")
    losses = _losses("8m")
    whole = np.abs(losses - shot * np.round(losses / shot)) < _QUANTUM
    yield Check("8m: losses of a step without a death", f"multiples of {shot:g}", *_share(whole))
    shot = next(each.life for each in expected().wounds if each.target == "spine_crawler")
    quantum = expected().regeneration["zerg"]
    losses = _losses("2s_vs_1sc")
    loops = (shot * np.ceil(np.round(losses / shot, 9)) - losses) / quantum
    whole = (np.abs(loops - np.round(loops)) < _QUANTUM / quantum) & (loops < 8.5)
    yield Check("2s_vs_1sc: losses of a step", f"{shot:g} n - {quantum:g} q, q up to 8", *_share(whole))


def _losses(name: str) -> NDArray[np.float64]:
    """What the enemies lost (regained: below 0) in each step of random play. Left out are steps in which one died, and those that
    end with nothing lost: the last loop of regeneration gives less than the others."""
    skirmish = BatchedSkirmish(load_scenario(name), EPISODES, **SIGNED)
    found, dead, lost = [], np.zeros(EPISODES, np.int64), np.zeros(EPISODES)
    for batch, _ in play_out(skirmish, range(EPISODES)):
        lost += batch.raw_reward
        counted = (batch.dead_enemies == dead) & (batch.raw_reward != 0) & (np.abs(lost) > _QUANTUM)
        found.append(batch.raw_reward[counted])
        dead = batch.dead_enemies.copy()
    return np.concatenate(found)


def _share(holds: NDArray[np.bool_]) -> tuple[str, bool]:
    return f"{int(holds.sum())} of {len(holds)}", bool(holds.size and holds.all())


def mirrors() -> Iterator[Check]:
    """One against one of the same type, walking up to each other: even within 3.5 standard errors. Draws count for nobody."""
    for name in UNIT_NAMES:
        if not UNITS[name].weapons or not UNITS[name].speed or UNITS[name].weapons[0].burst_radius:
            continue
        battle = Field(2)
        left = np.array([mirror(battle, name, key) for key in range(MIRRORS)])
        wins, losses = (int((left[:, side] > 0).sum()) for side in (0, 1))
        low, high = wilson(wins, wins + losses)
        measured = f"{wins / (wins + losses):.3f} ({low:.3f} to {high:.3f}), {MIRRORS - wins - losses} draws"
        even = abs(wins - losses) <= 3.5 * sqrt(wins + losses)
        yield Check(f"1 {name} v 1 {name}: the ally wins", "0.5", measured, even)


def duels() -> Iterator[Check]:
    """Ideal duels: the chance within 3 standard errors and 2 points, what is left within one attack of the loser or 5 %, the
    loops within 5 % (the simulation behind the expected values rounds each attack cycle up to whole loops)."""
    for duel in expected().duels:
        battle = ideal_field(duel)
        ends = np.array([fight_ideally(battle, duel, key) for key in range(DUELS)])
        wins, losses = (int((ends[:, side] > 0).sum()) for side in (0, 1))
        chance, (first, second, loops) = wins / max(wins + losses, 1), ends.mean(axis=0)
        holds = bool(
            abs(chance - duel.chance) <= 0.02 + 3 * sqrt(duel.chance * (1 - duel.chance) / DUELS)
            and _near(first, duel.left_first, one_attack(duel.second, duel.first))
            and _near(second, duel.left_second, one_attack(duel.first, duel.second))
            and _near(loops, duel.loops, 0)
        )
        wanted = _ending(duel.chance, duel.left_first, duel.left_second, duel.loops)
        yield Check(duel.title, wanted, _ending(chance, first, second, loops), holds)
        if (duel.n, duel.m) == (expected().lanchester["first"], expected().lanchester["second"]):
            yield _lanchester(duel, float(first))


def _near(measured: float, wanted: float, slack: float) -> bool:
    return abs(measured - wanted) <= max(slack, 0.05 * wanted)


def one_attack(attacker: str, target: str) -> float:
    """The damage of one attack, of all its hits, armor left out."""
    weapon = UNITS[unit_of(attacker)].weapons[0]
    bonus = weapon.bonus if weapon.bonus_against in UNITS[unit_of(target)].attributes else 0.0
    return (weapon.damage + bonus) * (2 if weapon.second_strike or weapon.beam_points else 1)


def _ending(chance: float, first: float, second: float, loops: float) -> str:
    return f"{chance:.2f}, {first:.1f} / {second:.1f} left, {loops:.1f} loops"


def _lanchester(duel: Duel, left: float) -> Check:
    """What is left in whole units, beside the square law."""
    law = expected().lanchester
    units = left / UNITS[unit_of(duel.first)].health
    near = (1 - law["missing"]) * law["left"] <= units <= law["left"]
    wanted = f"{(1 - law['missing']) * law['left']:.2f} to {law['left']:.2f} of {duel.n}"
    return Check(f"{duel.title}: Lanchester's square law", wanted, f"{units:.2f} of {duel.n}", near)


def crowds() -> Iterator[Check]:
    """How many find room round one target, and the outcomes of small fights that others publish."""
    around = expected().surround
    for count in (8, 12, 16):
        keys = [stream_key("crowd", key) for key in range(CROWDS)]
        biting = float(np.mean([crowd(around["attackers"], around["target"], count, key) for key in keys]))
        near = abs(biting - around["capacity"]) <= around["tolerance"]
        name = f"of {count} {around['attackers']} round a {around['target']}, how many bite"
        yield Check(name, f"{around['capacity']} +- {around['tolerance']}", f"{biting:.2f}", near)
    for outcome in expected().outcomes:
        lives = np.array([meet(outcome, key) for key in range(MEETINGS)])
        rate = float((lives[:, 0] > 0).mean())
        yield Check(f"{outcome.title}: the first side wins", "mostly", f"{rate:.2f}", rate > 0.5)


GROUPS: dict[str, Callable[[], Iterator[Check]]] = {
    "Hits and time to kill, without regeneration, healing, random delay and flight (at most 2 loops late)": kills,
    "Quanta": quanta,
    "Mirrors (even within 3.5 standard errors)": mirrors,
    "Ideal duels: chance of the first side (2 points and 3 s.e.), life left (one attack or 5 %), loops (5 %)": duels,
    "Crowds and published outcomes": crowds,
}
"""The checks, by title."""
