"""What rules find in demonstrations is what those who played them do; the libraries made of it load, serve every task and play."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from compass.bootstrap.choices import Choices
from compass.bootstrap.evidence import Evidence, collect
from compass.bootstrap.library import by_rules, new_folder, store
from compass.bootstrap.scripted import kites, run_below
from compass.bootstrap.study import tasks_of
from compass.demos.file import Demonstrations
from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.planner import ScriptedPlanner
from compass.policies import PlanningTeam
from compass.skills.sandbox import Sandbox
from compass.synthesis.recipe import Recipe, compose
from envs.skirmish import Skirmish
from tests.compass.demos.recording import record_here


@pytest.fixture(scope="module")
def by_team(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    return record_here(tmp_path_factory.mktemp("team"), "protoss_5_vs_5_epo", "team", 24)


@pytest.fixture(scope="module")
def of_team(by_team: Demonstrations) -> dict[str, Evidence]:
    return collect([by_team])


@pytest.fixture(scope="module")
def of_nearest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    return collect([record_here(tmp_path_factory.mktemp("nearest"), "protoss_5_vs_5_epo", "nearest", 24)])


def test_when_a_unit_runs_is_found(of_team: dict[str, Evidence], of_nearest: dict[str, Evidence]) -> None:
    limit = run_below(of_team["stalker"])
    assert limit is not None and 0.5 <= limit <= 0.7  # the shipped skills run below 0.6
    assert run_below(of_team["zealot"]) is None  # the scripted planner tells them never to
    assert all(run_below(seen) is None for seen in of_nearest.values())


def test_who_kites_is_found(of_team: dict[str, Evidence], of_nearest: dict[str, Evidence]) -> None:
    assert kites(of_team["stalker"]) and not kites(of_team["zealot"])
    assert not any(kites(seen) for seen in of_nearest.values())


def test_whom_a_unit_attacks_is_found(of_team: dict[str, Evidence], of_nearest: dict[str, Evidence]) -> None:
    team, nearest = of_team["stalker"].choices, of_nearest["stalker"].choices
    assert nearest.numbers()["shares"]["nearest"] == 1.0 > team.numbers()["shares"]["nearest"]
    assert team.numbers()["shares"]["most_damage_per_hit_point"] > 0.9
    assert nearest.weights()["near"] > 1.0 > team.weights().get("near", 0.0) and team.weights()["worth"] > 0.5


def test_weights_of_a_known_score_are_found() -> None:
    draws, choices = np.random.default_rng(1), Choices(("stalker", "zealot"))
    wanted = np.array([1.0, 0.5, 0.0, 0.0, 2.0, -1.0])
    assert choices.terms == ("worth", "focus", "near", "weak", "steady", "prefer_stalker")
    for _ in range(3000):
        rows = draws.normal(size=(4, 6))
        scores = rows @ wanted + draws.gumbel(size=4)
        choices.samples.append((rows, int(scores.argmax())))
    found = choices.weights()
    assert set(found) == {"worth", "focus", "steady", "prefer_stalker"}
    assert found["steady"] > found["worth"] > found["focus"] > 0 > found["prefer_stalker"]
    assert found["worth"] / found["steady"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("scenario", ["protoss_5_vs_5_epo", "terran_5_vs_5", "zerg_5_vs_5_epo", "MMM2", "2s_vs_1sc"])
def test_a_library_serves_every_task_and_plays(scenario: str, tmp_path: Path) -> None:
    demos, out = record_here(tmp_path, scenario, "nearest", 2), tmp_path / "library"
    with new_folder(out):
        library = store(by_rules([demos]), [demos], out)
    for kind in demos.scenario.teams.allies or demos.scenario.unit_types:
        served = {task for skill in library.for_unit(kind) for task in skill.tasks}
        assert set(tasks_of(kind)) <= served
    with Sandbox(library) as sandbox:
        result = run_episode(
            Skirmish(scenario), PlanningTeam(ScriptedPlanner(), library, sandbox), 0, EpisodeSettings()
        )
    assert result.plans > 0 and result.faults == {}


def test_what_a_library_rests_on_lies_beside_it(by_team: Demonstrations, tmp_path: Path) -> None:
    with new_folder(tmp_path / "library"):
        library = store(by_rules([by_team]), [by_team], tmp_path / "library")
    analysis = orjson.loads((tmp_path / "library" / "analysis.json").read_bytes())
    assert set(analysis) == {"stalker", "zealot", "colossus"}
    assert analysis["stalker"]["evidence"]["targets"]["choices"] > 100
    assert "it kites" in (tmp_path / "library" / "analysis.md").read_text()
    came = orjson.loads((tmp_path / "library" / "bootstrap.json").read_bytes())
    assert came["steps"] == by_team.steps and came["demonstrations"][0]["sha256"] == by_team.digest
    for name, skill in library.skills.items():
        recipe = Recipe.from_json(orjson.loads((tmp_path / "library" / "recipes" / f"{name}.json").read_bytes()))
        assert compose(recipe) == skill.source


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    with pytest.raises(InputError, match="is no empty folder"), new_folder(tmp_path):
        raise AssertionError("entered")
