"""Advance and search: shoot what comes in reach, join the allies who fight, else look for the enemy, at the map centre first.

unit_types: any
task: search
"""

from compass.skill import attack, best_target, nearest, probe, search, toward, under_fire

SUPPORT = 4.0  # 1..10 map units from the nearest fighting ally at which to close up


def score_target(unit, obs):
    return -unit.distance


def control_logic(obs, memory):
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    shot = probe(obs, memory)
    if shot is not None:
        return shot
    hit = {unit.id for unit in under_fire(obs, memory)}
    fighting = [ally for ally in obs.allies if ally.id in hit or (ally.last_action or 0) >= attack(0)]
    comrade = nearest(ally for ally in fighting if ally.unit_type != "medivac")
    if comrade is not None and comrade.distance > SUPPORT:
        return toward(obs, comrade)
    return search(obs, memory)
