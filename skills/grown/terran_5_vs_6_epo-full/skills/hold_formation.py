"""Hold formation: stay with the allies nearby and shoot what comes in reach, without chasing.

unit_types: any
task: hold
"""

from compass.skill import attack, best_target, centroid, distance, hit_points, stop, toward

SPREAD = 2.5  # 1..6 map units from the allies' centre at which to close up


def score_target(unit, obs):
    return -hit_points(unit, obs)


def control_logic(obs, memory):
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    if obs.allies:
        centre = centroid(obs.allies)
        if distance(obs.own.position, centre) > SPREAD:
            return toward(obs, centre)
    return stop()
