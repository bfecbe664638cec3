"""Runs planned by a model, over real HTTP: their records, limits, costs and faults, and their play from the cassette."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

import orjson
import pytest

from compass.bench.scripted_model import ScriptedModel, prompt_text
from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.records import read_list
from compass.evaluate.report import load_report, notes_of
from compass.evaluate.settings import EvaluateSettings
from compass.models.base import FaultKind
from compass.models.budget import Limits
from compass.models.cassette import Cassette, MissingCall
from compass.models.retries import Backoff
from compass.models.settings import ModelSettings
from compass.planner.vlm.scripted_answers import answer
from compass.planner.vlm.settings import VlmSettings
from envs.scenario_file import load_scenario
from tests.compass.evaluate.test_evaluator import content
from tests.model_server import Behaviour, ModelServer

KEY = "sk-test-0123456789abcdef"
SCENARIO = load_scenario("3m")
BY_RULES = EvaluateSettings(SCENARIO, episodes=3, seed=70, workers=1)


def by_model(url: str, vlm: VlmSettings | None = None, **more: Any) -> EvaluateSettings:
    model = ModelSettings("scripted", url, timeout=20.0)
    vlm = vlm or VlmSettings(calls="fused", image=False)
    return replace(BY_RULES, planner="vlm", model=model, vlm=vlm, workers=3, **more)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedModel]:
    with ScriptedModel() as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield http
        http.shutdown()


@pytest.fixture(scope="module")
def rules_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "rules"
    evaluate(BY_RULES, path)
    return path


@pytest.fixture(scope="module")
def model_run(server: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "model"
    evaluate(by_model(server.base_url), path)
    return path


def summary(path: Path) -> dict[str, Any]:
    return dict(orjson.loads((path / "summary.json").read_bytes()))


def test_a_model_that_knows_the_text_alone_plays_the_run_of_the_rules(rules_run: Path, model_run: Path) -> None:
    assert content(model_run) == content(rules_run)


def test_what_a_run_cost_is_counted(model_run: Path) -> None:
    cost, entries = summary(model_run)["cost"], list(Cassette(model_run / "cassette").all_entries())
    assert cost["calls"] == len(entries) > 0
    assert cost["prompt_tokens"] == sum(entry.reply.prompt_tokens or 0 for entry in entries) > 0
    assert cost["dollars"] is None
    assert cost["per_episode"]["tokens"] == (cost["prompt_tokens"] + cost["completion_tokens"]) / 3
    assert cost["unmetered_calls"] == 0
    assert any("dollars unknown" in note for note in notes_of(load_report(model_run)))


def test_rules_cost_nothing_but_time(rules_run: Path) -> None:
    cost = summary(rules_run)["cost"]
    assert (cost["calls"], cost["dollars"]) == (0, 0.0)
    assert cost["seconds"] > 0


def test_a_run_is_played_again_from_its_cassette_without_a_server(model_run: Path, tmp_path: Path) -> None:
    again = evaluate(by_model("http://127.0.0.1:9/v1"), tmp_path / "again", taped=model_run / "cassette")
    assert content(again.path) == content(model_run)
    assert again.cost.spent.calls == 0


def test_a_call_that_is_not_on_the_cassette_is_an_error(model_run: Path, tmp_path: Path) -> None:
    (tmp_path / "cassette").mkdir()
    for tape in (model_run / "cassette").iterdir():
        lines = tape.read_bytes().splitlines(keepends=True)
        (tmp_path / "cassette" / tape.name).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(MissingCall, match="is not on the tape; no call was made"):
        evaluate(by_model("http://127.0.0.1:9/v1"), tmp_path / "again", taped=tmp_path / "cassette")


def test_other_prompts_do_not_fit_a_cassette(model_run: Path, tmp_path: Path) -> None:
    vlm = VlmSettings(calls="fused", image=False, reflection=False)
    with pytest.raises(MissingCall, match="differs from the recorded one"):
        evaluate(by_model("http://127.0.0.1:9/v1", vlm), tmp_path / "again", taped=model_run / "cassette")


def test_the_estimate_is_told_before_anything_is_asked(server: ScriptedModel, tmp_path: Path) -> None:
    asked: list[int] = []
    told: list[int] = []

    def answering(request: dict[str, Any]) -> str:
        asked.append(0)
        return answer(prompt_text(request))

    def tell(line: str) -> None:
        assert line.startswith("estimate: 1 episodes take about ")
        told.append(len(asked))

    with ModelServer(answering) as counting:
        evaluate(by_model(counting.base_url, episodes=1), tmp_path / "run", tell=tell)
    assert told == [0]


def test_the_estimate_comes_near_for_a_model_of_rules(server: ScriptedModel, tmp_path: Path) -> None:
    said: list[str] = []
    report = evaluate(by_model(server.base_url), tmp_path / "run", tell=said.append)
    calls = int(said[0].split(" calls")[0].rsplit(" ", 1)[1].replace(",", ""))
    assert calls == pytest.approx(report.cost.spent.calls, rel=0.5)


def test_a_limit_ends_a_run_between_episodes_and_a_higher_one_goes_on(
    server: ScriptedModel, model_run: Path, tmp_path: Path
) -> None:
    path, tokens = tmp_path / "run", summary(model_run)["cost"]["per_episode"]["tokens"]
    said: list[str] = []
    short = by_model(server.base_url, limits=Limits(max_tokens=2.2 * tokens))
    report = evaluate(replace(short, workers=1), path, tell=said.append)
    assert 1 <= len(report.results) < 3
    assert report.cost.spent.tokens <= 2.2 * tokens
    assert summary(path)["stopped_by"].startswith("--max-tokens")
    assert "--max-tokens" in said[-1] and "--resume" in said[-1]
    full = evaluate(by_model(server.base_url, limits=Limits(max_tokens=4 * tokens)), path, resume=True)
    assert content(path) == content(model_run)
    assert summary(path)["stopped_by"] is None
    assert full.cost.spent.tokens == summary(model_run)["cost"]["per_episode"]["tokens"] * 3


def test_a_limit_without_room_for_one_episode_leaves_nothing_behind(server: ScriptedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leaves no room for an episode"):
        evaluate(by_model(server.base_url, limits=Limits(max_tokens=100)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_dollars_cannot_be_limited_at_an_unknown_price(server: ScriptedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--max-dollars needs the model's price"):
        evaluate(by_model(server.base_url, limits=Limits(max_dollars=1)), tmp_path / "run")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients wait next to nothing before they try again."""
    monkeypatch.setattr("compass.models.client.Backoff", partial(Backoff, first=0.01))


