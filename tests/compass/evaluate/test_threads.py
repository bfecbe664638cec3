"""Episodes side by side in one process: every seed once, none held up, and a clean end whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from compass.errors import InputError
from compass.evaluate.threads import play_beside
from compass.evaluate.workers import MAX_DEATHS, Play, Unfit


@contextmanager
def doubling() -> Iterator[Play]:
    yield lambda seed: 2 * seed


def always(running: int) -> bool:
    return True


def never_needed() -> None:
    raise AssertionError("nobody waits")


def test_every_seed_is_played_once() -> None:
    played = list(play_beside(range(20), doubling, 3, always, never_needed))
    assert sorted((each.seed, each.value) for each in played) == [(seed, 2 * seed) for seed in range(20)]


def test_a_waiting_episode_holds_up_no_other() -> None:
    gate = threading.Event()

    @contextmanager
    def player() -> Iterator[Play]:
        yield lambda seed: gate.wait() if seed == 0 else seed

    results = play_beside(range(6), player, 2, always, gate.set)
    assert sorted(next(results).seed for _ in range(5)) == [1, 2, 3, 4, 5]
    gate.set()
    assert [each.seed for each in results] == [0]


def test_what_a_player_raises_ends_the_others() -> None:
    gate = threading.Event()

    @contextmanager
    def player() -> Iterator[Play]:
        def play(seed: int) -> int:
            if seed == 1:
                raise InputError("the key is wrong")
            gate.wait()
            raise RuntimeError("interrupted")

        yield play

    with pytest.raises(InputError, match="the key is wrong"):
        list(play_beside(range(4), player, 2, always, gate.set))
    assert gate.is_set()
    assert not any(thread.name.startswith("episode") for thread in threading.enumerate())


def test_what_others_had_finished_comes_before_the_exception() -> None:
    both = threading.Barrier(2)

    @contextmanager
    def player() -> Iterator[Play]:
        def play(seed: int) -> int:
            both.wait()
            if seed == 1:
                raise InputError("the key is wrong")
            time.sleep(0.05)
            return seed

        yield play

    results = play_beside(range(2), player, 2, always, lambda: None)
    assert next(results).seed == 0
    with pytest.raises(InputError, match="the key is wrong"):
        next(results)


def test_closing_it_early_interrupts_those_that_wait() -> None:
    gate = threading.Event()

    @contextmanager
    def player() -> Iterator[Play]:
        yield lambda seed: seed if seed == 0 else gate.wait()

    results = play_beside(range(9), player, 2, always, gate.set)
    assert next(results).seed == 0
    results.close()
    assert gate.is_set()


def test_nobody_begins_without_being_admitted() -> None:
    asked: list[int] = []

    def admit(running: int) -> bool:
        asked.append(running)
        return len(asked) <= 4

    assert len(list(play_beside(range(50), doubling, 1, admit, never_needed))) == 4
    assert asked == [0, 0, 0, 0, 0]


def test_a_player_that_lost_its_footing_is_replaced_and_the_seed_played_again() -> None:
    made: list[int] = []

    @contextmanager
    def player() -> Iterator[Play]:
        made.append(0)

        def play(seed: int) -> int:
            if seed == 2 and len(made) == 1:
                raise Unfit("because it was killed")
            if seed == 4:
                raise Unfit("because it was killed")
            return seed

        yield play

    played = {each.seed: each for each in play_beside(range(6), player, 1, always, never_needed)}
    assert [seed for seed, each in played.items() if each.value == seed] == [0, 1, 2, 3, 5]
    assert f"died {MAX_DEATHS} times, at last because it was killed" in played[4].died
    assert len(made) == 1 + 1 + MAX_DEATHS
