"""Workers: every seed once, replaced when killed, errors told apart."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from compass.errors import InputError
from compass.evaluate.workers import play_all

PLAYERS = """
import os, signal, time
from contextlib import contextmanager
from pathlib import Path
from compass.errors import InputError

def square(seed):
    return seed * seed

@contextmanager
def plain():
    yield square

@contextmanager
def dies(folder, seed_of_death, times):
    def play(seed):
        marks = Path(folder)
        if seed == seed_of_death and len(list(marks.iterdir())) < times:
            (marks / str(time.monotonic_ns())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return seed * seed
    yield play

@contextmanager
def never_starts():
    os._exit(7)
    yield square

@contextmanager
def refuses():
    raise InputError("no such skill")
    yield square

@contextmanager
def has_a_bug():
    def play(seed):
        raise KeyError("slot")
    yield play
"""


@pytest.fixture
def players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of players that worker processes can import too."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "compass_test_players.py").write_text(PLAYERS)
    monkeypatch.syspath_prepend(folder)
    import compass_test_players

    return compass_test_players


def test_every_seed_is_played_once(players):
    played = list(play_all(range(3, 10), players.plain, 2))
    assert sorted((each.seed, each.value, each.died) for each in played) == [(n, n * n, "") for n in range(3, 10)]


def test_there_may_be_more_seeds_than_fit_into_memory(players):
    with closing(play_all(range(2**64), players.plain, 1)) as played:
        assert [next(played).value for _ in range(3)] == [0, 1, 4]


def test_a_killed_worker_is_replaced_and_its_seed_played_again(players, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    played = list(play_all(range(5), partial(players.dies, str(marks), 2, 1), 2))
    assert sorted((each.seed, each.value, each.died) for each in played) == [(n, n * n, "") for n in range(5)]


def test_a_seed_that_kills_its_worker_twice_counts_as_crashed(players, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    played = {each.seed: each for each in play_all(range(4), partial(players.dies, str(marks), 1, 9), 1)}
    assert sorted(played) == [0, 1, 2, 3]
    assert played[1].value is None and "SIGKILL" in played[1].died
    assert [played[n].value for n in (0, 2, 3)] == [0, 4, 9]
    assert len(list(marks.iterdir())) == 2


def test_workers_that_cannot_start_are_not_replaced_for_ever(players):
    with pytest.raises(RuntimeError, match="before they begin to play, the last with exit code 7"):
        list(play_all(range(100), players.never_starts, 1))


def test_bad_input_found_in_a_worker_stays_bad_input(players):
    with pytest.raises(InputError, match="no such skill"):
        list(play_all(range(3), players.refuses, 1))


def test_a_bug_in_a_worker_is_raised_with_its_traceback(players):
    with pytest.raises(RuntimeError, match=r"failed on seed 0(.|\n)*KeyError: 'slot'"):
        list(play_all(range(3), players.has_a_bug, 1))
