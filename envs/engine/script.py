"""What a map's script commands the enemies.

`closest`, SMACv2's map: every half second, each enemy without an order is sent at the closest ally. `attack`, maps of SMAC v1:
all enemies attack-move to one point at the start, and that is all. `none`: nothing.
"""

from __future__ import annotations

from envs.enemy_rules import ENEMY_RULES
from envs.engine.orders import order_attack, order_attack_move
from envs.engine.records import at
from envs.engine.state import ALLY, ENEMY, NONE, Battle, Table, Units
from envs.jit import jit
from envs.units import RULES

PERIOD = RULES.script_period_loops
RULE_CLOSEST, RULE_ATTACK = ENEMY_RULES.index("closest"), ENEMY_RULES.index("attack")


@jit
def closest(units: Units, battle: Battle, slot: int, side: int) -> int:
    """The living unit of `side` closest to `slot` (between centres, ties to the lowest slot), or -1."""
    x, y = at(units, slot).x, at(units, slot).y
    best, best_distance = -1, 1e300
    for other in range(battle.count):
        unit = at(units, other)
        if unit.alive == 0 or unit.side != side:
            continue
        dx, dy = unit.x - x, unit.y - y
        distance = dx * dx + dy * dy
        if distance < best_distance:
            best, best_distance = other, distance
    return best


@jit
def command_enemies(units: Units, battle: Battle, table: Table) -> None:
    """The script's part of a loop."""
    if table.script == RULE_CLOSEST and (battle.loop + battle.phase) % PERIOD == 0:
        send_at_closest(units, battle, table)
    elif table.script == RULE_ATTACK and battle.loop == 0:
        for slot in range(battle.count):
            if at(units, slot).side == ENEMY:
                order_attack_move(units, slot, table.point_x, table.point_y)


@jit
def send_at_closest(units: Units, battle: Battle, table: Table) -> None:
    """Sends each enemy without an order at the closest ally. One that the unit cannot follow, a marauder's at a medivac, leaves it
    idle."""
    for slot in range(battle.count):
        unit = at(units, slot)
        if unit.alive == 0 or unit.side != ENEMY or unit.order != NONE:
            continue
        target = closest(units, battle, slot, ALLY)
        if target >= 0:
            order_attack(units, table, slot, target)
