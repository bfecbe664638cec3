"""Torn and damaged logs, folders that cannot be written, files that are none, full disks, formats old and new."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from compass.skills import library
from compass.skills.store import Store, place
from compass.skills.store.migrate import bring_up, check_readable, format_of, from_plain_folder
from envs.errors import InputError
from tests.compass.skills.store.keeping import ADMIT, REJECT, admit, candidate, check_whole, kinds, sha256, source

ROOT = Path(__file__).parents[4]


def test_a_torn_last_line_is_dropped_and_told_of_and_no_line_before_it(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    log = folder / ".library" / "events.jsonl"
    whole = log.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for cut in range(1, len(last)):
        log.write_bytes(whole[:-cut])
        assert len(Store(folder).events()) == whole.count(b"\n") - 1  # a reader leaves it alone
        first, *others = Store(folder).notice()
        assert (first.kind, first["bytes"]) == ("torn", len(last) - cut) or cut == len(last)
        assert [event.kind for event in others] == ["admitted"]
        assert log.read_bytes().startswith(whole[: -len(last)])
    check_whole(folder)


def test_a_line_that_somebody_damaged_is_shown_and_stands_in_nobodys_way(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    log = folder / ".library" / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[1:1] = [b"{oops\n", b'["a list"]\n', b'{"event":"found","at":"","skill":"x"}\n', b"\xff\n", b"\n"]
    log.write_bytes(b"".join(lines))
    again = Store(folder)
    assert [event.number for event in again.events() if event.kind == "unreadable"] == [2, 3, 4, 5, 6]
    assert again.notice() == () and len(again.history("hold")) == 2
    assert admit(again, "hold", source("more"), source("wait")).verdict == "admitted"


def test_a_line_of_a_wrong_form_is_named(store: Store, folder: Path) -> None:
    store.judge(store.submit(candidate("hold", source("wait"), source("stand"))), REJECT)
    log = folder / ".library" / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"judgement":{', b'"judgement":{"opinion":1,'))
    with pytest.raises(InputError, match=r"events\.jsonl, line 3 was changed and is no longer what it was; delete"):
        Store(folder).history("hold")


def test_pipes_in_the_place_of_files_are_not_waited_for(store: Store, folder: Path) -> None:
    store.notice()
    kept = folder / ".library"
    (folder / "hold.py").write_text("x =")
    pipes = [kept / "lock", kept / "versions" / f"{sha256(source('stand'))}.py", kept / "events.jsonl", kept / "format"]
    for path in pipes:
        path.unlink()
        os.mkfifo(path)
        if path.name in ("format", "events.jsonl"):
            with pytest.raises(InputError, match=f"cannot read .*{path.name}: not a regular file"):
                Store(folder).events()
            with pytest.raises(InputError):
                Store(folder).notice()
        else:
            Store(folder).notice()
            assert bool(Store(folder).live().skills) == (path.name == "lock")


def test_kinds_of_events_that_are_not_known_yet_change_nothing(store: Store, folder: Path) -> None:
    store.notice()
    with (folder / ".library" / "events.jsonl").open("a") as log:
        log.write('{"event":"praised","at":"2100-01-01","skill":"hold"}\n')
    assert store.notice() == () and kinds(folder) == ["found", "praised"]


def test_without_its_hidden_folder_a_library_begins_anew(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    shutil.rmtree(folder / ".library")
    assert store.events() == () and not store.exists
    assert [event.kind for event in store.notice()] == ["found"]
    assert [version.sha256 for version in check_whole(folder).history("hold")] == [sha256(source("wait"))]


def test_what_was_kept_and_is_gone_or_changed_is_named(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    kept = folder / ".library" / "versions" / f"{sha256(source('stand'))}.py"
    kept.write_text(source("forged"))
    with pytest.raises(InputError, match="was changed and is no longer what it was"):
        store.revert("hold", 1)
    kept.unlink()
    with pytest.raises(InputError, match="No such file"):
        store.revert("hold", 1)
    assert (folder / "hold.py").read_text() == source("wait")


def test_links_folders_pipes_and_giants_in_place_of_skills_are_left_alone(store: Store, folder: Path) -> None:
    (folder.parent / "real.py").write_text(source("real"))
    (folder / "link.py").symlink_to("../real.py")
    (folder / "nowhere.py").symlink_to("nothing")
    (folder / "inside.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    (folder / "giant.py").write_text("#" * 70_000)
    (folder / "latin.py").write_bytes(b"\xe9")
    (folder / "br\xfcllen.py").write_text(source("loud"))
    (folder / os.fsdecode(b"\xff.py")).write_text(source("odd"))
    assert sorted({event.kind for event in store.notice()}) == ["broken", "found"]
    assert store.notice() == ()
    before = {path.name: path.lstat() for path in folder.iterdir()}
    stands = admit(store, "link", source("wait"), source("real"))
    assert stands.verdict == "rejected" and "link.py is a link to ../real.py" in stands.reason
    with pytest.raises(InputError, match="is a link to"):
        store.retire("link", "useless")
    for name in ("inside", "pipe", "giant", "nowhere"):
        assert admit(store, name, source("wait"), None).reason == "the parent changed"
        with pytest.raises(InputError, match=r"no readable skill file; move it away|is a link"):
            store.retire(name, "useless")
    after = {path.name: path.lstat() for path in folder.iterdir()}
    assert {name: state.st_ino for name, state in after.items()} == {name: each.st_ino for name, each in before.items()}


def test_a_folder_that_others_own_is_read_and_not_changed() -> None:
    """As a user without rights, in a process of their own."""
    with tempfile.TemporaryDirectory() as place_:
        folder = Path(place_)
        (folder / "hold.py").write_text(source("stand"))
        admit(Store(folder), "hold", source("wait"), source("stand"))
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        code = (
            "import os, sys; from pathlib import Path; from compass.skills.store import Store\n"
            "if os.geteuid() == 0: os.setresuid(65534, 65534, 65534)\n"
            "store = Store(Path(sys.argv[1])); print(len(store.history('hold')), store.live().skills['hold'].summary)\n"
            "store.notice()"
        )
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code, place_], env=environment, capture_output=True, text=True, check=False
        )
        folder.chmod(0o755)
        (folder / ".library").chmod(0o755)
        for path in (folder / ".library").iterdir():
            path.chmod(0o755)
    assert done.stdout == "2 wait.\n", done.stderr
    *_, last = done.stderr.splitlines()
    assert last.startswith(
        f"envs.errors.InputError: cannot write in {folder}: Permission denied; make a copy of your own"
    )
    assert "compass skills init DIR" in last


def test_a_file_in_place_of_the_hidden_folder_is_named(store: Store, folder: Path) -> None:
    (folder / ".library").write_text("")
    for act in (store.notice, store.events):
        with pytest.raises(InputError, match=r"cannot (read|write in) "):
            act()


def test_the_shipped_library_of_an_installed_copy_is_not_changed(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_INSTALLED", folder)
    with pytest.raises(InputError, match=r"is the shipped library and is not changed; .* compass skills init DIR"):
        store.notice()
    assert store.history("hold") == () and [path.name for path in folder.iterdir()] == ["hold.py"]


@pytest.mark.parametrize("size", [1, 100, 700])
def test_on_a_full_disk_nothing_is_lost(size: int, store: Store, folder: Path) -> None:
    """No file may grow beyond its first `size` bytes more than the log has now, as on a disk that fills."""
    store.notice()
    id_ = store.submit(candidate("hold", source("wait"), source("stand")))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = folder / ".library" / "events.jsonl"
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + size, hard))
    try:
        failed = False
        for text in ("more", "still more", "even more"):
            try:
                store.judge(id_, ADMIT) if store.candidate(id_).verdict is None else store.submit(
                    candidate("hold", source(text), None)
                )
            except InputError as error:
                failed = True
                assert "cannot write in" in str(error) and "make room and try again; nothing is lost" in str(error)
        assert failed
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert check_whole(folder).candidate(id_).sha256 == sha256(source("wait"))
    assert "torn" not in kinds(folder)


def test_where_files_cannot_trade_names_one_replaces_the_other(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_renameat2", None)
    assert admit(store, "hold", source("wait"), source("stand")).verdict == "admitted"
    assert check_whole(folder).history("hold")[-1].sha256 == sha256(source("wait"))


@pytest.mark.parametrize("move", ["replace", "create", "remove"])
def test_what_is_saved_at_the_very_moment_of_a_change_goes_back(move: str, tmp_path: Path) -> None:
    """The change was begun, and somebody's file came out of it."""
    old, new, saved = b"old", b"new", b"saved by hand"
    target, staged, kept = tmp_path / "a.py", tmp_path / ".change", []
    content, expected = {
        "replace": (new, place.digest(old)),
        "create": (new, None),
        "remove": (None, place.digest(old)),
    }[move]
    staged.write_bytes(saved)
    if content is not None:
        target.write_bytes(new)
    assert place.place(target, staged, expected, content, kept.append) is False
    assert (target.read_bytes(), kept, staged.exists()) == (saved, [saved], False)


