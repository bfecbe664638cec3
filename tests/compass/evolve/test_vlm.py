"""Candidates by a model, over a real server that answers well, badly, never well, and not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compass.bootstrap.vlm import TAPE, Asker
from compass.evaluate.wants import IMPROVEMENT, MISSING, Want
from compass.evolve.aims import Aims
from compass.evolve.base import Situation
from compass.evolve.prompts import load_evolve_prompts
from compass.evolve.scripted_answers import answer
from compass.evolve.vlm import VlmSynthesizer, open_model
from compass.models.budget import Limits
from compass.models.cassette import Cassette
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import Skill, check_source, default_library_folder, load_library
from compass.skills.store.records import Candidate
from compass.trial.ring import Episode
from compass.types import EpisodeResult, Outcome
from envs.scenario_file import load_scenario
from tests.compass.bootstrap.test_vlm import texts
from tests.compass.planner.vlm.playing import scripted_server
from tests.model_server import MODEL, Behaviour, ModelServer, image_urls

SCENARIO = load_scenario("protoss_5_vs_5_epo")
LIBRARY = load_library(default_library_folder())
SEEN = """\
Mission: defeat the enemy as quickly as possible.
Step 7. You are agent 2, a stalker, at (12.0, 16.0) on a map of 32 x 32; x grows east, y grows north.
Own health 50%, shield 0%, sight range 9, shoot range 6, last action stop.
Can move North: yes
Can move South: yes
Can move East: yes
Can move West: yes
Allies known: 0
Enemies known: 0
hops: 0 seen with own eyes, else the messages it took; age: steps since it was seen.
Legal actions: stop; move north; move south; move east; move west"""
BETTER = Want(IMPROVEMENT, "stalker", "kite", "kite the zealot", "Step back earlier.", "It is near.", SEEN, 3, 2, 7, 4)
GAP = Want(MISSING, "zealot", "focus_fire", "search the north", "walk in a spiral", "none known", SEEN, 3, 2, 7)


def battle(chosen: str, outcome: Outcome) -> Episode:
    result = EpisodeResult(1, outcome, 1.0, 1.0, 9, 1, 1, 1, 1, {}, True)
    return Episode(result, {chosen: 4, "focus_fire": 1}, {chosen: {"exception": 2}}, {chosen: "exception: no such id"})


SITUATION = Situation(
    SCENARIO,
    LIBRARY,
    (BETTER, GAP),
    ("kite: c1 rejected: it wins less",),
    (battle("kite", Outcome.WIN), battle("kite", Outcome.LOSS)),
)


def well(request: dict[str, Any]) -> str:
    return answer("\n".join(texts(request)[:2])) or "ready"  # the first call only makes sure that somebody answers


def propose(
    folder: Path,
    answers: Callable[[dict[str, Any]], str | Behaviour],
    situation: Situation = SITUATION,
    counts: tuple[int, ...] = (1,),
    limits: Limits | None = None,
) -> tuple[list[Candidate], ModelServer]:
    with ModelServer(answers) as server:
        how = Asker(ModelSettings(MODEL, server.base_url), VlmSettings(image_size=256), limits or Limits(), None)
        with open_model(how, folder) as asking, VlmSynthesizer(how, asking) as synthesizer:
            return [each for count in counts for each in synthesizer.propose(situation, count)], server


def test_a_want_becomes_a_candidate_with_everything_that_was_said(tmp_path: Path) -> None:
    (found,), server = propose(tmp_path, well)
    assert (found.name, found.by, found.parent) == ("kite", "vlm", LIBRARY.skills["kite"].sha256)
    assert (
        isinstance(check_source(found.source, Path("kite.py")), Skill) and found.source != LIBRARY.skills["kite"].source
    )
    assert found.prompt is not None and found.reply is not None and found.reason in found.reply
    for told in ("Step back earlier.", "said 4 times of a stalker", "kite: c1 rejected", "won 1 of the last 2 battles"):
        assert told in found.prompt
    assert "kite made 4 mistakes, the first: exception: no such id" in found.prompt
    assert all(line in found.prompt for line in LIBRARY.skills["kite"].source.splitlines()) and SEEN in found.prompt
    assert found.evidence["want"]["words"] == "Step back earlier." and found.evidence["complaints"] == []
    assert found.evidence["model"] == MODEL
    assert found.evidence["battles"]["chosen"] == {"kite": 8, "focus_fire": 2}
    assert len(image_urls(server.requests[1].body)) == 1
    assert len(Cassette(tmp_path).entries(TAPE)) == 1


def test_each_want_has_its_turn_and_then_the_skills_most_often_chosen(tmp_path: Path) -> None:
    found, _ = propose(tmp_path, well, counts=(1, 2, 2))
    assert [each.name for each in found] == ["kite", "zealot_search", "kite", "focus_fire", "kite"]
    assert [each.parent is None for each in found] == [False, True, False, False, False]
    new = check_source(found[1].source, Path("zealot_search.py"))
    assert isinstance(new, Skill) and new.unit_types == ("zealot",) and new.tasks == ("search",)
    assert found[2].evidence["want"] is None and "walk in a spiral" in (found[1].prompt or "")


def test_a_reply_that_is_no_skill_is_mended_after_the_checkers_words(tmp_path: Path) -> None:
    def at_second(request: dict[str, Any]) -> str:
        return json.dumps({"source": "import os\n", "change": "files"}) if len(texts(request)) == 2 else well(request)

    (found,), server = propose(tmp_path, at_second)
    assert isinstance(check_source(found.source, Path("kite.py")), Skill)
    assert "a skill imports only" in texts(server.requests[-1].body)[-1]
    assert found.prompt is not None and "[assistant]" in found.prompt and "import os" in found.prompt
    assert any("a skill imports only" in each for each in found.evidence["complaints"])


def test_what_never_is_a_skill_is_a_candidate_for_the_gate_to_reject(tmp_path: Path) -> None:
    parent = LIBRARY.skills["kite"].source.replace("\n\n\n", "\n\n")  # as the prompt shows it

    def stubborn(request: dict[str, Any]) -> str | Behaviour:
        said = texts(request)[1] if len(texts(request)) > 1 else ""
        if "**focus_fire**" in said:
            return Behaviour(400, {"error": {"message": "no"}})
        return json.dumps({"source": parent, "change": "nothing"}) if "**kite**" in said else "I would rather sing."

    found, _ = propose(tmp_path, stubborn, counts=(4,))
    same, sung, again, silent = found
    assert same.source == parent and same.evidence["complaints"] == ["kite.py is the skill as it was: change something"]
    assert again.source == parent
    assert sung.source == sung.reply == "I would rather sing." and "no JSON object" in sung.reason
    assert silent.name == "focus_fire" and silent.source == "" and silent.reply is None
    assert "400" in silent.reason and silent.prompt is not None
    assert not isinstance(check_source(sung.source, Path("zealot_search.py")), Skill)


def test_the_scripted_model_stands_in_for_a_model_here_too(tmp_path: Path) -> None:
    with scripted_server() as server:
        asker = Asker(ModelSettings("scripted", server.base_url), VlmSettings(image=False), Limits(), None)
        with open_model(asker, tmp_path) as asking, VlmSynthesizer(asker, asking) as synthesizer:
            found = synthesizer.propose(SITUATION, 2)
    for each in found:
        assert isinstance(check_source(each.source, Path(f"{each.name}.py")), Skill) and not each.evidence["complaints"]
    assert [each.name for each in found] == ["kite", "zealot_search"]


def test_a_limit_ends_the_questions(tmp_path: Path) -> None:
    found, server = propose(tmp_path, well, counts=(1, 1, 1), limits=Limits(max_tokens=8000))
    assert 1 <= len(found) < 3 and len(server.requests) == 1 + len(found)


def test_wants_of_other_libraries_and_scenarios_are_left_alone(tmp_path: Path) -> None:
    others = (
        Want(MISSING, "marine", "kite", "kite", "run", "", SEEN, 0, 0, 0),
        Want(IMPROVEMENT, "stalker", "gone", "kite", "run", "", SEEN, 0, 0, 0),
    )
    (found,), _ = propose(tmp_path, well, Situation(SCENARIO, LIBRARY, others))
    assert found.evidence["want"] is None and "No battle was watched yet." in (found.prompt or "")
    assert found.name in LIBRARY.skills


@pytest.mark.parametrize(
    ("unit_type", "task", "served"),
    [
        ("zealot", "kite it", "engage"),
        ("stalker", "kite it", "kite"),
        ("zealot", "hold the line", "hold"),
        ("stalker", "dance", "engage"),
    ],
)
def test_a_new_skill_serves_a_task_that_is_asked_of_its_unit(unit_type: str, task: str, served: str) -> None:
    wanted = Want(MISSING, unit_type, "focus_fire", task, "better", "", SEEN, 0, 0, 0)
    (aim,) = Aims().choose(Situation(SCENARIO, LIBRARY, (wanted,)), 1)
    assert (aim.name, aim.tasks, aim.parent) == (f"{unit_type}_{served}", (served,), None)


@pytest.mark.parametrize("name", ["evolve_improve", "evolve_new"])
def test_prompts_tell_the_whole_form_of_a_skill(name: str) -> None:
    assert "$format" in load_evolve_prompts().sources[name]
