"""The loop of the calls: results and errors cross threads, and leaving ends what is under way."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from compass.models.loop import ModelLoop
from tests.compass.models.asking import call, client
from tests.model_server import Behaviour, ModelServer


async def doubled(number):
    await asyncio.sleep(0.001)
    return 2 * number


async def failing():
    raise ValueError("so it is")


async def for_ever(begun, ended):
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append(True)


def test_results_and_errors_reach_every_thread():
    with ModelLoop() as loop, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda number: loop.run(doubled(number)), range(40))) == [2 * k for k in range(40)]
        assert loop.submit(doubled(4)).result() == 8
        with pytest.raises(ValueError, match="so it is"):
            loop.run(failing())


def test_leaving_ends_what_is_under_way():
    begun, ended = threading.Event(), []
    with ModelLoop() as loop:
        future = loop.submit(for_ever(begun, ended))
        begun.wait()
    assert future.cancelled() and ended == [True]
    assert not any(thread.name == "model-loop" for thread in threading.enumerate())


def test_leaving_frees_threads_that_wait():
    begun, ended = threading.Event(), []
    with ThreadPoolExecutor(1) as threads:
        with ModelLoop() as loop:
            waiting = threads.submit(loop.run, for_ever(begun, ended))
            begun.wait()
        with pytest.raises(CancelledError):
            waiting.result(timeout=10)


def test_what_has_not_begun_is_cancelled_too():
    for _ in range(50):
        with ModelLoop() as loop:
            futures = [loop.submit(doubled(1)) for _ in range(20)]
        assert all(future.done() for future in futures)


def test_an_exception_in_the_body_passes():
    with pytest.raises(KeyError), ModelLoop() as loop:
        loop.submit(doubled(1))
        raise KeyError


def test_nothing_runs_outside_of_it():
    loop = ModelLoop()
    with pytest.raises(RuntimeError):
        loop.run(doubled(1))
    with loop:
        pass
    with pytest.raises(RuntimeError):
        loop.submit(doubled(1))


def test_leaving_with_calls_in_flight_closes_their_connections():
    with ModelServer(lambda request: Behaviour(hang=True)) as server:
        with ModelLoop() as loop:
            model = loop.run(client(server).__aenter__())
            futures = [loop.submit(model.ask(call())) for _ in range(5)]
            while len(server.requests) < 5:
                assert not any(future.done() for future in futures)
        assert all(future.cancelled() for future in futures)
