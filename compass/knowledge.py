"""The table of what agents know: one row per entity, one column per fact.

A team's knowledge is a float64 array [agents, entities, columns]; part a is all that agent a knows. Entity slots: allies by id,
then enemies by id. A slot with SEEN < 0 is unknown; one with HEALTH 0 is known to be dead.
"""

from __future__ import annotations

SEEN = 0  # step at which the entity was last seen by anybody this agent heard from; -1: never
HOPS = 1  # messages it took to get here, over all steps; 0: own eyes
ORIGIN = 2  # agent whose eyes saw it
X = 3  # absolute position, map units
Y = 4
DX = 5  # position relative to the knowing agent
DY = 6
DISTANCE = 7
HEALTH = 8  # fraction of the unit's maximum
SHIELD = 9
TYPE = 10  # index into the scenario's unit types
ATTACKABLE = 11  # 1 if an attack (a medivac: a heal) on it would take effect now
ACTION = 12  # an ally's last action; -1: not known
AIM = ACTION  # an enemy's: the agent it attacks or is ordered to attack, known under full information alone; -1: nobody
ACTION_SEEN = 13  # step of that report; -1: never
ACTION_HOPS = 14
COLUMNS = 15
