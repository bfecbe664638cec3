"""SMACv2's constructor options: those that are implemented, and a clear refusal of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from envs.errors import InputError, unknown
from envs.layout import Layout
from envs.scenario import Scenario

# smacv2's other constructor options, with the only value that is implemented here.
FIXED: Mapping[str, Any] = {
    "obs_pathing_grid": False,
    "obs_terrain_height": False,
    "obs_instead_of_state": False,
    "obs_starcraft": True,
    "conic_fov": False,
    "kill_unit_step_mul": 2,
    "heuristic_ai": False,
    "heuristic_rest": False,
    "replay_dir": "",
    "replay_prefix": "",
    "game_version": None,
}
# Those without any effect here: the enemy is the map's own script, there is no window, the cone of sight is off, nothing is logged.
IGNORED = ("difficulty", "window_size_x", "window_size_y", "num_fov_actions", "debug")

_HUGE = 1e9  # beyond any number that means something in a battle, infinities included
_MOST_LOOPS = 1 << 16  # as behind the SC2 API: more than an hour of game time


@dataclass(frozen=True)
class Options:
    """Options of smacv2's constructor, under its names. The defaults are those of SMACv2's benchmark configuration."""

    step_mul: int = 8  # game loops per environment step
    move_amount: float = 2.0  # length of a move order, map units
    continuing_episode: bool = False  # only adds `episode_limit` to the info of a time-out
    obs_all_health: bool = True  # health and shield of others; implies obs_own_health
    obs_own_health: bool = True
    obs_own_pos: bool = True
    obs_last_action: bool = False  # allies' last actions
    obs_timestep_number: bool = False
    state_last_action: bool = True
    state_timestep_number: bool = False
    reward_sparse: bool = False
    reward_only_positive: bool = True
    reward_death_value: float = 10.0
    reward_win: float = 200.0
    reward_defeat: float = 0.0
    reward_negative_scale: float = 0.5
    reward_scale: bool = True
    reward_scale_rate: float = 20.0
    use_unit_ranges: bool = True  # else every unit sees 9 and shoots 6 map units far
    min_attack_range: float = 2.0  # floor of the shoot ranges, with use_unit_ranges
    fully_observable: bool = False
    prob_obs_enemy: float = 1.0  # chance that an agent sees an enemy which a team-mate discovered
    action_mask: bool = True  # whether attacks out of range are illegal

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The options of a mapping of smacv2's names.

        Raises:
            InputError: an unknown name, a value of the wrong kind, or a value that is not implemented.
        """
        names = {f.name: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name in FIXED:
                _check_fixed(name, value)
            elif name in names:
                values[name] = _checked(name, value, type(names[name].default))
            elif name not in IGNORED:
                raise unknown("option", name, [*names, *FIXED, *IGNORED])
        options = cls(**values)
        _check_ranges(options)
        return options

    def layout(self, scenario: Scenario) -> Layout:
        """The layout of a scenario's vectors under these options."""
        return replace(
            Layout.of(scenario),
            obs_all_health=int(self.obs_all_health),
            obs_own_health=int(self.obs_all_health or self.obs_own_health),
            obs_own_pos=int(self.obs_own_pos),
            obs_last_action=int(self.obs_last_action),
            obs_timestep_number=int(self.obs_timestep_number),
            state_last_action=int(self.state_last_action),
            state_timestep_number=int(self.state_timestep_number),
        )


def _check_fixed(name: str, value: Any) -> None:
    if value != FIXED[name]:
        raise InputError(f"option {name}: {value!r} is not implemented here; leave it out or give {FIXED[name]!r}")


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        if value not in (True, False):
            raise InputError(f"option {name}: {value!r} is not allowed; give True or False")
        return bool(value)
    known = isinstance(value, int | float) and not isinstance(value, bool) and -_HUGE < value < _HUGE
    if not known or (kind is int and value != int(value)):
        raise InputError(
            f"option {name}: {value!r} is not allowed; give a {'whole number' if kind is int else 'number'}"
        )
    return kind(value)


def _check_ranges(options: Options) -> None:
    if not 1 <= options.step_mul <= _MOST_LOOPS:
        raise InputError(
            f"option step_mul: {options.step_mul} is not allowed; give 1 to {_MOST_LOOPS} game loops per step"
        )
    if not 0 < options.move_amount <= 32:
        raise InputError(f"option move_amount: {options.move_amount} is not allowed; give map units from above 0 to 32")
    if not 0 <= options.prob_obs_enemy <= 1:
        raise InputError(
            f"option prob_obs_enemy: {options.prob_obs_enemy} is not allowed; give a probability from 0 to 1"
        )
    if not options.min_attack_range >= 0:
        raise InputError(
            f"option min_attack_range: {options.min_attack_range} is not allowed; give map units from 0 on"
        )
    if options.reward_scale and not options.reward_scale_rate > 0:
        raise InputError(f"option reward_scale_rate: {options.reward_scale_rate} is not allowed; give a number above 0")
