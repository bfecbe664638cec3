"""The evaluator: the same bytes for any number of workers, resumed without loss or repetition, honest about its origin."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.evaluator import default_run_path, evaluate
from compass.evaluate.manifest import scenario_of
from compass.evaluate.records import read_record
from compass.evaluate.report import difference_of, load_report, notes_of, table_of
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.settings import EvaluateSettings
from compass.models.budget import Limits
from compass.planner.vlm.settings import VlmSettings
from compass.types import EpisodeResult, Outcome
from envs.scenario_file import load_scenario

SCENARIO = load_scenario("protoss_5_vs_5_epo")
RANDOM = EvaluateSettings(SCENARIO, episodes=6, seed=40, policy="random", workers=1)
TEAM = EvaluateSettings(SCENARIO, episodes=3, workers=1)


@pytest.fixture(scope="module")
def random_run(tmp_path_factory: pytest.TempPathFactory):
    return evaluate(RANDOM, tmp_path_factory.mktemp("runs") / "random")


@pytest.fixture(scope="module")
def team_run(tmp_path_factory: pytest.TempPathFactory):
    return evaluate(TEAM, tmp_path_factory.mktemp("runs") / "team")


def content(path: Path) -> tuple[set[bytes], dict[str, bytes]]:
    """What must be equal for equal runs."""
    lines = (path / "episodes.jsonl").read_bytes().splitlines()
    assert len(lines) == len(set(lines))
    return set(lines), {record.name: record.read_bytes() for record in (path / "records").iterdir()}


def test_a_run_holds_every_episode_once(random_run):
    assert [result.seed for result in random_run.results] == list(range(40, 46))
    assert {path.name for path in (random_run.path / "records").iterdir()} == {f"{seed}.npz" for seed in range(40, 46)}
    assert sum(random_run.statistics.outcomes.values()) == 6


def test_records_agree_with_the_results(team_run):
    for result in team_run.results:
        record = read_record(team_run.path / "records" / f"{result.seed}.npz")
        assert len(record.actions) == result.length
        assert record.rewards.sum() == pytest.approx(result.returned)
        assert record.raw_rewards.sum() == pytest.approx(result.raw_return)
        assert len(record.decisions) == result.plans > 0


def test_the_planner_that_is_asked_for_plans(tmp_path):
    run = evaluate(replace(TEAM, episodes=1, planner="random"), tmp_path / "run")
    decisions = read_record(run.path / "records" / "0.npz").decisions
    assert run.player == "team, random"
    assert {decision["reasoning"] for decision in decisions} == {"drawn at random"}
    assert len({decision["skill"] for decision in decisions}) > 2


@pytest.mark.parametrize("settings", [RANDOM, TEAM], ids=["random", "team"])
def test_any_number_of_workers_gives_the_same_bytes(settings, request, tmp_path):
    alone = request.getfixturevalue(f"{settings.policy}_run")
    evaluate(replace(settings, workers=2), tmp_path / "run")
    assert content(tmp_path / "run") == content(alone.path)


def test_a_resumed_run_equals_an_uninterrupted_one(random_run, tmp_path):
    path = tmp_path / "run"
    evaluate(replace(RANDOM, episodes=2), path)
    first = (path / "episodes.jsonl").read_bytes()
    (path / "episodes.jsonl").write_bytes(first + b'{"seed":42,"outc')
    seen: list[EpisodeResult] = []
    report = evaluate(RANDOM, path, resume=True, progress=seen.append)
    assert content(path) == content(random_run.path)
    assert (path / "episodes.jsonl").read_bytes().startswith(first)
    assert [result.seed for result in seen] == list(range(40, 46))
    assert report.statistics == random_run.statistics


def test_a_finished_run_resumes_to_itself(random_run):
    before = content(random_run.path)
    report = evaluate(RANDOM, random_run.path, resume=True)
    assert (content(random_run.path), report.statistics) == (before, random_run.statistics)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 41}, r"\(--seed: 40 there, 41 now\)"),
        ({"policy": "team"}, r"\(--policy: random there, team now\)"),
        ({"observation": "upstream"}, r"\(--observation: repaired there, upstream now\)"),
        ({"scenario": load_scenario("protoss_5_vs_5")}, r"\(scenario: protoss_5_vs_5_epo there, protoss_5_vs_5 now\)"),
    ],
)
def test_a_run_is_not_resumed_under_other_settings(random_run, change, named):
    with pytest.raises(InputError, match=named):
        evaluate(replace(RANDOM, **change), random_run.path, resume=True)


def test_a_run_is_not_resumed_with_another_library(team_run, tmp_path):
    kept = team_run.path / "skills"
    for skill in kept.iterdir():
        (tmp_path / skill.name).write_text(skill.read_text() + "\n# edited\n")
    with pytest.raises(InputError, match=r"\(--skills: another library, or an edited one\)"):
        evaluate(replace(TEAM, skills=tmp_path), team_run.path, resume=True)


def test_a_run_is_not_resumed_when_its_own_skills_were_edited(team_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(team_run.path, run)
    skill = next((run / "skills").iterdir())
    skill.write_text(skill.read_text() + "\n# edited\n")
    with pytest.raises(InputError, match="no longer the library that the run began with"):
        evaluate(replace(TEAM, episodes=4), run, resume=True)


def test_a_run_in_a_folder_whose_name_is_no_text_has_a_summary(random_run):
    summary = replace(random_run, path=Path(os.fsdecode(b"caf\xff"))).summary()
    assert orjson.loads(orjson.dumps(summary))["run"] == "caf\N{REPLACEMENT CHARACTER}"


def test_the_snapshot_is_what_the_manifest_says(team_run):
    names = sorted(path.stem for path in (team_run.path / "skills").iterdir())
    assert names == team_run.manifest["skills"]["names"]


def test_a_scenario_of_another_map_is_read_back_from_the_manifest(tmp_path):
    scenario = load_scenario("corridor")
    report = evaluate(replace(RANDOM, scenario=scenario, episodes=1), tmp_path / "run")
    assert scenario_of(report.manifest) == scenario
    older = orjson.loads(orjson.dumps(report.manifest["scenario_content"]))
    for key in ("arena", "enemy_order", "episode_limit", "ranges", "enemy_race"):  # keys that there were not at first
        del older[key]
    assert scenario_of({"scenario_content": older}).arena == "flat"


def test_the_manifest_tells_what_episodes_depend_on(team_run):
    manifest = team_run.manifest
    assert scenario_of(manifest) == SCENARIO
    assert (manifest["scenario_hash"], manifest["stream"], manifest["backend"]) == (
        SCENARIO.content_hash,
        "evaluation",
        "embedded",
    )
    assert manifest["sandbox"]["kind"] == "seccomp" and manifest["sandbox"]["limits"]["deadline"] > 0
    for key in (
        "rules",
        "code",
        "packages",
        "hops",
        "plan_every",
        "plan_on_change",
        "observation",
        "setting",
        "created",
    ):
        assert manifest[key] is not None


def test_the_summary_has_the_promised_fields(random_run):
    summary = orjson.loads((random_run.path / "summary.json").read_bytes())
    assert list(summary) == [
        *(
            "scenario",
            "setting",
            "observation",
            "information",
            "backend",
            "policy",
            "trained",
            "planner",
            "plan_every",
            "plan_on_change",
            "top_k",
        ),
        *(
            "hops",
            "skills",
            "merits",
            "live_skills",
            "model",
            "calls",
            "image",
            "reflection",
            "frames",
            "image_size",
            "clock",
            "game_speed",
            "played_back",
        ),
        *("episodes", "win_rate", "win_rate_ci", "outcomes", "return_mean", "length_mean", "steps_per_second"),
        *("skill_faults", "plans", "unanswered", "plan_faults", "models_served", "wants", "cost", "stopped_by", "run"),
    ]
    assert summary == orjson.loads(orjson.dumps(random_run.summary()))


def test_the_table_is_titled_with_its_settings_and_fits_a_terminal(random_run, team_run):
    terminal = Console(width=80, file=StringIO())
    terminal.print(table_of([team_run, random_run]))
    title, heading, _, *rows = terminal.file.getvalue().splitlines()
    assert title == "protoss_5_vs_5_epo, epo setting, repaired observation, embedded engine"
    assert " ".join(heading.split()) == "policy n win rate (95 %) won lost draw timeout crash return length steps/s"
    assert [row.split()[0] for row in rows] == ["team,", "scripted", "random"]
    assert not any("…" in row for row in rows)


def test_faults_crashes_and_fragile_episodes_are_told(random_run):
    first, second, third, *_ = random_run.results
    assert notes_of(random_run) == []
    faulty = replace(first, faults={"deadline": 2, "exception": 1}, reproducible=False)
    crashed = replace(second, outcome=Outcome.ENV_CRASH, detail="the worker died", reproducible=False)
    assert notes_of(replace(random_run, results=[faulty, crashed, third])) == [
        "random: seed 41 crashed: the worker died",
        "random: mistakes of skills, each of which cost an agent the fallback action: 2 deadline, 1 exception",
        "random: 1 episodes are not reproducible: the speed of this machine decided an action",
    ]


def test_runs_of_other_battles_are_not_compared(random_run, tmp_path):
    other = evaluate(replace(RANDOM, scenario=load_scenario("protoss_5_vs_5"), episodes=1), tmp_path / "other")
    with pytest.raises(InputError, match="cannot be compared: scenario_hash"):
        difference_of(random_run, other)
    with pytest.raises(InputError, match="cannot be compared"):
        table_of([random_run, other])


def test_a_report_can_be_made_of_an_unfinished_run(random_run, tmp_path):
    folder = RunFolder.create(tmp_path / "run", random_run.manifest, None)
    assert load_report(folder.path).summary()["win_rate"] is None
    folder.append(random_run.results[0], None)
    folder.close()
    assert load_report(folder.path).statistics.episodes == 1


def test_run_folders_get_names_of_their_own(tmp_path):
    first = default_run_path(RANDOM, tmp_path)
    assert first.name.startswith("protoss_5_vs_5_epo-random-repaired-")
    first.mkdir()
    assert default_run_path(RANDOM, tmp_path) != first


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"policy": "nearst"}, "did you mean nearest"),
        ({"backend": "sc2"}, "unknown backend 'sc2': choose from embedded"),
        ({"observation": "repared"}, "did you mean repaired"),
        ({"planner": "vml"}, "did you mean vlm"),
        ({"planner": "vlm"}, "name it with --model"),
        ({"limits": Limits(max_tokens=9)}, "are for --policy team --planner vlm"),
        ({"policy": "nearest", "planner": "vlm", "vlm": VlmSettings()}, "leave out --planner, or take --policy team"),
        ({"episodes": 0}, "give 1 or more"),
        ({"episodes": 1_000_001}, "at most 1000000"),
        ({"policy": "nearest", "skills": Path("mine")}, "plays without skills"),
        ({"seed": -1}, "seeds run from 0"),
        ({"seed": 2**64 - 1, "episodes": 2}, "seeds run from 0"),
        ({"workers": 0}, "give 1 or more"),
        ({"episode": EpisodeSettings(hops=2**64)}, "or less"),
        ({"episode": EpisodeSettings(plan_every=10**30)}, "or less"),
    ],
)
def test_bad_settings_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        EvaluateSettings(SCENARIO, **wrong)


def test_the_largest_seed_can_be_played(tmp_path):
    report = evaluate(EvaluateSettings(SCENARIO, 1, seed=2**64 - 1, policy="random"), tmp_path / "run")
    assert report.results[0].seed == 2**64 - 1
