"""The arrays that SMACv2's rules work on, and how they are made.

`Seen` rows hold a battle's units as the API last showed them: the agents in their order of identity, then the enemies in creation
order. One `Tally` per battle counts. `Settings` and `Traits` hold what does not change during a battle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.arenas import load_arena
from envs.errors import InputError
from envs.layout import Layout
from envs.scenario import MAP_SIZE, SMAC_SHOOT_RANGE, SMAC_SIGHT, Scenario
from envs.smac.options import Options
from envs.units import UNIT_NAMES, UNITS

Records = NDArray[Any]  # of one of the dtypes below
Record = Any  # one of their elements

SEEN = np.dtype(
    [
        ("x", "f4"),  # map units; a dead unit keeps the place where it was last seen
        ("y", "f4"),
        ("health", "f4"),  # 0: dead
        ("shield", "f4"),
        ("energy", "f4"),
        ("cooldown", "f4"),  # game loops
        ("previous_health", "f4"),  # one step earlier
        ("previous_shield", "f4"),
        ("health_part", "f4"),  # health and shield over their maxima, as the vectors carry them
        ("shield_part", "f4"),
        ("health_max", "f8"),
        ("shield_max", "f8"),
        ("cooldown_max", "f8"),
        ("sight", "f8"),  # map units, centre to centre
        ("shoot", "f8"),
        ("slot", "i8"),  # place among the engine's units
        ("kind", "i8"),  # index into envs.units.UNIT_NAMES
        ("bit", "i8"),  # which type bit is 1
        ("heals", "i8"),  # 1: a medivac
        ("action", "i8"),  # an agent's last action, -1 before the first
        ("tracker", "i8"),  # an enemy's: the agent that discovered it, -1 none
        ("masked_from", "u8"),  # an enemy's: bit a is 1 if agent a is not shown its health, shield and type
    ],
    align=True,
)

TALLY = np.dtype(
    [
        ("reward", "f8"),
        ("raw_reward", "f8"),
        ("terminated", "?"),
        ("battle_won", "?"),
        ("timeout", "?"),
        ("end_code", "i8"),  # RUNNING, or as SMACv2: 1 won, -1 lost, 0 both dead
        ("dead_allies", "i8"),
        ("dead_enemies", "i8"),
        ("step", "i8"),
        ("calls", "i8"),  # observations made since the last step
        ("key", "u8"),
        ("max_reward", "f8"),
    ],
    align=True,
)
RUNNING = 2
MOST_MASKED = 64  # agents that `masked_from` has room for

SETTINGS = np.dtype(
    [
        (name, "i8")
        for name in (
            *("n_agents", "n_enemies", "n_actions", "heals", "ally_shield", "enemy_shield", "enemy_row", "ally_row"),
            *("allies_at", "own_at", "ally_state", "enemy_state", "obs_all_health", "obs_own_health", "obs_own_pos"),
            *("obs_last_action", "obs_timestep_number", "state_last_action", "state_timestep_number", "step_mul"),
            *("episode_limit", "fully_observable", "action_mask", "wipe", "reward_sparse", "reward_only_positive"),
            "reward_scale",
        )
    ]
    + [
        (name, "f8")
        for name in (
            *("move_amount", "map_size", "prob_obs_enemy", "reward_death_value", "reward_win", "reward_defeat"),
            *("reward_negative_scale", "reward_scale_rate"),
        )
    ]
    + [("walkable", "u1", (MAP_SIZE, MAP_SIZE))],  # 1: ground that can be walked on, [x, y] (numba nests no booleans)
    align=True,
)

TRAITS = np.dtype(
    [(name, "f8") for name in ("health_max", "shield_max", "cooldown_max", "sight", "shoot")]
    + [("bit", "i8"), ("heals", "i8")]
)

OBSERVATIONS = ("repaired", "upstream")


def make_settings(scenario: Scenario, layout: Layout, options: Options, observation: str) -> Records:
    """The settings record, as an array of length 1. `observation`: see `OBSERVATIONS`.

    Raises:
        InputError: an unknown `observation`.
    """
    if observation not in OBSERVATIONS:
        raise InputError(f"unknown observation {observation!r}: choose from {', '.join(OBSERVATIONS)}")
    settings = np.zeros(1, SETTINGS)
    for name in SETTINGS.names or ():
        for source in (options, layout):  # the layout knows that obs_all_health implies obs_own_health
            if hasattr(source, name):
                settings[name] = getattr(source, name)
    settings["wipe"] = observation == "upstream"
    settings["episode_limit"] = scenario.episode_limit
    settings["map_size"] = MAP_SIZE
    settings["walkable"] = load_arena(scenario.arena)
    return settings


def make_traits(scenario: Scenario, options: Options) -> Records:
    """Per [side (0 ally, 1 enemy), unit type]: the numbers that SMACv2's code attaches to a unit; shape [2, unit types]."""
    traits = np.zeros((2, len(UNIT_NAMES)), TRAITS)
    kinds = scenario.unit_types
    for kind, name in enumerate(UNIT_NAMES):
        unit = UNITS[name]
        row = traits[:, kind]
        row["health_max"] = unit.ally_health, unit.health
        row["shield_max"] = unit.shield
        row["cooldown_max"] = unit.smac_max_cooldown
        row["sight"] = unit.smac_sight if options.use_unit_ranges else SMAC_SIGHT
        own_range = max(unit.smac_attack_range, options.min_attack_range)
        row["shoot"] = own_range if options.use_unit_ranges else SMAC_SHOOT_RANGE
        row["bit"] = kinds.index(name) if name in kinds else 0
        row["heals"] = name == "medivac"
    return traits
