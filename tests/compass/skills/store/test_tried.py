"""Versions made by hand that were tried: which wait for it, and that a verdict is kept and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.errors import InputError
from compass.skills.store import Store
from tests.compass.skills.store.keeping import ADMIT, REJECT, admit, check_whole, kinds, source


def edit(folder: Path, name: str, words: str) -> None:
    (folder / f"{name}.py").write_text(source(words))
    Store(folder).notice()


def waiting(store: Store) -> list[tuple[str, int, int]]:
    return [(later.skill, later.number, earlier.number) for later, earlier in store.untried()]


def test_edits_by_hand_wait_until_they_are_tried_and_stay_whatever_comes_of_it(tmp_path: Path) -> None:
    for name in ("hold", "wait"):
        (tmp_path / f"{name}.py").write_text(source("first"))
    store = Store(tmp_path)
    store.notice()
    assert waiting(store) == []  # the first version of a skill has nothing to be tried against
    edit(tmp_path, "hold", "second")
    edit(tmp_path, "wait", "second")
    edit(tmp_path, "hold", "third")
    assert waiting(store) == [("hold", 2, 1), ("hold", 3, 2), ("wait", 2, 1)]

    store.record_trial("hold", 3, REJECT)
    assert waiting(store) == waiting(Store(tmp_path)) == [("hold", 2, 1), ("wait", 2, 1)]
    assert (tmp_path / "hold.py").read_text() == source("third")
    assert store.history("hold")[-1].number == 3 and kinds(tmp_path, "hold")[-1] == "tried"
    numbers = store.statistics()["hold"]
    assert (numbers.state, numbers.pairs, numbers.wins, numbers.episodes) == ("live", 40, 11, 80)
    assert (numbers.candidates, numbers.rejected) == (0, 0)
    check_whole(tmp_path)


def test_what_others_made_or_brought_back_does_not_wait(tmp_path: Path) -> None:
    (tmp_path / "hold.py").write_text(source("first"))
    store = Store(tmp_path)
    admit(store, "hold", source("better"), source("first"))
    store.revert("hold", 1)
    assert waiting(store) == []
    assert [version.by for version in store.history("hold")] == ["human", "scripted", "human"]
    edit(tmp_path, "hold", "by hand")
    assert waiting(store) == [("hold", 4, 3)]
    with pytest.raises(InputError, match="has no version 9; it has 1, 2, 3, 4"):
        store.record_trial("hold", 9, ADMIT)


def test_a_broken_edit_between_two_good_ones_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "hold.py").write_text(source("first"))
    store = Store(tmp_path)
    store.notice()
    (tmp_path / "hold.py").write_text("import os")
    store.notice()
    edit(tmp_path, "hold", "second")
    assert waiting(store) == [("hold", 2, 1)]
