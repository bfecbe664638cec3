"""Options: what is accepted, what is refused and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from envs.errors import InputError
from envs.smac.options import FIXED, IGNORED, Options


def test_the_benchmarks_configuration_is_the_default():
    given = {
        "continuing_episode": False,
        "difficulty": "7",
        "game_version": None,
        "move_amount": 2,
        "obs_all_health": True,
        "obs_instead_of_state": False,
        "num_fov_actions": 12,
        "conic_fov": False,
        "use_unit_ranges": True,
        "min_attack_range": 2,
        "obs_own_pos": True,
        "step_mul": 8,
        "replay_dir": "",
        "debug": True,
    }
    assert Options.of(given) == Options()


@pytest.mark.parametrize("name", FIXED)
def test_what_is_not_implemented_is_named(name):
    Options.of({name: FIXED[name]})
    with pytest.raises(InputError, match=f"option {name}: 'other' is not implemented here"):
        Options.of({name: "other"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step_mul", 0),
        ("step_mul", 1.5),
        ("step_mul", "8"),
        ("step_mul", 10**6),
        ("step_mul", float("nan")),
        ("step_mul", float("inf")),
        ("reward_win", float("nan")),
        ("reward_win", 10**400),
        ("min_attack_range", float("inf")),
        ("move_amount", 0),
        ("move_amount", float("nan")),
        ("prob_obs_enemy", 1.1),
        ("min_attack_range", -1),
        ("reward_scale_rate", 0),
        ("reward_win", True),
        ("obs_own_pos", "yes"),
        ("action_mask", 2),
    ],
)
def test_bad_values_are_named(name, value):
    with pytest.raises(InputError, match=f"option {name}: .* give "):
        Options.of({name: value})


def test_the_page_names_every_option_that_is_not_taken():
    page = (Path(__file__).parents[3] / "docs" / "parity.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (*FIXED, *IGNORED))
