"""Marine: all that it has to do.

unit_types: marine
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
    centroid,
    chasers,
    distance,
    hit_points,
    nearest,
    reach,
    search,
    toward,
    vitality,
)

WORTH = 1.0  # 0..5 how much damage per hit point counts
FOCUS = 0.673  # 0..3 what each ally already attacking an enemy adds to its priority
WALK = 0.009  # 0..10 how much a map unit beyond the own reach takes from an enemy's priority
HUNTERS = 2  # 1..10 how many enemies must attack this agent for it to step away
DODGE_BELOW = 0.6  # 0..1 the fraction of hit points up to which it does so
GATHERED = 3.662  # 1..10 map units from the allies' centre at which this agent is with them
STRIKE = 9.451  # 2..20 map units to the nearest enemy from which to strike without gathering
AHEAD = 2.241  # 0..8 map units beyond an attacker's reach at which to lead it away
FIRE = 0.97  # 0..5 how many times the own damage per second those attackers must deal
LURE_BELOW = 1.0  # 0..1 the fraction of hit points up to which to do so
MELEE = 2.0  # 1..4 enemies whose weapon reaches no farther are worth stepping away from
DANGER = 1.5  # 0..5 map units beyond such an enemy's reach at which to step away


def score_target(unit, obs):
    worth = (obs.units[unit.unit_type].damage_per_second + 2) / (hit_points(unit, obs) + 15)
    attackers = sum(1 for ally in obs.allies if ally.last_action == attack(unit.id))
    own, facts = obs.units[obs.own.unit_type], obs.units[unit.unit_type]
    walk = max(0, unit.distance - own.weapon_range - own.radius - facts.radius)
    return WORTH * log(worth) + FOCUS * attackers - log(1 + WALK * walk)


def control_logic(obs, memory):
    aims = aims_of(obs, memory)
    hunters = [enemy for enemy in chasers(obs) if aims.get(enemy.id) == obs.agent_id]
    if len(hunters) >= HUNTERS and vitality(obs.own, obs) <= DODGE_BELOW:
        return away(obs, hunters)
    foe = nearest(obs.enemies)
    if obs.allies and (foe is None or foe.distance > STRIKE):
        centre = centroid(obs.allies)
        if distance(centre, obs.own.position) > GATHERED:
            return toward(obs, centre)
    aims = aims_of(obs, memory)
    hunters = [enemy for enemy in obs.enemies if aims.get(enemy.id) == obs.agent_id]
    close = [enemy for enemy in hunters if enemy.distance < reach(enemy, obs) + AHEAD]
    fire = sum(obs.units[enemy.unit_type].damage_per_second for enemy in close)
    worthwhile = fire > FIRE * obs.units[obs.own.unit_type].damage_per_second
    free = any(ally.id not in aims.values() for ally in obs.allies)
    if worthwhile and free and vitality(obs.own, obs) <= LURE_BELOW:
        return away(obs, close)
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
    prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))
    if prey is not None:
        return toward(obs, prey)
    return search(obs, memory)
