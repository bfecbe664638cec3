"""Marauder: all that it has to do.

unit_types: marauder
task: engage
task: kite
task: search
task: hold
"""

from math import log

from compass.skill import (
    aims_of,
    attack,
    away,
    best_target,
    can_hit,
    chasers,
    hit_points,
    nearest,
    probe,
    reach,
    search,
    toward,
    under_fire,
    vitality,
)

WORTH = 1.0  # 0..5 how much damage per hit point counts
FOCUS = 0.0  # 0..3 what each ally already attacking an enemy adds to its priority
WALK = 1.016  # 0..10 how much a map unit beyond the own reach takes from an enemy's priority
PREFER_MARAUDER = 1.215  # -5..5 what being a marauder adds to an enemy's priority
WEAKNESS = 2.97  # 0..10 how much the hit points that a unit has left take from its priority
NEARNESS = 0.104  # 0..3 what a map unit of distance takes from a unit's priority
MELEE = 2.0  # 1..4 enemies whose weapon reaches no farther are worth stepping away from
DANGER = 1.75  # 0..5 map units beyond such an enemy's reach at which to step away
AHEAD = 2.61  # 0..8 map units beyond an attacker's reach at which to lead it away
FIRE = 0.354  # 0..5 how many times the own damage per second those attackers must deal
LURE_BELOW = 1.0  # 0..1 the fraction of hit points up to which to do so
SUPPORT = 4.0  # 1..10 map units from the nearest fighting ally at which to close up


def score_target(unit, obs):
    worth = (obs.units[unit.unit_type].damage_per_second + 2) / (hit_points(unit, obs) + 15)
    attackers = sum(1 for ally in obs.allies if ally.last_action == attack(unit.id))
    own, facts = obs.units[obs.own.unit_type], obs.units[unit.unit_type]
    walk = max(0, unit.distance - own.weapon_range - own.radius - facts.radius)
    return (
        WORTH * log(worth)
        + FOCUS * attackers
        - log(1 + WALK * walk)
        + (PREFER_MARAUDER if unit.unit_type == "marauder" else 0.0)
        - WEAKNESS * vitality(unit, obs)
        - NEARNESS * unit.distance
    )


def control_logic(obs, memory):
    reload = obs.units[obs.own.unit_type].reload
    if (obs.last_action or 0) >= attack(0) and obs.step - 1 - memory.get("shot at", -99) >= reload:
        memory["shot at"] = obs.step - 1
    close = [enemy for enemy in chasers(obs) if reach(enemy, obs) < MELEE]
    close = [enemy for enemy in close if enemy.distance < reach(enemy, obs) + DANGER]
    if close and obs.step - memory.get("shot at", -99) < reload:
        return away(obs, close)
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    aims = aims_of(obs, memory)
    hunters = [enemy for enemy in obs.enemies if aims.get(enemy.id) == obs.agent_id]
    close = [enemy for enemy in hunters if enemy.distance < reach(enemy, obs) + AHEAD]
    fire = sum(obs.units[enemy.unit_type].damage_per_second for enemy in close)
    worthwhile = fire > FIRE * obs.units[obs.own.unit_type].damage_per_second
    free = any(ally.id not in aims.values() for ally in obs.allies)
    if worthwhile and free and vitality(obs.own, obs) <= LURE_BELOW:
        return away(obs, close)
    hit = {unit.id for unit in under_fire(obs, memory)}
    fighting = [ally for ally in obs.allies if ally.id in hit or (ally.last_action or 0) >= attack(0)]
    comrade = nearest(ally for ally in fighting if ally.unit_type != "medivac")
    if comrade is not None and comrade.distance > SUPPORT:
        return toward(obs, comrade)
    shot = probe(obs, memory)
    if shot is not None:
        return shot
    prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))
    if prey is not None:
        return toward(obs, prey)
    return search(obs, memory)