def test_formats_go_up_one_by_one_and_a_killed_step_is_made_again(tmp_path: Path) -> None:
    made: list[int] = []

    def second(home: Path) -> None:
        made.append(2)
        (home / "texts").rename(home / "words") if (home / "texts").exists() else None
        if len(made) == 1:
            raise KeyboardInterrupt

    steps = {1: from_plain_folder, 2: second, 3: lambda home: made.append(3)}
    with pytest.raises(KeyboardInterrupt):
        bring_up(tmp_path, steps)
    assert format_of(tmp_path, steps) == 1
    with pytest.raises(InputError, match="is of format 1 and not yet of 3"):
        check_readable(tmp_path, steps)
    bring_up(tmp_path, steps)
    assert (made, format_of(tmp_path, steps), (tmp_path / "words").is_dir()) == ([2, 2, 3], 3, True)
    bring_up(tmp_path, steps)
    assert made == [2, 2, 3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("2\n", "is of format 2; this version of compass knows up to 1: update"),
        ("two", "is damaged: it should hold a number"),
    ],
)
def test_other_formats_are_refused_by_readers_and_writers(
    content: str, reason: str, store: Store, folder: Path
) -> None:
    store.notice()
    (folder / ".library" / "format").write_text(content)
    for act in (store.notice, store.events, store.statistics, lambda: store.submit(candidate("a", "b", None))):
        with pytest.raises(InputError, match=reason):
            act()
