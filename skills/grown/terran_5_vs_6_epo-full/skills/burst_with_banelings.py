"""Burst with banelings: run into the thickest cluster of enemies, where one burst hits many.

unit_types: baneling
task: burst
task: engage
"""

from compass.skill import attack, best_target, distance, stop, toward

RADIUS = 2.2  # 1..4 map units round a target within which others share the burst
NEARNESS = 0.1  # 0..1 what a map unit of distance takes from an enemy's priority


def score_target(unit, obs):
    shared = sum(1 for other in obs.enemies if distance(other.position, unit.position) <= RADIUS)
    light = 0.5 if unit.unit_type == "zergling" else 0.0
    return shared + light - NEARNESS * unit.distance


def control_logic(obs, memory):
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    prey = best_target(score_target, obs, obs.enemies)
    return stop() if prey is None else toward(obs, prey)
