"""Where each feature stands in SMACv2's observation and state vectors."""

from __future__ import annotations

from dataclasses import dataclass

from envs.scenario import Scenario

N_MOVES = 4
N_ACTIONS_NO_ATTACK = 6
TYPE_BITS = 3
DIRECTIONS = ("north", "south", "east", "west")


@dataclass(frozen=True)
class Layout:
    """Offsets and widths of one scenario's vectors. `ally_shield` and `enemy_shield` are 1 for a side of Protoss, whose rows carry
    a shield feature, else 0; `heals` is 1 where there may be medivacs, whose targets are allies. The other fields are 1 where
    SMACv2's option of that name is on.

    Observation of an agent: 4 move bits, one row per enemy, one per other agent (ascending id), the own row, [time step]. An enemy
    row is available, distance, dx, dy (all over the sight range), health, [shield], type bits; an ally row the same with visible
    first, then [its last action]; the own row is health, [shield], x, y (over the map size), type bits.
    """

    n_agents: int
    n_enemies: int
    ally_shield: int
    enemy_shield: int
    heals: int
    obs_all_health: int = 1
    obs_own_health: int = 1
    obs_own_pos: int = 1
    obs_last_action: int = 0
    obs_timestep_number: int = 0
    state_last_action: int = 1
    state_timestep_number: int = 0

    @classmethod
    def of(cls, scenario: Scenario) -> Layout:
        """The layout of a scenario's vectors under the default options."""
        ally_shield, enemy_shield = (int(race == "protoss") for race in (scenario.race, scenario.enemy_race))
        heals = int("medivac" in scenario.unit_types)
        return cls(scenario.n_units, scenario.n_enemies, ally_shield, enemy_shield, heals)

    @property
    def n_actions(self) -> int:
        """No-op, stop, four moves, then one attack per enemy (for a medivac: one heal per ally)."""
        targets = max(self.n_agents, self.n_enemies) if self.heals else self.n_enemies
        return N_ACTIONS_NO_ATTACK + targets

    @property
    def enemy_row(self) -> int:
        """Width of an enemy row."""
        return 4 + self.obs_all_health * (1 + self.enemy_shield) + TYPE_BITS

    @property
    def ally_row(self) -> int:
        """Width of an ally row, its last action included."""
        return 4 + self.obs_all_health * (1 + self.ally_shield) + TYPE_BITS + self.obs_last_action * self.n_actions

    @property
    def enemies_at(self) -> int:
        """Offset of the first enemy row."""
        return N_MOVES

    @property
    def allies_at(self) -> int:
        """Offset of the first ally row."""
        return N_MOVES + self.n_enemies * self.enemy_row

    @property
    def own_at(self) -> int:
        """Offset of the own row."""
        return self.allies_at + (self.n_agents - 1) * self.ally_row

    @property
    def obs_size(self) -> int:
        """Length of an observation vector."""
        own = self.obs_own_health * (1 + self.ally_shield) + 2 * self.obs_own_pos + TYPE_BITS
        return self.own_at + own + self.obs_timestep_number

    @property
    def ally_state(self) -> int:
        """Width of an ally's features in the state: health, cooldown or energy, x, y, [shield], type bits."""
        return 4 + self.ally_shield + TYPE_BITS

    @property
    def enemy_state(self) -> int:
        """Width of an enemy's features in the state: health, x, y, [shield], type bits."""
        return 3 + self.enemy_shield + TYPE_BITS

    @property
    def state_size(self) -> int:
        """Length of the state vector: allies, enemies, one-hot last actions, [time step]."""
        units = self.n_agents * self.ally_state + self.n_enemies * self.enemy_state
        return units + self.state_last_action * self.n_agents * self.n_actions + self.state_timestep_number
