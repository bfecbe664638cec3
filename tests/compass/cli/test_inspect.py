"""`compass inspect`: what a person reads, what a program reads, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario
from tests.compass.planned_run import ANSWERS, SEED, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An episode that a model planned."""
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An episode that the scripted planner planned."""
    path = tmp_path_factory.mktemp("runs") / "scripted"
    evaluate(EvaluateSettings(load_scenario("protoss_5_vs_5"), episodes=1, workers=1), path)
    return path


def words(line: str) -> str:
    """The cells of a row, however wide."""
    return " ".join(line.split())


def test_a_table_of_all_plans(compass, run: Path) -> None:
    content = json.loads(compass("inspect", run, SEED, "--json").out)
    assert (content["run"], content["episode"]) == (str(run), SEED)
    ran = compass("inspect", run, SEED)
    assert ran.code == 0
    heading, *rows = ran.out.splitlines()
    assert words(heading) == "step agent trigger task skill in effect calls tokens seconds faults"
    assert len(rows) == len(content["plans"])
    assert {tuple(row.split()[:2]) for row in rows} == {(str(p["step"]), str(p["agent"])) for p in content["plans"]}
    first, second = rows[:2]
    assert words(first) == "0 0 start engage focus_fire 0 3 ~3,000 + 150 0.8 rate_limit"
    assert "prose" in second and "~4,000 + 159" in second
    own = compass("inspect", run, SEED, "--agent", 1).out.splitlines()[1:]
    assert [row.split() for row in own] == [row.split() for row in rows if row.split()[1] == "1"]


def test_all_about_one_plan(compass, run: Path) -> None:
    ran = compass("inspect", run, SEED, "--agent", 0, "--step", 0)
    assert ran.code == 0
    text = ran.out
    assert text.startswith("agent 0, a ")
    for part in (
        "Step 0. You are agent 0, a ",
        "(pictures it was shown, by step: 0)",
        "PERCEIVE, by gpt-4o-mini: 1,000 + 50 tokens, 0.2 s",
        "ACT, by gpt-4o-mini: 1,000 + 50 tokens (estimated), 0.2 s",
        '  "summary": "[red]Enemies[/red] ahead :warning:"',
        "failed before: rate_limit: 429, waited 1 s",
        "COST: 3 calls, ~3,000 + 150 tokens (asked + answered; 1 calls not counted by the server), $0.0",
        "skill: focus_fire",
        '  "new_skill": "dance \\u202e"',
        "would rather have had a skill that does this: dance",
        "mistake in act: rate_limit: 429",
        "in effect from step 0",
        "WHAT FOLLOWED, until step ",
        "actions: ",
        "before: health 100%",
    ):
        assert part in text, part
    assert ANSWERS["reason"]["reasoning"] in text  # however long
    assert "You command one single unit" not in text
    assert all(char == "\n" or char.isprintable() for char in text)


def test_what_was_asked_is_shown_on_request(compass, run: Path) -> None:
    text = compass("inspect", run, SEED, "--agent", 1, "--step", 0, "--prompts").out
    assert "[system]\nYou command one single unit" in text
    assert "[user, pictures: 1]" in text
    assert "[assistant]\nI think, therefore I am not JSON." in text


def test_a_step_without_a_plan_leads_to_the_last_before_it(compass, run: Path) -> None:
    ran = compass("inspect", run, SEED, "--agent", 0, "--step", 1)
    assert ran.out.startswith("agent 0 made no plan at step 1; its last before that, at step 0:\n")
    content = json.loads(compass("inspect", run, SEED, "--agent", 0, "--step", 1, "--json").out)
    assert (content["asked_about"], content["step"], content["effect"]) == (1, 0, 0)


def test_a_plan_for_programs(compass, run: Path) -> None:
    content = json.loads(compass("inspect", run, SEED, "--agent", 1, "--step", 0, "--json").out)
    assert content["decision"]["skill"] == "focus_fire"
    assert [answer["module"] for answer in content["answers"]] == ["perceive", "reason", "reason", "act"]
    assert json.loads(content["answers"][0]["reply"]) == ANSWERS["perceive"]
    assert "turns" not in content["answers"][0]
    assert (content["frames"], content["frames_as_sent"]) == ([0], True)
    followed = content["followed"]
    assert len(followed["actions"]) == followed["end"] - followed["start"]
    asked = json.loads(compass("inspect", run, SEED, "--agent", 1, "--step", 0, "--json", "--prompts").out)
    assert asked["answers"][2]["turns"][2] == {
        "role": "assistant",
        "text": "I think, therefore I am not JSON.",
        "pictures": [],
    }


def test_pictures_are_written(compass, run: Path, tmp_path: Path) -> None:
    plans = json.loads(compass("inspect", run, SEED, "--agent", 0, "--json").out)["plans"]
    step = plans[-1]["step"]
    ran = compass("inspect", run, SEED, "--agent", 0, "--step", step, "--frames", tmp_path / "a" / "b")
    files = [tmp_path / "a" / "b" / f"agent-0-step-{each}.png" for each in (step - 1, step)]
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(files)
    assert all(f"written: {file}" in ran.out for file in files)
    assert Image.open(files[0]).size == (256, 256)
    (tmp_path / "file").write_text("")
    ran = compass("inspect", run, SEED, "--agent", 0, "--step", step, "--frames", tmp_path / "file" / "c")
    assert ran.code == 2 and "cannot write pictures" in ran.err


def test_plans_without_a_model_can_be_looked_into_too(compass, scripted: Path) -> None:
    heading, *rows = compass("inspect", scripted, 0).out.splitlines()
    assert words(heading) == "step agent trigger task skill in effect" and rows
    text = compass("inspect", scripted, 0, "--agent", 2, "--step", 0).out
    assert "Step 0. You are agent 2" in text and "WHAT FOLLOWED" in text and "it was shown none" in text
    assert "COST" not in text and "tokens" not in text


def test_of_a_run_that_was_played_back_it_says_where_the_answers_stand(compass, run: Path, tmp_path: Path) -> None:
    assert compass("inspect", run, SEED).err == ""
    assert compass("replay", run, "--out", tmp_path / "again").code == 0
    for words in ((), ("--agent", 0, "--step", 0), ("--json",)):
        ran = compass("inspect", tmp_path / "again", SEED, *words)
        assert ran.code == 0 and ran.out
        assert ran.err == (
            "note: this run was played back; what the model was asked and answered stands in the original's cassette\n"
        )


def test_bad_input_is_one_line(compass, run: Path, tmp_path: Path) -> None:
    random = tmp_path / "random"
    evaluate(EvaluateSettings(load_scenario("protoss_5_vs_5"), episodes=1, policy="random", workers=1), random)
    for given, said in (
        ((tmp_path / "none", 0), "holds no run"),
        ((run, 9), f"has no episode 9; it has 1: {SEED}"),
        ((run, SEED, "--agent", 7), "there is no agent 7: choose 0 to 4"),
        ((run, SEED, "--agent", 0, "--step", 999), "has no step 999: choose 0 to "),
        ((run, SEED, "--step", 3), "of which agent? Add --agent"),
        ((run, SEED, "--frames", tmp_path / "f"), "--frames: of which plan? Add --agent and --step"),
        ((run, SEED, "--agent", 0, "--prompts"), "--prompts: of which plan?"),
        ((random, 0), "its policy is random"),
    ):
        ran = compass("inspect", *given)
        assert ran.code == 2 and said in ran.err and ran.err.count("\n") == 1 and ran.out == ""
    assert not (tmp_path / "f").exists()
