"""Whole fights: mirrors are even, and known duels end as they should.

The ideal duels, the room round a target and the outcomes that others publish: `envs/exact/expected.yaml`.
"""

from __future__ import annotations

import numpy as np
import pytest

from envs.draws import stream_key
from envs.exact.expected import expected
from envs.exact.fights import crowd, fight_ideally, ideal_field, meet, mirror
from envs.units import UNIT_NAMES

WALKERS = [name for name in UNIT_NAMES if name not in ("baneling", "medivac", "spine_crawler")]


def title_of(entry):
    return entry.title


@pytest.mark.parametrize("name", WALKERS)
def test_mirrors_are_even(field, name):
    battle = field(capacity=2)
    ends = np.array([mirror(battle, name, key) for key in range(400)])
    wins, losses = (int((ends[:, side] > 0).sum()) for side in (0, 1))
    assert wins + losses > 100
    assert abs(wins - losses) < 3.5 * (wins + losses) ** 0.5  # standard deviations of a fair coin


@pytest.mark.parametrize("duel", expected().duels, ids=title_of)
def test_ideal_duels(duel):
    battle = ideal_field(duel)
    ends = np.array([fight_ideally(battle, duel, key) for key in range(100)])
    wins, losses = ((ends[:, side] > 0).sum() for side in (0, 1))
    assert wins / (wins + losses) == pytest.approx(duel.chance, abs=0.17)
    first, second, loops = ends.mean(axis=0)
    assert (first, second) == (pytest.approx(duel.left_first, rel=0.06, abs=8), pytest.approx(duel.left_second, abs=8))
    assert loops == pytest.approx(duel.loops, rel=0.06)


def test_a_crowd_finds_room_round_its_target():
    around = expected().surround
    biting = [crowd(around["attackers"], around["target"], 12, stream_key("crowd", key)) for key in range(20)]
    assert np.mean(biting) == pytest.approx(around["capacity"], abs=around["tolerance"])
    assert max(biting) < 7.5  # no more than a ring of them touches a marine
    assert crowd(around["attackers"], around["target"], 2, 1) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("outcome", expected().outcomes, ids=title_of)
def test_published_outcomes(outcome):
    lives = np.array([meet(outcome, key) for key in range(20)])
    assert (lives[:, 0] > 0).mean() > 0.5
    assert (lives.min(axis=1) == 0).all()  # every fight ends
