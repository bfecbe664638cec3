"""Isolate: gather out of reach, then fall together on the enemy who stands farthest from its comrades.

unit_types: stalker, zealot, zergling, hydralisk
task: isolate
"""

from compass.skill import attack, best_target, centroid, distance, stop, toward

COMRADES = 4.0  # 1..10 map units within which another enemy helps the prey
GATHERED = 4.0  # 1..10 map units from the allies' centre at which this agent counts as gathered
STRIKE = 7.0  # 2..15 map units to the prey from which to strike without gathering first


def score_target(unit, obs):
    comrades = sum(
        1 for other in obs.enemies if other.id != unit.id and distance(other.position, unit.position) < COMRADES
    )
    return -comrades - 0.1 * unit.distance - unit.health


def control_logic(obs, memory):
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    prey = best_target(score_target, obs, obs.enemies)
    if prey is None:
        return stop()
    if obs.allies and prey.distance > STRIKE:
        centre = centroid(obs.allies)
        if distance(centre, obs.own.position) > GATHERED:
            return toward(obs, centre)
    return toward(obs, prey)
