"""Skills found by the embeddings of a real server, and the cache of their vectors."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from compass.skills.retrieval import rank
from compass.skills.similarity import Similarity, VectorCache
from tests.compass.models.asking import always, client
from tests.compass.skills.making import skill
from tests.model_server import Behaviour, ModelServer, embeddings

SKILLS = [
    skill("guard", says="stands still"),
    skill("runner", says="can flee from there"),
    skill("fighter", says="hits them"),
]
MODEL = "embedder"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(always("")) as running:
        yield running


def ranked(
    server: ModelServer, text: str, cache: VectorCache | None = None, told: list[str] | None = None
) -> list[str]:
    """The names by embeddings, by words where there are none."""

    async def asked() -> list[str]:
        async with client(server) as model:
            similarity = Similarity(model, MODEL, [].append if told is None else told.append, cache)
            scores = await similarity.scores(SKILLS, text)
            return [each.skill.name for each in rank(SKILLS, text, scores=scores)]

    return asyncio.run(asked())


def texts_sent(server: ModelServer) -> list[int]:
    return [len(request.body["input"]) for request in server.requests]


def test_embeddings_find_what_shares_no_word(server):
    assert ranked(server, "escape")[0] == "runner"
    assert next(each.skill.name for each in rank(SKILLS, "escape")) == "fighter"
    assert {(request.path, request.body["model"]) for request in server.requests} == {("/v1/embeddings", MODEL)}


def test_no_text_is_sent_twice(server, tmp_path):
    folder = tmp_path / "vectors"
    first = ranked(server, "escape", VectorCache(folder))
    assert ranked(server, "escape", VectorCache(folder)) == first and texts_sent(server) == [3, 1]
    assert ranked(server, "hits", VectorCache(folder))[0] == "fighter" and texts_sent(server) == [3, 1, 1]


def test_a_changed_text_or_another_model_is_asked_for_anew(server, tmp_path):
    cache = VectorCache(tmp_path)
    cache.put(MODEL, "a text", np.ones(3, dtype="<f4"))
    assert VectorCache(tmp_path).get(MODEL, "a text").tolist() == [1.0, 1.0, 1.0]
    assert VectorCache(tmp_path).get(MODEL, "a text!") is None
    assert VectorCache(tmp_path).get("another", "a text") is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"x", lambda content: content[:-1], lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:]],
)
def test_a_damaged_or_deleted_cache_is_made_again(server, tmp_path, damage):
    ranked(server, "escape", VectorCache(tmp_path))
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    whole = [path.read_bytes() for path in files]
    files[0].write_bytes(damage if isinstance(damage, bytes) else damage(whole[0]))
    files[1].unlink()
    assert ranked(server, "escape", VectorCache(tmp_path))[0] == "runner"
    assert sum(texts_sent(server)) == 6 and [path.read_bytes() for path in files] == whole


def test_vectors_of_another_length_under_the_same_name_are_replaced(server, tmp_path):
    cache = VectorCache(tmp_path)
    cache.put(MODEL, "escape", np.ones(3, dtype="<f4"))
    assert ranked(server, "escape", cache)[0] == "runner" and texts_sent(server) == [3, 4]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_cache(server, tmp_path):
    (tmp_path / "file").touch()
    assert ranked(server, "escape", VectorCache(tmp_path / "file" / "vectors"))[0] == "runner"


def _fill(folder: Path, rounds: int) -> None:
    for at in range(rounds):
        VectorCache(folder).put(MODEL, f"text {at % 20}", np.full(200, at % 20, dtype="<f4"))
        found = VectorCache(folder).get(MODEL, f"text {(at + 7) % 20}")
        assert found is None or set(found.tolist()) == {float((at + 7) % 20)}


def test_two_processes_write_one_cache_and_harm_nothing(tmp_path):
    spawn = multiprocessing.get_context("fork")
    processes = [spawn.Process(target=_fill, args=(tmp_path, 400)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 20
    for at in range(20):
        assert VectorCache(tmp_path).get(MODEL, f"text {at}").tolist() == [float(at)] * 200


def test_a_failing_endpoint_is_told_once_and_words_are_counted():
    told: list[str] = []
    with ModelServer(always(""), lambda request: Behaviour(500, {"error": {"message": "out of order"}})) as server:

        async def asked() -> list[object]:
            async with client(server) as model:
                similarity = Similarity(model, MODEL, told.append)
                return await asyncio.gather(*(similarity.scores(SKILLS, "flee") for _ in range(3)))

        assert asyncio.run(asked()) == [None] * 3
        tries = len(server.requests)
    assert tries == 4  # one call with its repetitions
    assert len(told) == 1 and "skills are found by their words instead" in told[0] and "out of order" in told[0]


def test_agents_that_ask_at_once_send_the_skills_once(server):
    async def asked() -> None:
        async with client(server) as model:
            similarity = Similarity(model, MODEL, [].append)
            await asyncio.gather(*(similarity.scores(SKILLS, f"flee {at}") for at in range(5)))

    asyncio.run(asked())
    assert sorted(texts_sent(server)) == [1, 1, 1, 1, 1, 3]


def test_a_text_without_words_for_the_model_fits_nothing(server):
    def nothing(request):
        content = embeddings(request)
        return Behaviour(body=content | {"data": [each | {"embedding": [0.0, 0.0]} for each in content["data"]]})

    server.embed = nothing
    assert ranked(server, "flee") == ["fighter", "guard", "runner"]
