"""The shipped library and the scripted planner together: over whole battles nobody stands idle under fire, and no skill fails."""

from __future__ import annotations

import orjson
import pytest

from compass.episode import COMMUNICATED, EpisodeSettings, run_episode
from compass.planner import ScriptedPlanner
from compass.policies import NearestTeam, PlanningTeam
from compass.skills.library import default_library_folder, grown_libraries, load_library
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


@pytest.mark.parametrize("name", grown_libraries())
def test_a_grown_library_is_what_its_evolution_measured_last(name: str) -> None:
    folder = grown_libraries()[name]
    library = load_library(folder)
    manifest = orjson.loads((folder.parent / "manifest.json").read_bytes())
    curve = [orjson.loads(line) for line in (folder.parent / "curve.jsonl").read_bytes().splitlines()]
    rounds = [orjson.loads(line) for line in (folder.parent / "rounds.jsonl").read_bytes().splitlines()]
    scenario, _, information = name.partition("-")
    assert [each["name"] for each in manifest["scenarios"]] == [scenario]
    assert manifest["episode"]["information"] == (information or COMMUNICATED)
    assert not library.broken and library.content_hash == curve[-1]["library"]
    assert all(library.for_unit(kind) for kind in load_scenario(scenario).unit_types)
    assert len(curve) == 1 + sum(each["verdict"] == "admitted" for each in rounds)
    assert curve[-1]["wins"][scenario] > curve[0]["wins"][scenario]


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
