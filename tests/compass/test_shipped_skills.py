"""The shipped library and the scripted planner together: over whole battles nobody stands idle under fire, and no skill fails."""

from __future__ import annotations

import pytest

from compass.episode import EpisodeSettings, run_episode
from compass.planner import ScriptedPlanner
from compass.policies import NearestTeam, PlanningTeam
from compass.skills.library import default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from compass.types import STOP, EpisodeResult, StepRecord
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

SEEDS = range(500, 540)
RACES = ("protoss", "terran", "zerg")


class Idlers:
    """Counts the orders of fighters, and those among them that only stop."""

    def __init__(self) -> None:
        self.orders = self.stops = 0

    def on_step(self, record: StepRecord) -> None:
        for agent in record.exchange.alive:
            if record.exchange.observation(agent).own.unit_type != "medivac":
                self.orders += 1
                self.stops += record.actions[agent] == STOP


@pytest.mark.parametrize("observation", ["repaired", "upstream"])
def test_the_team_plays_without_faults_seldom_idles_and_beats_nearest(observation: str) -> None:
    library = load_library(default_library_folder())
    idlers = Idlers()
    results: list[EpisodeResult] = []
    lead = 0
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        for race in RACES:
            env = Skirmish(load_scenario(f"{race}_5_vs_5_epo"), observation)
            for seed in SEEDS:
                results.append(run_episode(env, team, seed, EpisodeSettings(), [idlers]))
                lead += results[-1].outcome == "win"
                lead -= run_episode(env, NearestTeam(), seed, EpisodeSettings()).outcome == "win"
    assert not library.broken
    assert [result.faults for result in results if result.faults] == []
    assert idlers.stops < 0.05 * idlers.orders
    assert lead > 0
