"""The scripted model as a server, asked as any client would ask it."""

from __future__ import annotations

import http.client
import json
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings

from compass.bench.scripted_model import ScriptedModel
from compass.errors import InputError
from compass.planner import PlanRequest, ScriptedPlanner
from compass.planner.vlm.answers import Fused, told
from compass.planner.vlm.extract import answer_in
from compass.planner.vlm.render import observation_block, skills_block, units_block
from compass.planner.vlm.scripted_answers import NOT_A_PROMPT, answer
from compass.skills.library import default_library_folder, load_library
from compass.skills.retrieval import Shelf
from compass.types import Observation, Trigger
from tests.compass.observation.sights import FACTS, observations
from tests.compass.planner.vlm.playing import scripted_server

LIBRARY = load_library(default_library_folder())


def ask(connection: http.client.HTTPConnection, body: object, path: str = "/v1/chat/completions") -> tuple[int, Any]:
    connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
    response = connection.getresponse()
    return response.status, json.load(response)


def test_it_answers_what_is_no_prompt_of_ours_with_a_sentence_on_one_connection() -> None:
    content = [{"type": "text", "text": "hello"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    with scripted_server() as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        for _ in range(2):
            status, reply = ask(connection, {"model": "x", "messages": [{"role": "user", "content": content}]})
            assert status == 200
            assert reply["choices"][0]["message"]["content"] == NOT_A_PROMPT
            assert reply["usage"]["total_tokens"] > 0
            kept = connection.sock
            assert kept is not None
        connection.request("GET", "/v1/models")
        assert json.load(connection.getresponse())["data"][0]["id"] == "scripted"


@pytest.mark.parametrize(
    "body",
    [b"{", b"null", b"[1]", b"{}", b'{"messages": 3}', b'{"messages": [{"content": 3}]}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with scripted_server() as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        status, reply = ask(connection, body)
        assert (status, "not a chat completion" in reply["error"]["message"]) == (400, True)
        assert ask(connection, {}, "/v1/completions")[0] == 404


def test_an_answer_takes_the_latency() -> None:
    with scripted_server(latency=0.2) as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        began = monotonic()
        ask(connection, {"messages": []})
        assert monotonic() - began >= 0.2


@settings(max_examples=60, deadline=None)
@given(obs=observations())
def test_it_decides_as_the_scripted_planner_whatever_is_known(obs: Observation) -> None:
    obs = obs._replace(units=FACTS)
    skills = Shelf(LIBRARY.for_unit(obs.own.unit_type))
    wanted = ScriptedPlanner().decide(PlanRequest(obs, Trigger.PERIOD, skills, None))
    blocks = units_block(FACTS), observation_block(obs), skills_block(skills, with_parameters=True), told(Fused)
    said = answer_in(answer("\n".join(blocks)), Fused)
    assert (said.task, said.reasoning, said.skill) == (wanted.task, wanted.reasoning, wanted.skill)
    assert {each.name: each.value for each in said.parameters} == wanted.parameters


def test_a_prompt_that_lacks_the_world_is_told_so() -> None:
    assert "no block <observation>" in answer('- "task" (text): the sub-task')


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with scripted_server() as server, pytest.raises(InputError, match="cannot listen on port"):
        ScriptedModel(server.server_address[1])
    with pytest.raises(InputError, match="cannot listen on port 99999"):
        ScriptedModel(99999)
