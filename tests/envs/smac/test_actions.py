"""What reaches the engine."""

from __future__ import annotations

import numpy as np

from envs.engine import Engine
from envs.engine.state import ATTACK, HEAL, MOVE, NONE
from envs.smac.actions import send
from envs.units import UNIT_NAMES
from tests.envs.smac.hand import board


def sent(b, *actions):
    """The engine's units after these actions were sent; all are hurt, so that they can be healed."""
    engine = Engine(len(b.seen))
    engine.begin(1)
    for i, kind in enumerate(b.kinds):
        engine.create(UNIT_NAMES.index(kind), int(i >= b.layout.n_agents), 5.0 + i, 5.0)
    engine.units["health"] = 5
    send(b.settings[0], engine.table, engine.units, b.seen, np.array(actions))
    return engine.units


def make(allies, enemies, **options):
    b = board(allies, enemies, **options)
    b.kinds = [kind for kind, *_ in (*allies, *enemies)]
    return b


def test_moves_go_from_the_seen_place_and_are_rounded_to_float32():
    x = np.float32(2.2)
    b = make([("marine", x, 10)] * 4, [("marine", 12, 10)])
    units = sent(b, 2, 3, 4, 5)
    goals = [(g["goal_x"], g["goal_y"]) for g in units[:4]]
    assert goals == [
        (x, 12),
        (x, 8),
        (float(np.float32(np.float64(x) + 2)), 10),
        (float(np.float32(np.float64(x) - 2)), 10),
    ]
    assert float(np.float32(np.float64(x) + 2)) != np.float64(x) + 2
    assert (units["order"][:4] == MOVE).all()
    assert b.seen["action"][:4].tolist() == [2, 3, 4, 5]


def test_attack_heal_stop_and_nothing():
    b = make([("marine", 10, 10), ("medivac", 10, 11), ("marine", 10, 12)], [("marine", 12, 10), ("marine", 12, 11)])
    units = sent(b, 7, 6, 1)
    assert units["order"].tolist() == [ATTACK, HEAL, NONE, NONE, NONE]
    assert units["target"][:2].tolist() == [4, 0]
    b.kill(0)
    assert sent(b, 0, 8, 1)["order"][0] == NONE


def test_targets_are_engine_slots_not_agent_ids():
    b = make([("medivac", 10, 10), ("marine", 10, 11)], [("marine", 12, 10)])
    b.kinds = ["marine", "medivac", "marine"]
    b.seen["slot"] = [1, 0, 2]
    units = sent(b, 7, 6)
    assert (units[1]["order"], units[1]["target"]) == (HEAL, 0)
    assert (units[0]["order"], units[0]["target"]) == (ATTACK, 2)


def test_out_of_reach_the_old_order_goes_on():
    b = make([("marine", 10, 10)], [("marine", 15, 10), ("marine", 15.01, 10)], action_mask=False)
    assert sent(b, 6)["order"][0] == ATTACK
    assert sent(b, 7)["order"][0] == NONE
    assert b.seen[0]["action"] == 7
