"""`compass skills search`."""

from __future__ import annotations

import json

import pytest

from compass.skills.library import init_library
from compass.skills.store import Candidate, Judgement, Store
from tests.compass.models.asking import always
from tests.compass.skills.making import skill, write
from tests.model_server import Behaviour, ModelServer

SKILLS = (
    skill("guard", "marine", ["hold"], "stands [red]still[/red]"),
    skill("runner", "any", ["regroup"], "can flee from there"),
    skill("fighter", "marine, stalker", ["engage", "kite"], "hits them and does not flee"),
)


@pytest.fixture
def folder(tmp_path):
    """A plain library of three skills."""
    return write(tmp_path / "library", SKILLS)


@pytest.fixture
def kept(folder):
    """The same with a store, and a fourth skill that a trial has proven."""
    store = Store(folder)
    new = skill("striker", "any", ["engage"], "hits them")
    proposed = Candidate(new.name, new.source, "scripted", None, "", None, None, {})
    store.judge(store.submit(proposed), Judgement("admitted", "", {}, {"interval": [0.042, 0.2]}, 0))
    return folder


def found(ran):
    return [each["name"] for each in json.loads(ran.out)["found"]]


def test_skills_are_found_by_task_text_and_unit_type_and_it_is_told_why(compass, folder):
    ran = compass("skills", "search", "flee now", "--skills", folder, "--json")
    told = json.loads(ran.out)
    assert (told["text"], told["unit_type"], told["by"]) == ("flee now", None, "words") and not ran.err
    assert sorted(found(ran)) == ["fighter", "runner"]
    first = json.loads(compass("skills", "search", "engage", "--skills", folder, "--json").out)["found"][0]
    assert first == {
        "rank": 1,
        "name": "fighter",
        "unit_types": ["marine", "stalker"],
        "tasks": ["engage", "kite"],
        "score": 2.0,
        "why": {"task": "engage", "text": 1.0, "proven": 0.0, "since": None},
    }
    assert found(compass("skills", "search", "flee", "--unit-type", "zealot", "--skills", folder, "--json")) == [
        "runner"
    ]
    assert not (folder / ".library").exists()


def test_the_table_says_what_counted(compass, kept):
    lines = compass("skills", "search", "engage", "--skills", kept).out.splitlines()
    assert lines[0].split() == ["rank", "skill", "unit", "types", "tasks", "score", "because"]
    assert lines[1].split()[:2] == ["1", "fighter"] and "serves engage, text 1.0, since 2" in lines[1]
    assert lines[2].split()[:2] == ["2", "striker"] and "proven +4.2 points, since 2" in lines[2]
    assert len(lines) == 3
    assert "[red]still" not in compass("skills", "search", "still", "--skills", kept).out


def test_without_a_text_the_proven_come_first(compass, kept):
    assert found(compass("skills", "search", "", "--skills", kept, "--top-k", "1", "--json")) == ["striker"]


def test_a_text_that_nobody_has_a_word_of_is_said(compass, folder):
    ran = compass("skills", "search", "xyzzy", "--skills", folder)
    assert (ran.code, ran.out) == (0, "") and "no skill has a word of this" in ran.err


def test_a_damaged_past_costs_the_proofs_alone(compass, kept):
    (kept / ".library" / "format").write_text("99")
    ran = compass("skills", "search", "engage", "--skills", kept, "--json")
    assert found(ran) == ["fighter", "striker"] and "nothing counts as proven or recent" in ran.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--unit-type", "stalkr"), "did you mean stalker"),
        (("--top-k", "0"), "give 1 or more"),
        (("--base-url", "http://127.0.0.1:1/v1"), "--embedding-model"),
    ],
)
def test_bad_options_are_told_in_one_line(compass, folder, options, told):
    ran = compass("skills", "search", "flee", "--skills", folder, *options)
    assert ran.code == 2 and told in ran.err and ran.err.count("\n") == 1


def test_embeddings_are_cached_beside_a_kept_library_and_leave_a_plain_one_plain(compass, kept, tmp_path):
    plain = tmp_path / "plain"
    init_library(plain)
    with ModelServer(always("")) as server:
        options = ("--embedding-model", "embedder", "--base-url", server.base_url, "--json")
        ran = compass("skills", "search", "escape", "--skills", kept, *options)
        assert json.loads(ran.out)["by"] == "embeddings" and found(ran)[0] in ("runner", "fighter")
        again = compass("skills", "search", "escape", "--skills", kept, *options)
        assert found(again) == found(ran) and [len(each.body["input"]) for each in server.requests] == [4, 1]
        compass("skills", "search", "escape", "--skills", plain, *options)
    assert len(list((kept / ".library" / "vectors").iterdir())) == 5 and not (plain / ".library").exists()


def test_a_server_without_embeddings_is_told_once_and_words_are_counted(compass, folder):
    with ModelServer(always(""), lambda request: Behaviour(404, {"error": {"message": "not here"}})) as server:
        ran = compass(
            "skills", "search", "flee", "--skills", folder, "--embedding-model", "e", "--base-url", server.base_url
        )
    assert ran.code == 0 and "runner" in ran.out
    assert ran.err.count("skills are found by their words instead") == 1
    assert "no embeddings (404: not here)" in " ".join(ran.err.split())
