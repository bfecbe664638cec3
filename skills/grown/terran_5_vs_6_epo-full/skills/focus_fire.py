"""Focus fire: hit the enemy that is most dangerous for its hit points, and run while the enemies chase you and you are weak.

unit_types: stalker, zealot, colossus, marine, marauder, zergling, hydralisk
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
    search,
    toward,
)

FOCUS = 1.2  # 1..2 by how much each ally already attacking an enemy multiplies its priority
NEARNESS = 1.0  # 0..3 how much a map unit to walk takes from an enemy's priority
PULL_BACK_BELOW = 0.6  # 0..1 the fraction of hit points below which to run from whoever shoots
PULL_BACK_STEPS = 10  # 1..40 for how long


def score_target(unit, obs):
    attackers = sum(1 for ally in obs.allies if ally.last_action == attack(unit.id))
    own, facts = obs.units[obs.own.unit_type], obs.units[unit.unit_type]
    worth = (facts.damage_per_second + 2) / (hit_points(unit, obs) + 15)
    walk = max(0, unit.distance - own.weapon_range - own.radius - facts.radius)
    return worth * FOCUS**attackers / (1 + NEARNESS * walk)


def control_logic(obs, memory):
    if pull_back(obs, memory, PULL_BACK_BELOW, PULL_BACK_STEPS):
        return away(obs, chasers(obs))
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    shot = probe(obs, memory)
    if shot is not None:
        return shot
    prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))
    return search(obs, memory) if prey is None else toward(obs, prey)
