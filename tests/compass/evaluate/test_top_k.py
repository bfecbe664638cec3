"""Runs of libraries that are larger than what a plan chooses from: what is recorded, and that they come out the same again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compass.bench.scripted_model import prompt_text
from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.records import read_list
from compass.evaluate.replay import replay
from compass.evaluate.settings import EvaluateSettings
from compass.models.cassette import MissingCall
from compass.models.settings import ModelSettings
from compass.planner.vlm.render import read_skills
from compass.planner.vlm.scripted_answers import answer
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import init_library
from compass.skills.merits import FILE
from compass.skills.store import Candidate, Judgement, Store
from envs.scenario_file import load_scenario
from tests.compass.skills.making import skill
from tests.model_server import Behaviour, ModelServer

SCENARIO = load_scenario("3m")
PROVEN = skill("zz_proven", "marine", ["engage"], "waits")
SEEDS = {"episodes": 1, "seed": 70, "workers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped library, four more skills for marines that serve `engage`, and one of them that a trial has proven."""
    folder = tmp_path_factory.mktemp("libraries") / "large"
    init_library(folder)
    for name in ("aa", "bb", "cc"):
        made = skill(name, "marine", ["engage"], "waits")
        (folder / f"{name}.py").write_text(made.source)
    store = Store(folder)
    proposed = Candidate(PROVEN.name, PROVEN.source, "scripted", None, "", None, None, {})
    store.judge(store.submit(proposed), Judgement("admitted", "", {}, {"interval": [0.1, 0.2]}, 0))
    return folder


def by_rules(folder: Path, top_k: int = 10, **more: Any) -> EvaluateSettings:
    return EvaluateSettings(SCENARIO, **{**SEEDS, **more}, episode=EpisodeSettings(top_k=top_k), skills=folder)


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "two"
    evaluate(by_rules(folder, 2), path)
    return path


def chosen(path: Path) -> set[tuple[str, str]]:
    """The tasks and skills of a run's decisions."""
    lists = [read_list(record, "decisions") for record in (path / "records").iterdir()]
    return {(line["task"], line["skill"]) for lines in lists for line in lines}


def test_of_many_skills_the_proven_is_played_of_few_the_earlier_name(run, folder, tmp_path):
    assert {skill for task, skill in chosen(run) if task == "engage"} == {PROVEN.name}
    assert ("search", "advance_and_search") in chosen(run)
    evaluate(by_rules(folder, 20), tmp_path / "all")
    assert {skill for task, skill in chosen(tmp_path / "all") if task == "engage"} == {"aa"}


def test_the_manifest_tells_of_top_k_and_of_what_was_known(run, folder, tmp_path):
    manifest = json.loads((run / "manifest.json").read_bytes())
    assert manifest["top_k"] == 2 and re.fullmatch("[0-9a-f]{64}", manifest["merits"])
    assert (run / "skills" / FILE).is_file()
    assert json.loads((run / "summary.json").read_bytes())["top_k"] == 2
    with pytest.raises(InputError, match="--top-k: 2 there, 3 now"):
        evaluate(by_rules(folder, 3), run, resume=True)


def test_a_run_is_the_same_again_from_its_own_copy_alone(run, tmp_path):
    comparison = replay(run, tmp_path / "again")
    assert comparison.identical == (70,)


def test_a_run_goes_on_with_what_was_known_when_it_began(run, folder, tmp_path):
    path, library = tmp_path / "run", tmp_path / "library"
    shutil.copytree(run, path)
    shutil.copytree(folder, library)
    shutil.rmtree(library / ".library")
    evaluate(by_rules(library, 2, episodes=2), path, resume=True)
    assert {skill for task, skill in chosen(path) if task == "engage"} == {PROVEN.name}
    (path / "skills" / FILE).unlink()
    with pytest.raises(InputError, match="no longer the library that the run began with"):
        evaluate(by_rules(library, 2, episodes=3), path, resume=True)


@pytest.mark.parametrize("top_k", [0, -1])
def test_a_plan_chooses_from_one_skill_at_least(top_k):
    with pytest.raises(InputError, match="give 1 or more skills"):
        EpisodeSettings(top_k=top_k)


def test_policies_without_skills_take_no_top_k():
    with pytest.raises(InputError, match="leave out --top-k"):
        EvaluateSettings(SCENARIO, policy="nearest", episode=EpisodeSettings(top_k=3))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda request: answer(prompt_text(request))) as running:
        yield running


def by_model(folder: Path, server: ModelServer, embedding_model: str | None) -> EvaluateSettings:
    vlm = VlmSettings(image=False, reflection=False, embedding_model=embedding_model)
    model = ModelSettings("scripted", server.base_url, timeout=20.0)
    return by_rules(folder, 2, planner="vlm", model=model, vlm=vlm)


def offers(server: ModelServer, module: str) -> list[tuple[str, ...]]:
    """The skills in the prompts of a module."""
    prompts = [prompt_text(request.body) for request in server.requests if "messages" in request.body]
    lists = [prompt for prompt in prompts if "<skills>" in prompt and ('"parameters" (' in prompt) == (module == "act")]
    return [tuple(each.name for each in read_skills(prompt)) for prompt in lists]


def test_a_model_is_offered_top_k_skills_for_the_task_that_it_named(folder, server, run, tmp_path):
    evaluate(by_model(folder, server, None), tmp_path / "run")
    assert {len(names) for names in offers(server, "reason")} == {2}
    assert {len(names) for names in offers(server, "act")} == {2}
    assert any(PROVEN.name in names for names in offers(server, "act"))
    assert not [request for request in server.requests if "input" in request.body]


def test_a_model_s_embeddings_choose_and_a_replay_asks_nobody(folder, server, tmp_path):
    told: list[str] = []
    evaluate(by_model(folder, server, "embedder"), tmp_path / "run", tell=told.append)
    assert json.loads((tmp_path / "run" / "manifest.json").read_bytes())["embedding_model"] == "embedder"
    assert [request for request in server.requests if "input" in request.body] and len(told) == 1  # the estimate
    kinds = [
        json.loads(line)["kind"] for line in (tmp_path / "run" / "cassette" / "70.jsonl").read_bytes().splitlines()
    ]
    assert kinds.count("shelf") == len(offers(server, "act")) > 0
    asked = len(server.requests)
    assert replay(tmp_path / "run", tmp_path / "again").identical == (70,) and len(server.requests) == asked


def test_failing_embeddings_are_told_once_and_a_replay_is_the_same(folder, server, tmp_path):
    server.embed = lambda request: Behaviour(404, {"error": {"message": "no such model"}})
    told: list[str] = []
    evaluate(by_model(folder, server, "embedder"), tmp_path / "run", tell=told.append)
    assert len([line for line in told if "found by their words instead" in line and "no such model" in line]) == 1
    assert replay(tmp_path / "run", tmp_path / "again").identical == (70,)
    tape = tmp_path / "run" / "cassette" / "70.jsonl"
    tape.write_bytes(b"".join(line for line in tape.read_bytes().splitlines(True) if b'"shelf"' not in line))
    with pytest.raises(MissingCall, match="the skills that were offered are not on the tape"):
        replay(tmp_path / "run", tmp_path / "once more")


def test_embeddings_come_too_late_for_fused_calls():
    with pytest.raises(InputError, match="--embedding-model finds skills for a sub-task"):
        VlmSettings(calls="fused", embedding_model="embedder")
