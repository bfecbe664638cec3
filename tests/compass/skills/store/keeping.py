"""What the tests of the store share: skills that differ, candidates and verdicts, and what must hold of any library on disk."""

from __future__ import annotations

from pathlib import Path

from compass.skills.library import Skill, check_content, load_library, read_skill_file, skill_files
from compass.skills.store import Candidate, Judgement, Store
from compass.skills.store.shelf import digest


def source(words: str) -> str:
    """A skill's text; `words` make it another."""
    head = f'"""Hold: {words}.\n\nunit_types: any\n"""\n'
    return (
        head + "\n\ndef score_target(unit, obs):\n    return 0.0\n\n\ndef control_logic(obs, memory):\n    return 1\n"
    )


def sha256(text: str) -> str:
    return digest(text.encode())


def candidate(name: str, text: str, parent: str | None, by: str = "scripted") -> Candidate:
    """A proposal of this text in place of the text `parent`."""
    made_from = None if parent is None else sha256(parent)
    return Candidate(name, text, by, made_from, "to hold better", f"improve {name}", text, {"seed": 7})


ADMIT = Judgement("admitted", "25 to 15", {"passed": True}, {"pairs": 40, "candidate_wins": 25}, 80)
REJECT = Judgement("rejected", "11 to 29", {"passed": True}, {"pairs": 40, "candidate_wins": 11}, 80)
UNDECIDED = Judgement("undecided", "45 to 45", {"passed": True}, {"pairs": 90, "candidate_wins": 45}, 180)


def admit(store: Store, name: str, text: str, parent: str | None) -> Judgement:
    """Submit and admit; what came of it."""
    return store.judge(store.submit(candidate(name, text, parent)), ADMIT)


def kinds(folder: Path, name: str | None = None) -> list[str]:
    """The kinds of a library's events as another process reads them, without the tellings of what was begun."""
    return [event.kind for event in Store(folder).events(name) if event.kind != "begun"]


def check_whole(folder: Path) -> Store:
    """After a look the library loads, all that is kept can be read, and the log tells what lies on the disk; gives the store."""
    load_library(folder)
    Store(folder).notice()
    store = Store(folder)
    assert store.notice() == ()
    assert not [event for event in store.events() if event.kind == "unreadable"]
    assert {path.name for path in (folder / ".library").glob(".*")} <= {".change.part", ".format.part"}
    for kept in store.candidates():
        store.source(kept.sha256)
        assert all(store.text(text) for text in (kept.prompt, kept.reply) if text)
    states = {name: each.state for name, each in store.statistics().items()}
    for path in skill_files(folder):
        content = read_skill_file(path)
        assert isinstance(content, bytes) and store.source(digest(content)).encode() == content
        good = isinstance(check_content(content, path), Skill)
        assert states.pop(path.stem) == ("live" if good else "broken")
        if good:
            assert store.history(path.stem)[-1].sha256 == digest(content)
    assert set(states.values()) <= {"retired", "removed", "never live"}
    assert all(isinstance(store.source(version.sha256), str) for name in states for version in store.history(name))
    return store