def test_a_server_that_does_not_answer_leaves_nothing_behind(impatient: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no answer from scripted"):
        evaluate(by_model("http://127.0.0.1:9/v1"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_key_that_is_refused_on_the_way_ends_the_run_and_keeps_what_is_finished(
    monkeypatch: pytest.MonkeyPatch, model_run: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    numbers = count()

    def answering(request: dict[str, Any]) -> str | Behaviour:
        good = next(numbers) < 25
        return answer(prompt_text(request)) if good else Behaviour(401, {"error": {"message": f"bad key {KEY}"}})

    path = tmp_path / "run"
    with ModelServer(answering) as refusing, pytest.raises(InputError, match="refuses the key"):
        evaluate(replace(by_model(refusing.base_url), workers=1), path)
    assert 1 <= len(load_report(path).results) < 3
    with ModelServer(lambda request: answer(prompt_text(request))) as willing:
        evaluate(by_model(willing.base_url), path, resume=True)
    assert content(path) == content(model_run)


SILENCE = Behaviour(hang=True)
DECIDED = dict.fromkeys(("task", "reasoning", "summary", "success"), "") | {"skill": "hold_formation"}
FAULTY: list[tuple[FaultKind, str | Behaviour]] = [
    (FaultKind.PROSE, "I would attack the enemy."),
    (FaultKind.EMPTY, ""),
    (FaultKind.SCHEMA, "null"),
    (FaultKind.PROSE, "[" * 5000),
    (FaultKind.SCHEMA, '{"skill": 3}'),
    (FaultKind.SCHEMA, '{"summary": null, "threats": 1, "task": [], "skill": {}}'),
    (FaultKind.TOO_LONG, "x" * 1_000_000),
    (FaultKind.UNKNOWN_SKILL, json.dumps(DECIDED | {"skill": "win"})),
    (FaultKind.ILLEGAL_PARAMETER, json.dumps(DECIDED | {"parameters": [{"name": "LUCK", "value": 1}]})),
    (FaultKind.SERVER, Behaviour(500, {"error": {"message": "overloaded"}})),
    (FaultKind.RATE_LIMIT, Behaviour(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})),
    (FaultKind.CONNECTION, Behaviour(reset=True)),
    (FaultKind.CONNECTION, Behaviour(body=b'{"choices": [{"message": {"content": "{', cut=20)),
    (FaultKind.PROTOCOL, Behaviour(body=b"\xff\xfe\x00 no utf-8")),
    (FaultKind.PROTOCOL, Behaviour(body=b"{}")),
    (FaultKind.REJECTED, Behaviour(400, {"error": {"message": "no"}})),
]


def test_every_fault_is_counted_and_none_stops_a_battle(
    monkeypatch: pytest.MonkeyPatch, impatient: None, tmp_path: Path
) -> None:
    """Every third answer is good; the others go through all faults, and one never comes. The key is in none of the run's files."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    numbers, faults, served = count(), cycle([(FaultKind.TIMEOUT, SILENCE), *FAULTY]), Counter[str]()

    def answering(request: dict[str, Any]) -> str | Behaviour:
        assert f"Bearer {KEY}" in serving.requests[-1].headers["authorization"]
        if next(numbers) % 3 == 0:
            return answer(prompt_text(request))
        kind, fault = next(faults)
        if fault is SILENCE and served[kind]:
            kind, fault = next(faults)
        served[kind] += 1
        return fault if isinstance(fault, Behaviour) else fault.replace("I would", f"{KEY}: I would")

    with ModelServer(answering) as serving:
        settings = by_model(serving.base_url, episodes=2, episode=EpisodeSettings(plan_every=5))
        assert settings.model is not None
        report = evaluate(replace(settings, model=replace(settings.model, timeout=3.0)), tmp_path / "run")
    assert len(report.results) == 2
    assert all(result.length > 0 for result in report.results)
    assert {*served} == {*FaultKind}
    assert summary(tmp_path / "run")["plan_faults"] == served
    for path in (tmp_path / "run").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_a_resumed_run_in_real_time_begins_episodes_anew_and_is_played_again_alike(tmp_path: Path) -> None:
    vlm, run = VlmSettings(calls="fused", image=False, clock="realtime", game_speed=10.0), tmp_path / "run"
    with ScriptedModel(latency=0.12) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        evaluate(by_model(http.base_url, vlm, episodes=1), run)
        lost = (run / "cassette" / "70.jsonl").read_bytes()
        (run / "episodes.jsonl").write_bytes(b"")  # as if it had been killed just before the end
        report = evaluate(by_model(http.base_url, vlm, episodes=1), run, resume=True)
        http.shutdown()
    assert (run / "cassette" / "70.lost-1.jsonl").read_bytes() == lost
    calls = [tape.read_bytes().count(b'"kind":"call"') for tape in (run / "cassette").iterdir()]
    assert len(calls) == 2 and report.cost.spent.calls == sum(calls)
    assert min(line["delay"] for line in read_list(run / "records" / "70.npz", "decisions")) >= 2
    assert "realtime x10" in report.player
    again = evaluate(by_model("http://127.0.0.1:9/v1", vlm, episodes=1), tmp_path / "again", taped=run / "cassette")
    assert content(again.path) == content(run)
