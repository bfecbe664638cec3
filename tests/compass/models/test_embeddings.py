"""Embeddings from a real server, as it should answer and otherwise."""

from __future__ import annotations

import asyncio
import json

import pytest

from compass.errors import InputError
from compass.models.embeddings import MOST_TEXTS
from tests.compass.models.asking import KEY, always, client
from tests.model_server import Behaviour, ModelServer, embeddings


def embed(server, texts, **options):
    """The vectors of a new client."""

    async def asked():
        async with client(server, **options) as model:
            return await model.embed("embedder", texts)

    return asyncio.run(asked())


def test_every_text_has_its_vector_in_order_however_many_there_are():
    texts = [f"word{at}" for at in range(MOST_TEXTS + 3)]
    with ModelServer(always("")) as server:
        vectors = embed(server, texts)
    alone = {text: embeddings({"input": [text], "model": ""})["data"][0]["embedding"] for text in texts}
    assert [list(vector) for vector in vectors] == [alone[text] for text in texts]
    assert [len(request.body["input"]) for request in server.requests] == [MOST_TEXTS, 3]
    assert {request.body["encoding_format"] for request in server.requests} == {"float"}
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}


def test_no_texts_are_not_asked_for():
    with ModelServer(always("")) as server:
        assert embed(server, []) == [] and server.requests == []


def test_what_may_pass_is_tried_again():
    answers = iter([Behaviour(429, {}), Behaviour(503, {}), Behaviour(reset=True)])
    with ModelServer(always(""), lambda request: next(answers, Behaviour(body=embeddings(request)))) as server:
        assert len(embed(server, ["kite"])) == 1 and len(server.requests) == 4


ONE = {"index": 0, "embedding": [1.0]}
TWO = {"index": 1, "embedding": [2.0]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "no JSON"),
        ({"data": {}}, "one entry for each of 2 texts"),
        ([], "one entry for each of 2 texts"),
        ({"data": [ONE]}, "one entry for each of 2 texts"),
        ({"data": [ONE, 3]}, "an entry is no object"),
        ({"data": [ONE, ONE]}, "not one a text"),
        ({"data": [ONE, TWO | {"index": 5}]}, "not one a text"),
        ({"data": [ONE, TWO | {"index": 0}]}, "not one a text"),
        ({"data": [ONE, TWO | {"embedding": [1e300]}]}, "no list of numbers"),
        ({"data": [ONE, TWO | {"embedding": [1.0, 2.0]}]}, "of one length"),
        ({"data": [ONE, TWO | {"embedding": []}]}, "no list of numbers"),
        ({"data": [ONE, TWO | {"embedding": "AACAPw=="}]}, "no list of numbers"),
        ({"data": [ONE, TWO | {"embedding": [True]}]}, "no list of numbers"),
        ({"data": [ONE, TWO | {"embedding": [None]}]}, "no list of numbers"),
    ],
)
def test_a_reply_that_holds_none_is_told(body, told):
    content = body if isinstance(body, str) else json.dumps(body)
    with ModelServer(always(""), lambda request: Behaviour(body=content)) as server:
        with pytest.raises(InputError, match=told):
            embed(server, ["kite", "flee"])
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_told_once_without_the_key(status):
    refusal = Behaviour(status, {"error": {"message": f"bad model or key {KEY}"}})
    with ModelServer(always(""), lambda request: refusal) as server, pytest.raises(InputError) as caught:
        embed(server, ["kite"])
    assert len(server.requests) == 1 and KEY not in str(caught.value) and str(status) in str(caught.value)
