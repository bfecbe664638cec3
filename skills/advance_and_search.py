"""Advance and search: look for the enemy, at the map centre first, then quarter by quarter; shoot what comes in reach.

unit_types: any
task: search
"""

from compass.skill import attack, best_target, distance, toward

ARRIVED = 1.5  # 1..4 map units at which a search point counts as reached


def score_target(unit, obs):
    return -unit.distance


def control_logic(obs, memory):
    target = best_target(score_target, obs)
    if target is not None:
        return attack(target.id)
    width, height = obs.map_size
    points = [(width / 2, height / 2)] + [(width * x, height * y) for y in (0.75, 0.25) for x in (0.25, 0.75)]
    at = memory.get("search point", 0)
    if distance(obs.own.position, points[at]) < ARRIVED:
        at = (at + 1) % len(points)
        memory["search point"] = at
    return toward(obs, points[at])
