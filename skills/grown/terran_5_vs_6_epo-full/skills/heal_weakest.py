"""Heal the weakest: keep the most wounded ally in reach alive, and stay behind the allies.

unit_types: medivac
task: heal
"""

from compass.skill import away, best_target, centroid, heal, nearest, stop, toward

DANGER = 4.0  # 0..10 map units to an enemy at which an idle medivac backs off


def score_target(unit, obs):
    return -unit.health - 0.02 * unit.distance


def control_logic(obs, memory):
    wounded = [ally for ally in obs.allies if ally.unit_type != "medivac" and ally.health < 1]
    in_reach = [ally for ally in wounded if ally.attackable]
    patient = best_target(score_target, obs, in_reach)
    if patient is not None:
        return heal(patient.id)
    patient = best_target(score_target, obs, wounded)
    if patient is not None:
        return toward(obs, patient)
    threat = nearest(obs.enemies)
    if threat is not None and threat.distance < DANGER:
        return away(obs, threat)
    fighters = [ally for ally in obs.allies if ally.unit_type != "medivac"]
    return toward(obs, centroid(fighters)) if fighters else stop()
