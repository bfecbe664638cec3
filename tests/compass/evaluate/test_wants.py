"""What planners want arrives: from rules and from a model, once each, counted, with the moment it was wanted in."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from compass.bootstrap.vlm import Asker
from compass.evaluate.evaluator import evaluate
from compass.evaluate.report import load_report, notes_of
from compass.evaluate.settings import EvaluateSettings
from compass.evaluate.wants import IMPROVEMENT, MISSING, Want, Wants, plain_task
from compass.evolve.gather import gather
from compass.evolve.vlm import open_model
from compass.models.budget import Limits
from compass.models.settings import ModelSettings
from compass.observation.text import parse
from compass.planner.vlm.scripted_answers import answer
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import default_library_folder, load_library
from envs.scenario_file import load_scenario
from tests.compass.bootstrap.test_vlm import texts
from tests.compass.trial.libraries import FIGHT, library_of, skill_source
from tests.model_server import MODEL, ModelServer

SCENARIO = load_scenario("3m")

SHIPPED = load_library(default_library_folder())


def at_war(folder: Path) -> Path:
    """A library that can fight and nothing else."""
    folder.mkdir()
    (folder / "fight.py").write_text(skill_source("fight", FIGHT, ("engage",)))
    return folder


def lines(run: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (run / "wants.jsonl").read_bytes().splitlines()]


def wanting(request: dict[str, Any]) -> str:
    """A model that is never content with its skill, and misses another for every task."""
    prompt = "\n".join(texts(request))
    said = answer(prompt)
    if not said.startswith("{"):
        return "ready"
    played = re.findall(r"by skill (\w+)", prompt) or ["nothing"]
    more = {"needs_improvement": f"A better {played[-1]}.", "new_skill": "one that flies"}
    return json.dumps({name: more.get(name, value) for name, value in json.loads(said).items()})


def test_the_rules_miss_a_skill_for_the_moment_and_the_run_says_so(tmp_path: Path) -> None:
    settings = EvaluateSettings(SCENARIO, episodes=2, skills=at_war(tmp_path / "war"), workers=1)
    report = evaluate(settings, tmp_path / "run")
    (want,) = [Want(**line) for line in lines(tmp_path / "run")]
    assert (want.kind, want.unit_type, want.skill, want.task) == (MISSING, "marine", "fight", "search")
    assert want.words == "serve the sub-task search: no enemy is known" and want.count >= 6
    assert (want.seed, want.agent_id, want.step) == (0, 0, 0)
    seen = parse(want.observation)
    assert seen.agent_id == 0 and seen.step == 0 and not seen.enemies
    assert report.summary()["wants"] == 1 and load_report(tmp_path / "run").wants == 1
    assert any("planners found 1 things wanting" in note and "wants.jsonl" in note for note in notes_of(report))

    again = evaluate(replace(settings, episodes=3), tmp_path / "run", resume=True)
    assert again.wants == 1 and lines(tmp_path / "run")[0]["count"] > want.count


def test_a_library_that_serves_every_moment_leaves_no_wants(tmp_path: Path) -> None:
    report = evaluate(EvaluateSettings(SCENARIO, episodes=1, workers=1), tmp_path / "run")
    assert report.summary()["wants"] == 0 and not (tmp_path / "run" / "wants.jsonl").exists()
    assert not any("wanting" in note for note in notes_of(report))


@pytest.mark.parametrize("calls", ["fused", "separate"])
def test_a_models_wishes_and_verdicts_are_gathered_in_battles_of_the_trials_stream(calls: str, tmp_path: Path) -> None:
    with ModelServer(wanting) as server:
        how = VlmSettings(calls=calls, image=False)
        asker = Asker(ModelSettings(MODEL, server.base_url), how, Limits(), None)
        with open_model(asker, tmp_path) as asking:
            found = gather(SCENARIO, SHIPPED, asking, range(2))
            assert gather(SCENARIO, SHIPPED, asking, range(1)).battles == found.battles[:1]
            assert asking.budget.total.calls == len(server.requests) - 1
    assert (tmp_path / "battles" / "1.jsonl").exists() and (tmp_path / "battles-2" / "0.jsonl").exists()
    missing = [want for want in found.wants if want.kind == MISSING]
    better = [want for want in found.wants if want.kind == IMPROVEMENT]
    assert {want.words for want in missing} == {"one that flies"}
    assert {want.skill for want in missing} <= set(SHIPPED.skills)
    first = next(want for want in better if want.skill == "advance_and_search")
    assert first.task == "search" and len({want.skill for want in better}) > 1
    assert all(want.words == f"A better {want.skill}." for want in better)
    assert first.step > 0 and parse(first.observation).step == first.step
    plans = sum(battle.result.plans for battle in found.battles)
    assert sum(want.count for want in missing) == plans == sum(sum(battle.chosen.values()) for battle in found.battles)
    assert sum(want.count for want in better) == plans - 2 * SCENARIO.n_units  # nobody judges a first plan
    assert [want.count for want in found.wants] == sorted((want.count for want in found.wants), reverse=True)


def test_a_wish_that_is_kept_because_the_model_failed_is_not_counted_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def at_first(request: dict[str, Any]) -> str:
        agent = re.findall(r"You are agent (\d)", "\n".join(texts(request)))[-1:]
        asked.extend(agent)
        return wanting(request) if not agent or asked.count(agent[0]) == 1 else "I am lost for words."

    with ModelServer(at_first) as server:
        how = VlmSettings(calls="fused", image=False)
        with open_model(Asker(ModelSettings(MODEL, server.base_url), how, Limits(), None), tmp_path) as asking:
            found = gather(SCENARIO, SHIPPED, asking, range(1))
    (battle,) = found.battles
    assert battle.result.unanswered == battle.result.plans - SCENARIO.n_units > 0
    assert sum(want.count for want in found.wants) == SCENARIO.n_units


def test_battles_tell_what_was_chosen_and_what_went_wrong(tmp_path: Path) -> None:
    bad = library_of(aim="raise ValueError(obs.step)")
    with ModelServer(wanting) as server:
        asker = Asker(ModelSettings(MODEL, server.base_url), VlmSettings(calls="fused", image=False), Limits(), None)
        with open_model(asker, tmp_path) as asking:
            battles = gather(SCENARIO, bad, asking, range(3, 5)).battles
    assert [battle.result.seed for battle in battles] == [3, 4]
    for battle in battles:
        assert battle.chosen == {"aim": battle.result.plans}
        assert battle.faults["aim"] == dict(battle.result.faults) and "ValueError" in battle.first_faults["aim"]


def want(**fields: Any) -> Want:
    made = Want(MISSING, "zealot", "fight", "engage", "words", "why", "text", 0, 0, 0)
    return replace(made, **fields)


def test_equal_wants_are_counted_and_others_kept_apart() -> None:
    found = Wants()
    for each in (
        want(task="engage enemy 3 at (4.5, 6)", step=7),
        want(task="Engage the marine", step=9, words="other words"),
        want(task="fly over wall 3"),
        want(task="fly over wall 17"),
        want(kind=IMPROVEMENT),
        want(skill="other", count=5),
        want(unit_type="stalker"),
    ):
        found.add(each)
    kept = found.all()
    assert [each.count for each in kept] == [5, 2, 2, 1, 1]
    assert next(each for each in kept if each.task.startswith("engage enemy")).step == 7
    assert Want(**orjson.loads(orjson.dumps(asdict(kept[0])))) == kept[0]
    assert plain_task("") == "" and plain_task("1, 2") == ""


def test_words_for_nothing_are_no_want(tmp_path: Path) -> None:
    def content(request: dict[str, Any]) -> str:
        said = answer("\n".join(texts(request)))
        nothing = {"needs_improvement": "None.", "new_skill": "-"}
        return (
            json.dumps({name: nothing.get(name, value) for name, value in json.loads(said).items()})
            if said.startswith("{")
            else "ready"
        )

    with ModelServer(content) as server:
        how = VlmSettings(calls="fused", image=False)
        with open_model(Asker(ModelSettings(MODEL, server.base_url), how, Limits(), None), tmp_path) as asking:
            assert gather(SCENARIO, SHIPPED, asking, range(1)).wants == ()
