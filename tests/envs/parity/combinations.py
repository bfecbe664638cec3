"""Combinations of smacv2's options, each drawn from its number, so that a number is enough to play it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.draws import stream_key, uniform

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "step_mul": (1, 3, 11, 22),
    "move_amount": (0.5, 1, 3, 4.7, 10),
    "continuing_episode": (True,),
    "obs_all_health": (False,),
    "obs_own_health": (False,),
    "obs_own_pos": (False,),
    "obs_last_action": (True,),
    "obs_timestep_number": (True,),
    "state_last_action": (False,),
    "state_timestep_number": (True,),
    "reward_sparse": (True,),
    "reward_only_positive": (False,),
    "reward_death_value": (0, 3.7, -5),
    "reward_win": (0, 55.5),
    "reward_defeat": (-50, 20.1),
    "reward_negative_scale": (0, 0.3, 1.7),
    "reward_scale": (False,),
    "reward_scale_rate": (1, 7.3),
    "use_unit_ranges": (False,),
    "min_attack_range": (0, 1, 5.5, 12),
    "fully_observable": (True,),
    "prob_obs_enemy": (0.0, 0.3, 0.9, 1.0),
    "action_mask": (False, True),
    "mask_probability": (0.0, 0.5, 0.9),  # of the `enemy_mask` in the capability_config
}
"""Values that the benchmark's configuration does not give; the three that a scenario's setting decides come with both."""

SHARE = 1 / 3  # of the options that a combination changes


def combination(number: int) -> dict[str, Any]:
    """The options of that number, under the names of `CHOICES`."""
    key = np.uint64(stream_key("combination", number))
    changed = {}
    for place, (name, values) in enumerate(CHOICES.items()):
        if uniform(key, place, 0) < SHARE:
            changed[name] = values[int(uniform(key, place, 1) * len(values))]
    return changed
