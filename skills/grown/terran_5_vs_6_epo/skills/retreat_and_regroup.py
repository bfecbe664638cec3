"""Retreat and regroup: leave the enemies behind and gather with the allies, or at the rallying point when none is known.

unit_types: any
task: regroup
"""

from compass.skill import away, centroid, chasers, distance, stop, toward

RALLY_X = 6.0  # 2..30 the rallying point, map units from the west edge
RALLY_Y = 16.0  # 2..30 and from the south edge
GATHERED = 2.5  # 1..8 map units from the meeting point at which this agent counts as there


def score_target(unit, obs):
    return -unit.distance


def control_logic(obs, memory):
    threats = chasers(obs)
    if threats:
        return away(obs, threats)
    goal = centroid(obs.allies) if obs.allies else (RALLY_X, RALLY_Y)
    return stop() if distance(obs.own.position, goal) < GATHERED else toward(obs, goal)
