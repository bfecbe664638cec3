"""Many processes at once, and people who save files in the middle of it: nothing is lost and nothing is corrupted."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from compass.skills.library import load_library
from compass.skills.store import Judgement, Store
from compass.skills.store.lock import locked
from envs.errors import InputError
from tests.compass.skills.store.keeping import ADMIT, REJECT, candidate, check_whole, sha256, source

PROCESSES, EACH = 4, 8  # by hand: 8 processes of 125
SAVES = 15
PATIENCE = 20.0


def together(work: Callable[[int], object], processes: int = PROCESSES) -> None:
    """Run the work in so many processes, each of which must end well."""
    pids = []
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * processes


def propose(folder: Path, number: int) -> None:
    """Submit candidates; every fourth is admitted, as a skill of its own or in place of `hold`."""
    store = Store(folder)
    for at in range(EACH):
        text = source(f"{number} {at}")
        if at % 4:
            store.judge(store.submit(candidate("hold", text, source("stand"))), REJECT)
        elif at % 8:
            live = load_library(folder).skills["hold"].source
            store.judge(store.submit(candidate("hold", text, live)), ADMIT)
        else:
            store.judge(store.submit(candidate(f"s{number}_{at}", text, None)), ADMIT)


def test_processes_that_write_at_once_lose_nothing(folder: Path) -> None:
    together(lambda number: propose(folder, number))
    store = check_whole(folder)
    texts = {sha256(source(f"{number} {at}")) for number in range(PROCESSES) for at in range(EACH)}
    kept = store.candidates()
    assert len(kept) == len(texts) and {each.sha256 for each in kept} == texts
    assert len({each.id for each in kept}) == len(kept) and all(each.judgement for each in kept)
    new = [each for each in kept if each.parent is None]
    assert all(each.verdict == "admitted" and store.history(each.skill)[-1].sha256 == each.sha256 for each in new)
    replaced = [each for each in kept if each.skill == "hold" and each.verdict == "admitted"]
    in_turn = [store.candidate(event["candidate"]) for event in store.events("hold") if event.kind == "admitted"]
    assert {each.id for each in replaced} == {each.id for each in in_turn} != set()
    assert [each.sha256 for each in store.history("hold")[1:]] == [each.sha256 for each in in_turn]
    assert {each.judgement.reason for each in kept if each.verdict == "rejected"} <= {
        REJECT.reason,
        "the parent changed",
    }


@pytest.mark.parametrize("whole", [True, False], ids=["by renaming", "in place"])
def test_what_people_save_meanwhile_is_never_lost(whole: bool, folder: Path) -> None:
    """One process admits without pause while another saves by hand and waits until its text is kept."""
    finished = folder / "finished"

    def save() -> None:
        draws = random.Random(3)
        try:
            for at in range(SAVES):
                text = source(f"by hand {at}")
                time.sleep(draws.random() * 0.02)
                (folder / ".hold.swp").write_text(text)
                (folder / ".hold.swp").replace(folder / "hold.py") if whole else (folder / "hold.py").write_text(text)
                kept = folder / ".library" / "versions" / f"{sha256(text)}.py"
                end = time.monotonic() + PATIENCE
                while not kept.exists():
                    assert time.monotonic() < end, text
                    time.sleep(0.001)
        finally:
            finished.touch()

    def admit_all() -> None:
        store = Store(folder)
        for at in count():
            live = load_library(folder).skills.get("hold")
            if live is not None:
                store.judge(store.submit(candidate("hold", source(f"admitted {at}"), live.source)), ADMIT)
            if finished.exists():
                return

    together(lambda number: (save, admit_all)[number](), 2)
    by = {version.by for version in check_whole(folder).history("hold")}
    assert by == {"human", "scripted"}


def test_the_lock_is_given_up_for_in_one_line(folder: Path) -> None:
    with locked(folder / "lock"), pytest.raises(InputError, match="cannot get the lock"), locked(folder / "lock", 0.05):
        pass
    with locked(folder / "lock"):
        pass


def test_a_second_verdict_needs_an_undecided_first(store: Store) -> None:
    undecided = Judgement("undecided", "", {}, None, 10)
    id_ = store.submit(candidate("hold", source("new"), source("stand")))
    store.judge(id_, undecided)
    assert store.judge(id_, REJECT) == REJECT
    with pytest.raises(InputError, match=f"{id_} of hold was rejected already"):
        store.judge(id_, ADMIT)
    assert store.statistics()["hold"].episodes == 90
