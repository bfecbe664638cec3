"""Snapshots made by hand, for tests of one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from envs.scenario_file import load_scenario
from envs.smac.arrays import RUNNING, SEEN, TALLY, make_settings, make_traits
from envs.smac.masks import fill_masks
from envs.smac.observe import observe
from envs.smac.options import Options
from envs.smac.reward import max_reward, settle
from envs.smac.state import fill_state
from envs.units import UNIT_NAMES

NO_DRAWS = np.empty(0)


@dataclass
class Board:
    """A battle without an engine. Rows of `seen`: agents, then enemies."""

    options: Options
    layout: Any
    settings: Any
    seen: Any
    tracked: Any
    tallies: Any

    def masks(self):
        out = np.full((self.layout.n_agents, self.layout.n_actions), 9, np.uint8)
        fill_masks(self.settings[0], self.seen, out)
        return out

    def observe(self, order=None, uniforms=NO_DRAWS):
        out = np.full((self.layout.n_agents, self.layout.obs_size), 9, np.float32)
        agents = np.array(range(self.layout.n_agents) if order is None else order, np.int64)
        observe(
            self.settings[0], self.seen, self.tracked, self.tallies[0]["step"], agents, np.array(uniforms, float), out
        )
        return out

    def enemy_row(self, obs, agent, enemy):
        at = self.layout.enemies_at + enemy * self.layout.enemy_row
        return obs[agent, at : at + self.layout.enemy_row]

    def ally_row(self, obs, agent, place):
        at = self.layout.allies_at + place * self.layout.ally_row
        return obs[agent, at : at + self.layout.ally_row]

    def state(self):
        out = np.full(self.layout.state_size, 9, np.float32)
        fill_state(self.settings[0], self.seen, self.tallies[0]["step"], out)
        return out

    def kill(self, *rows):
        for row in rows:
            self.seen[row]["health"] = 0

    def settle(self):
        """Settle a step; returns the tally as a dict."""
        self.tallies["step"] += 1
        settle(self.settings[0], self.seen, self.tallies[0])
        return dict(zip(TALLY.names, self.tallies.tolist()[0], strict=True))


def board(allies, enemies, observation="repaired", **options):
    """A board of units given as (type, x, y), all at full health and shield."""
    names = [kind for kind, *_ in (*allies, *enemies)]
    race = next(r for r in ("protoss", "terran", "zerg") if names[0] in load_scenario(f"{r}_5_vs_5").unit_types)
    scenario = replace(load_scenario(f"{race}_5_vs_5"), n_units=len(allies), n_enemies=len(enemies))
    chosen = Options.of(options)
    layout = chosen.layout(scenario)
    settings, traits = make_settings(scenario, layout, chosen, observation), make_traits(scenario, chosen)
    seen = np.zeros(len(names), SEEN)
    for i, (kind, x, y) in enumerate((*allies, *enemies)):
        trait = traits[int(i >= len(allies)), UNIT_NAMES.index(kind)]
        for name in trait.dtype.names:
            seen[i][name] = trait[name]
        seen[i]["x"], seen[i]["y"] = x, y
        seen[i]["health"] = seen[i]["previous_health"] = trait["health_max"]
        seen[i]["shield"] = seen[i]["previous_shield"] = trait["shield_max"]
        seen[i]["health_part"], seen[i]["shield_part"] = 1, 1
    seen["slot"], seen["action"], seen["tracker"] = range(len(names)), -1, -1
    tallies = np.zeros(1, TALLY)
    tallies["end_code"] = RUNNING
    tallies["max_reward"] = max_reward(settings[0], seen)
    return Board(chosen, layout, settings, seen, np.zeros((len(enemies), len(allies)), np.uint8), tallies)
