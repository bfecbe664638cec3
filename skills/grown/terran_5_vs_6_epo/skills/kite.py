"""Kite: shoot when the weapon should be ready again, and step away from melee units while it reloads.

unit_types: stalker, colossus, marine, marauder, hydralisk
task: kite
task: engage
"""

from compass.skill import (
    attack,
    away,
    best_target,
    can_hit,
    chasers,
    hit_points,
    nearest,
    probe,
    pull_back,
    reach,
    search,
    toward,
)

FOCUS = 1.2  # 1..2 by how much each ally already attacking an enemy multiplies its priority
MELEE = 2.0  # 1..4 enemies whose weapon reaches no farther, in map units, are worth stepping away from
DANGER = 1.5  # 0..5 map units beyond such an enemy's reach at which to step away
PULL_BACK_BELOW = 0.6  # 0..1 the fraction of hit points below which to run from whoever shoots
PULL_BACK_STEPS = 10  # 1..40 for how long


def score_target(unit, obs):
    attackers = sum(1 for ally in obs.allies if ally.last_action == attack(unit.id))
    worth = (obs.units[unit.unit_type].damage_per_second + 2) / (hit_points(unit, obs) + 15)
    return worth * FOCUS**attackers


def control_logic(obs, memory):
    if pull_back(obs, memory, PULL_BACK_BELOW, PULL_BACK_STEPS):
        return away(obs, chasers(obs))
    melee = [enemy for enemy in chasers(obs) if reach(enemy, obs) < MELEE]
    threats = [enemy for enemy in melee if enemy.distance < reach(enemy, obs) + DANGER]
    reloaded = obs.step - memory.get("shot at", -99) >= obs.units[obs.own.unit_type].reload
    if threats and not reloaded:
        return away(obs, threats)
    target = best_target(score_target, obs)
    if target is not None:
        if reloaded:
            memory["shot at"] = obs.step
        return attack(target.id)
    shot = probe(obs, memory)
    if shot is not None:
        return shot
    prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))
    return search(obs, memory) if prey is None else toward(obs, prey)
