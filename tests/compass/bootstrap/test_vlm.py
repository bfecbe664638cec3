"""A library by a model, over a real server that answers well, badly and never well; every call is on the tape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import compass.skill
from compass.bootstrap.harvest import Harvest
from compass.bootstrap.library import new_folder, store
from compass.bootstrap.prompts import load_bootstrap_prompts
from compass.bootstrap.scripted_answers import answer
from compass.bootstrap.vlm import TAPE, Asker, by_model
from compass.demos.file import Demonstrations
from compass.errors import InputError
from compass.models.budget import Limits
from compass.models.cassette import Cassette
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from tests.compass.demos.recording import record_here
from tests.model_server import MODEL, Behaviour, ModelServer, image_urls

WRITE = re.compile(r"It becomes the file `(\w+)\.py`")
BAD = '"""Bad: it imports what it may not.\n\nunit_types: stalker\ntask: kite\n"""\nimport os\n'
ASIDE = '"""Fails: at every moment.\n\nunit_types: zealot\ntask: search\n"""\n\n\n'
FAILS = ASIDE + "def score_target(unit, obs):\n    return 1\n\n\ndef control_logic(obs, memory):\n    return 1 // 0\n"


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    return record_here(tmp_path_factory.mktemp("demos"), "protoss_5_vs_5_epo", "nearest", 2)


def texts(request: dict[str, Any]) -> list[str]:
    contents = [message["content"] for message in request["messages"]]
    return [each if isinstance(each, str) else each[0]["text"] for each in contents]


def well(request: dict[str, Any]) -> str:
    return answer("\n".join(texts(request)[:2])) or "ready"  # the first call only makes sure that somebody answers


def ask(
    demos: Demonstrations, out: Path, answers: Callable[[dict[str, Any]], str | Behaviour], limits: Limits | None = None
) -> tuple[Harvest, ModelServer]:
    with ModelServer(answers) as server, new_folder(out):
        settings = ModelSettings(MODEL, server.base_url)
        how = VlmSettings(frames=2, image_size=256)
        return by_model(Asker(settings, how, limits or Limits(), None), [demos], out / "cassette"), server


def test_a_model_that_answers_well_makes_a_library(demos: Demonstrations, tmp_path: Path) -> None:
    harvest, server = ask(demos, tmp_path, well)
    library = store(harvest, [demos], tmp_path)
    names = {f"{kind}_{task}" for kind in ("stalker", "colossus") for task in ("engage", "kite", "search", "hold")}
    assert set(library.skills) == names | {"zealot_engage", "zealot_search", "zealot_hold"}
    assert not harvest.left_out
    calls = Cassette(tmp_path / "cassette").entries(TAPE)
    assert len(calls) == harvest.about["calls"] == 3 + 11
    pictured = [image_urls(request.body) for request in server.requests[1:] if image_urls(request.body)]
    assert pictured and all(len(urls) <= 4 * 2 for urls in pictured)
    came = orjson.loads((tmp_path / "bootstrap.json").read_bytes())
    assert came["model"] == MODEL and came["prompts"] == load_bootstrap_prompts().digest
    assert "evidence: Seen for" in (tmp_path / "analysis.md").read_text()


def test_a_bad_skill_is_mended_after_the_exact_complaints(demos: Demonstrations, tmp_path: Path) -> None:
    repairs: list[str] = []

    def at_second(request: dict[str, Any]) -> str:
        said = texts(request)
        found = WRITE.search(said[1]) if len(said) > 1 else None
        if found and found[1] == "stalker_kite":
            if len(said) == 2:
                return json.dumps({"source": BAD})
            repairs.append(said[-1])
        return well(request)

    harvest, _ = ask(demos, tmp_path, at_second)
    assert "stalker_kite" in harvest.sources and not harvest.left_out
    (repair,) = repairs
    assert "stalker_kite.py:6: import os: a skill imports only compass.skill, math, random" in repair
    assert "the function score_target(unit, obs) is missing at module level" in repair


def test_what_never_passes_stays_out_with_its_reason(demos: Demonstrations, tmp_path: Path) -> None:
    def stubborn(request: dict[str, Any]) -> str | Behaviour:
        said = texts(request)
        found = WRITE.search(said[1]) if len(said) > 1 else None
        if found is None and len(said) > 1 and "one unit type: the **colossus**" in said[1]:
            return "The colossus is a fine unit."
        if found and found[1] == "zealot_search":
            return json.dumps({"source": FAILS})
        if found and found[1] == "zealot_hold":
            return json.dumps({"source": compass_skill("stalker", "hold")})
        if found and found[1] == "stalker_hold":
            return Behaviour(400, {"error": {"message": "no"}})
        return well(request)

    harvest, _ = ask(demos, tmp_path, stubborn)
    library = store(harvest, [demos], tmp_path)
    assert {each.name for each in harvest.left_out} == {"zealot_search", "zealot_hold", "stalker_hold"}
    kept = {path.stem: path.read_text() for path in (tmp_path / "left_out").iterdir()}
    assert "ZeroDivisionError" in kept["zealot_search"] and "return 1 // 0" in kept["zealot_search"]
    assert "its unit_types are stalker; it should be for zealot" in kept["zealot_hold"]
    assert set(library.skills) == set(harvest.sources) and len(library.skills) == 8
    assert "no usable analysis" in (tmp_path / "analysis.md").read_text()


def compass_skill(kind: str, task: str) -> str:
    prompt = f'Write a skill for the **{kind}**, for the task **{task}**\n- "source" (text): it'
    return str(json.loads(answer(prompt) or "")["source"])


def test_a_library_without_a_skill_is_refused(demos: Demonstrations, tmp_path: Path) -> None:
    harvest, _ = ask(demos, tmp_path, lambda request: "no")
    with pytest.raises(InputError, match="no skill passed the checks"):
        store(harvest, [demos], tmp_path)
    assert len(list((tmp_path / "left_out").iterdir())) == 11


def test_a_limit_ends_the_questions(demos: Demonstrations, tmp_path: Path) -> None:
    harvest, _ = ask(demos, tmp_path, well, Limits(max_tokens=9000))
    assert harvest.about["calls"] < 14
    assert any("stopped by --max-tokens 9000" in each.reasons[0] for each in harvest.left_out)


@pytest.mark.parametrize("name", compass.skill.__all__)
def test_the_prompt_names_everything_a_skill_may_use(name: str) -> None:
    assert re.search(rf"`{name}\b", load_bootstrap_prompts().sources["skill_format"])
