"""`compass bench --planning`."""

from __future__ import annotations

import json

import pytest

from compass.bench import planning
from compass.cli import planning as command
from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.report import load_report
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario

ASKED = ("bench", "3m", "--planning", "--episodes", 3, "--seed", 5, "--observation", "upstream")


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A finished run of two of the battles, as one by a model would be."""
    path = tmp_path_factory.mktemp("runs") / "random"
    evaluate(EvaluateSettings(load_scenario("3m"), 2, 6, observation="upstream", planner="random", workers=1), path)
    return path


@pytest.fixture(scope="module")
def worth(beside):
    """What `ASKED` measures, with a short search, beside a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "SEARCH_EPISODES", 2)
        patch.setattr(planning, "_START_EPISODES", 1)
        return planning.measure(load_scenario("3m"), "upstream", 3, 5, [beside])


@pytest.fixture
def measured(monkeypatch, worth):
    """The command's measurement, made once for all tests."""

    def measure(scenario, *asked):
        assert (scenario.name, *asked) == ("3m", "upstream", 3, 5, ())
        return worth

    monkeypatch.setattr(command, "measure", measure)


def test_every_player_plays_the_battles_that_the_search_did_not(compass, measured):
    ran = compass(*ASKED, "--json")
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    (found,) = content["scenarios"]
    assert content["engine"] == "embedded"
    assert (found["scenario"], found["setting"], found["observation"]) == ("3m", "default", "upstream")
    searched = range(found["search_seed"], found["search_seed"] + found["search_episodes"])
    assert len(searched) == 2 and not set(searched) & set(range(5, 8))
    tried = [trial["skills"]["marine"] for trial in found["trials"]]
    assert sorted(tried) == ["advance_and_search", "focus_fire", "hold_formation", "kite", "retreat_and_regroup"]
    wins = {trial["skills"]["marine"]: trial["wins"] for trial in found["trials"]}
    assert wins[found["best"]["marine"]] == max(wins.values()) <= 2
    rows = {row["player"]: row for row in found["rows"]}
    ran_before = "team, random (2 of the battles)"
    assert list(rows) == ["nearest", "random skill", "best fixed skill", "scripted planner", ran_before]
    assert [row["statistics"]["episodes"] for row in rows.values()] == [3, 3, 3, 3, 2]
    assert all((row["plans_per_episode"] > 0) == (name != "nearest") for name, row in rows.items())
    pairs = {name: row["beyond_fixed"] and row["beyond_fixed"]["pairs"] for name, row in rows.items()}
    assert pairs == {"nearest": 3, "random skill": 3, "best fixed skill": None, "scripted planner": 3, ran_before: 2}


def test_the_table_names_engine_setting_observation_and_seeds(compass, measured):
    ran = compass(*ASKED)
    assert ran.code == 0, ran.err
    title, heading, *rows = ran.out.splitlines()
    assert title.startswith("3m, default setting, upstream observation, embedded engine, seeds 5 to 7, skills ")
    assert "win rate (95 %)" in heading and "minus best fixed skill (95 %)" in heading
    assert [row.split()[0] for row in rows[:4]] == ["nearest", "random", "best", "scripted"]
    assert "seeds 1000005 to 1000006" in ran.out
    assert sum("marine" in row and row.split()[0].isdigit() for row in rows) == 5


def test_a_run_of_other_battles_cannot_stand_beside(compass, beside):
    ran = compass("bench", "3m", "--planning", "--beside", beside)
    assert ran.code == 2 and "its observation is upstream, here it is repaired" in ran.err


def test_a_run_of_other_seeds_cannot_stand_beside(beside):
    runs = [load_report(beside)]
    with pytest.raises(InputError, match="has none of the seeds 100 to 101"):
        planning.seeds_of(runs[0], range(100, 102))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nonsense", "--planning"), "nonsense"),
        (("--planning", "--seed", -1), "seeds run from 0"),
        (("--planning", "--seed", 2**64 - 300), "do not fit"),
        (("--planning", "--scaling"), "give one of them"),
    ],
)
def test_wrong_words_get_one_line(compass, words, message):
    ran = compass("bench", *words)
    assert ran.code == 2 and message in ran.err and len(ran.err.splitlines()) == 1 and not ran.out
