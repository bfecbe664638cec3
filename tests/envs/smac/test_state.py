"""The state vector, by hand-computed cases."""

from __future__ import annotations

import numpy as np

from tests.envs.smac.hand import board

f32 = np.float32


def test_every_feature_of_a_protoss_state():
    b = board([("stalker", 10, 12), ("zealot", 13, 16)], [("colossus", 16, 20), ("zealot", 4, 12)])
    b.seen["health_part"], b.seen["shield_part"] = [0.5, 0.25, 0.75, 0.125], [0, 0.5, 1, 0.0625]
    b.seen["cooldown"] = [7, 11, 5, 5]
    b.seen["action"][:2] = 7, 0
    b.kill(3)
    assert b.state().tolist() == [
        *[0.5, f32(7 / 35), -6 / 32, -4 / 32, 0, 1, 0, 0],
        *[0.25, 0.5, -3 / 32, 0, 0.5, 0, 1, 0],
        *[0.75, 0, 4 / 32, 1, 0, 0, 1],
        *[0] * 7,
        *[0, 0, 0, 0, 0, 0, 0, 1],
        *[1, 0, 0, 0, 0, 0, 0, 0],
    ]


def test_a_medivac_shows_its_energy_and_nobody_has_acted_before_the_first_step():
    b = board([("marine", 16, 16), ("medivac", 16, 16)], [("medivac", 16, 16)])
    b.seen["energy"], b.seen["cooldown"] = 50, 3
    assert b.state().tolist() == [1, f32(3 / 15), 0, 0, 1, 0, 0, 1, 0.25, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1] + [0] * 16


def test_optional_features():
    b = board([("marine", 16, 16)], [("marine", 16, 16)], state_last_action=False, state_timestep_number=True)
    b.tallies["step"] = 3
    assert b.state()[13:].tolist() == [f32(3 / 200)]
