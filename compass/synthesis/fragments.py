"""Tactics in pieces: terms of a target's score, and rules in order of priority, each with the parameters it brings along.

A piece is source text for a skill file. What it reads beside `obs`, `memory` and `unit` it computes itself, so pieces can be put
together in any order; `compass.synthesis.recipe` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from envs.units import UNIT_NAMES


@dataclass(frozen=True)
class Knob:
    """A parameter that a piece needs: a whole default takes whole numbers within `low` to `high`."""

    name: str
    default: float
    low: float
    high: float
    note: str


@dataclass(frozen=True)
class Term:
    """A summand of `score_target`, higher is better.

    helpers: what it takes from `compass.skill`, and `log`. lines: what must stand before the sum.
    """

    summary: str
    value: str
    knobs: tuple[Knob, ...] = ()
    helpers: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A step of `control_logic`: it returns an action, or leaves the decision to the rules after it.

    ends: it always returns, so it can only be the last.
    """

    summary: str
    lines: tuple[str, ...]
    knobs: tuple[Knob, ...] = ()
    helpers: tuple[str, ...] = ()
    ends: bool = False


PREFER = "prefer_"
"""What the names of terms begin with that name a unit type, for which they weigh."""


def _prefer(unit_type: str) -> Term:
    name = f"PREFER_{unit_type.upper()}"
    return Term(
        f"{unit_type}s as much as the others, or more, or less",
        f'({name} if unit.unit_type == "{unit_type}" else 0.0)',
        (Knob(name, 0.0, -5.0, 5.0, f"what being a {unit_type} adds to an enemy's priority"),),
    )


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "worth": Term(
            "the dangerous for their hit points",
            "WORTH * log(worth)",
            (Knob("WORTH", 1.0, 0.0, 5.0, "how much damage per hit point counts"),),
            ("hit_points", "log"),
            ("worth = (obs.units[unit.unit_type].damage_per_second + 2) / (hit_points(unit, obs) + 15)",),
        ),
        "focus": Term(
            "those whom allies attack",
            "FOCUS * attackers",
            (Knob("FOCUS", 0.2, 0.0, 3.0, "what each ally already attacking an enemy adds to its priority"),),
            ("attack",),
            ("attackers = sum(1 for ally in obs.allies if ally.last_action == attack(unit.id))",),
        ),
        "near": Term(
            "the near",
            "-NEARNESS * unit.distance",
            (Knob("NEARNESS", 0.1, 0.0, 3.0, "what a map unit of distance takes from a unit's priority"),),
        ),
        "walk": Term(
            "those with little way to walk",
            "-log(1 + WALK * walk)",
            (Knob("WALK", 1.0, 0.0, 10.0, "how much a map unit beyond the own reach takes from an enemy's priority"),),
            ("log",),
            (
                "own, facts = obs.units[obs.own.unit_type], obs.units[unit.unit_type]",
                "walk = max(0, unit.distance - own.weapon_range - own.radius - facts.radius)",
            ),
        ),
        "weak": Term(
            "the weak",
            "-WEAKNESS * vitality(unit, obs)",
            (Knob("WEAKNESS", 1.0, 0.0, 10.0, "how much the hit points that a unit has left take from its priority"),),
            ("vitality",),
        ),
        "steady": Term(
            "whom it attacked before",
            "(STEADY if obs.last_action == attack(unit.id) else 0.0)",
            (Knob("STEADY", 0.1, 0.0, 5.0, "what having attacked an enemy at the last step adds to its priority"),),
            ("attack",),
        ),
        "isolated": Term(
            "those without comrades",
            "-ISOLATION * comrades",
            (
                Knob("ISOLATION", 1.0, 0.0, 5.0, "what each comrade of an enemy takes from its priority"),
                Knob("COMRADES", 4.0, 1.0, 10.0, "map units within which another enemy is a comrade"),
            ),
            ("distance",),
            (
                "near = [other for other in obs.enemies if distance(other.position, unit.position) < COMRADES]",
                "comrades = sum(1 for other in near if other.id != unit.id)",
            ),
        ),
        "crowded": Term(
            "the thickest cluster",
            "CROWD * shared",
            (
                Knob("CROWD", 1.0, 0.0, 5.0, "what each enemy who shares the blow adds to a target's priority"),
                Knob("RADIUS", 2.2, 1.0, 4.0, "map units round a target within which others share the blow"),
            ),
            ("distance",),
            ("shared = sum(1 for other in obs.enemies if distance(other.position, unit.position) <= RADIUS)",),
        ),
    }
    | {f"{PREFER}{unit_type}": _prefer(unit_type) for unit_type in UNIT_NAMES}
)
"""The terms by name."""

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "pull_back": Rule(
            "run while enemies shoot at you and you are weak",
            ("if pull_back(obs, memory, RUN_BELOW, RUN_STEPS):", "    return away(obs, chasers(obs))"),
            (
                Knob("RUN_BELOW", 0.6, 0.0, 1.0, "the fraction of hit points below which to run from whoever shoots"),
                Knob("RUN_STEPS", 10, 1, 40, "for how long"),
            ),
            ("away", "chasers", "pull_back"),
        ),
        "kite": Rule(
            "step away from what strikes hand to hand while the weapon reloads",
            (
                "reload = obs.units[obs.own.unit_type].reload",
                'if (obs.last_action or 0) >= attack(0) and obs.step - 1 - memory.get("shot at", -99) >= reload:',
                '    memory["shot at"] = obs.step - 1',
                "close = [enemy for enemy in chasers(obs) if reach(enemy, obs) < MELEE]",
                "close = [enemy for enemy in close if enemy.distance < reach(enemy, obs) + DANGER]",
                'if close and obs.step - memory.get("shot at", -99) < reload:',
                "    return away(obs, close)",
            ),
            (
                Knob("MELEE", 2.0, 1.0, 4.0, "enemies whose weapon reaches no farther are worth stepping away from"),
                Knob("DANGER", 1.5, 0.0, 5.0, "map units beyond such an enemy's reach at which to step away"),
            ),
            ("attack", "away", "chasers", "reach"),
        ),
        "retreat": Rule(
            "leave the fight while weak",
            (
                "if vitality(obs.own, obs) < RETREAT_BELOW and chasers(obs):",
                "    return away(obs, chasers(obs))",
            ),
            (Knob("RETREAT_BELOW", 0.2, 0.0, 1.0, "the fraction of hit points below which to keep away from enemies"),),
            ("away", "chasers", "vitality"),
        ),
        "dodge": Rule(
            "step away while many attack you",
            (
                "aims = aims_of(obs, memory)",
                "hunters = [enemy for enemy in chasers(obs) if aims.get(enemy.id) == obs.agent_id]",
                "if len(hunters) >= HUNTERS and vitality(obs.own, obs) <= DODGE_BELOW:",
                "    return away(obs, hunters)",
            ),
            (
                Knob("HUNTERS", 2, 1, 10, "how many enemies must attack this agent for it to step away"),
                Knob("DODGE_BELOW", 0.6, 0.0, 1.0, "the fraction of hit points up to which it does so"),
            ),
            ("aims_of", "away", "chasers", "vitality"),
        ),
        "lure": Rule(
            "lead away whoever attacks you, while that takes more fire out of the fight than your own and an ally is left alone",
            (
                "aims = aims_of(obs, memory)",
                "hunters = [enemy for enemy in obs.enemies if aims.get(enemy.id) == obs.agent_id]",
                "close = [enemy for enemy in hunters if enemy.distance < reach(enemy, obs) + AHEAD]",
                "fire = sum(obs.units[enemy.unit_type].damage_per_second for enemy in close)",
                "worthwhile = fire > FIRE * obs.units[obs.own.unit_type].damage_per_second",
                "free = any(ally.id not in aims.values() for ally in obs.allies)",
                "if worthwhile and free and vitality(obs.own, obs) <= LURE_BELOW:",
                "    return away(obs, close)",
            ),
            (
                Knob("AHEAD", 2.0, 0.0, 8.0, "map units beyond an attacker's reach at which to lead it away"),
                Knob("FIRE", 1.2, 0.0, 5.0, "how many times the own damage per second those attackers must deal"),
                Knob("LURE_BELOW", 1.0, 0.0, 1.0, "the fraction of hit points up to which to do so"),
            ),
            ("aims_of", "away", "reach", "vitality"),
        ),
        "evade": Rule(
            "keep away from every enemy whose weapon reaches so far",
            ("if chasers(obs):", "    return away(obs, chasers(obs))"),
            (),
            ("away", "chasers"),
        ),
        "shoot": Rule(
            "shoot the best target in reach",
            ("target = best_target(score_target, obs)", "if target is not None:", "    return attack(target.id)"),
            (),
            ("attack", "best_target"),
        ),
        "probe": Rule(
            "answer fire from the unseen",
            ("shot = probe(obs, memory)", "if shot is not None:", "    return shot"),
            (),
            ("probe",),
        ),
        "join": Rule(
            "close up to the allies who fight",
            (
                "hit = {unit.id for unit in under_fire(obs, memory)}",
                "fighting = [ally for ally in obs.allies if ally.id in hit or (ally.last_action or 0) >= attack(0)]",
                'comrade = nearest(ally for ally in fighting if ally.unit_type != "medivac")',
                "if comrade is not None and comrade.distance > SUPPORT:",
                "    return toward(obs, comrade)",
            ),
            (Knob("SUPPORT", 4.0, 1.0, 10.0, "map units from the nearest fighting ally at which to close up"),),
            ("attack", "nearest", "toward", "under_fire"),
        ),
        "gather": Rule(
            "gather before the enemy is near",
            (
                "foe = nearest(obs.enemies)",
                "if obs.allies and (foe is None or foe.distance > STRIKE):",
                "    centre = centroid(obs.allies)",
                "    if distance(centre, obs.own.position) > GATHERED:",
                "        return toward(obs, centre)",
            ),
            (
                Knob("GATHERED", 4.0, 1.0, 10.0, "map units from the allies' centre at which this agent is with them"),
                Knob("STRIKE", 7.0, 2.0, 20.0, "map units to the nearest enemy from which to strike without gathering"),
            ),
            ("centroid", "distance", "nearest", "toward"),
        ),
        "approach": Rule(
            "walk to the nearest enemy",
            (
                "prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))",
                "if prey is not None:",
                "    return toward(obs, prey)",
            ),
            (),
            ("can_hit", "nearest", "toward"),
        ),
        "approach_best": Rule(
            "walk to the enemy that is worth most",
            (
                "prey = best_target(score_target, obs, obs.enemies)",
                "if prey is not None:",
                "    return toward(obs, prey)",
            ),
            (),
            ("best_target", "toward"),
        ),
        "formation": Rule(
            "stay with the allies",
            (
                "if obs.allies and distance(obs.own.position, centroid(obs.allies)) > SPREAD:",
                "    return toward(obs, centroid(obs.allies))",
            ),
            (Knob("SPREAD", 2.5, 1.0, 8.0, "map units from the allies' centre at which to close up"),),
            ("centroid", "distance", "toward"),
        ),
        "heal": Rule(
            "heal the best patient in reach, else go to the best",
            (
                'wounded = [ally for ally in obs.allies if ally.unit_type != "medivac" and ally.health < 1]',
                "patient = best_target(score_target, obs, [ally for ally in wounded if ally.attackable])",
                "if patient is not None:",
                "    return heal(patient.id)",
                "patient = best_target(score_target, obs, wounded)",
                "if patient is not None:",
                "    return toward(obs, patient)",
            ),
            (),
            ("best_target", "heal", "toward"),
        ),
        "back_off": Rule(
            "keep a distance to every enemy",
            (
                "threat = nearest(obs.enemies)",
                "if threat is not None and threat.distance < CLOSE:",
                "    return away(obs, threat)",
            ),
            (Knob("CLOSE", 4.0, 0.0, 12.0, "map units to the nearest enemy at which to back off"),),
            ("away", "nearest"),
        ),
        "follow": Rule(
            "follow the fighters",
            (
                'fighters = [ally for ally in obs.allies if ally.unit_type != "medivac"]',
                "if fighters:",
                "    return toward(obs, centroid(fighters))",
            ),
            (),
            ("centroid", "toward"),
        ),
        "rally": Rule(
            "meet at the rallying point",
            ("return toward(obs, (RALLY_X, RALLY_Y))",),
            (
                Knob("RALLY_X", 6.0, 2.0, 30.0, "the rallying point, map units from the west edge"),
                Knob("RALLY_Y", 16.0, 2.0, 30.0, "and from the south edge"),
            ),
            ("toward",),
            ends=True,
        ),
        "search": Rule(
            "look for the enemy, at the map centre first",
            ("return search(obs, memory)",),
            (),
            ("search",),
            ends=True,
        ),
        "stand": Rule("stand still", ("return stop()",), (), ("stop",), ends=True),
    }
)
"""The rules by name."""
