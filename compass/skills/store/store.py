"""The store of one library: looks, submits, judges, reverts, and answers what is known. See `Store`."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from compass.errors import InputError, unknown
from compass.skills.library import Broken, Skill, check_content, is_installed, read_skill_file, skill_files
from compass.skills.store.ledger import Kept, Version
from compass.skills.store.lock import locked
from compass.skills.store.log import Event, as_text
from compass.skills.store.migrate import bring_up
from compass.skills.store.place import UNKNOWN, place
from compass.skills.store.reader import StoreReader
from compass.skills.store.records import ADMITTED, HUMAN, REJECTED, Candidate, Judgement
from compass.skills.store.shelf import digest

PARENT_CHANGED = "the parent changed"
"""Why a candidate is rejected whose skill's file no longer holds what the candidate was made from."""

_LONGEST_NAME = 100
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Store(StoreReader):
    """Everything known of one library folder beside its skill files, which alone say what is played.

    What changes something holds a lock, so any number of processes and threads may do so at once, and editors may save at any
    moment. Reading needs no lock and works on a folder of which nothing is kept, which then has no history. A killed process
    leaves a library that loads; what it had begun is completed or dropped by whoever changes or looks next.

    All methods raise `InputError` where something is missing, damaged, or cannot be written, with the way out.
    """

    def notice(self) -> tuple[Event, ...]:
        """Look at the skill files; what was done to them by hand since the last look is recorded and returned.

        Events of kinds "found", "edited", "broken" and "removed", and what became of changes whose process was killed.
        """
        with self._changing() as before:
            self._look()
            return tuple(self._ledger.events[before:])

    def submit(self, candidate: Candidate) -> str:
        """Keep a candidate, whatever it is; its id."""
        with self._changing():
            self._look()
            taken = self._ledger.candidates
            id_ = next(id_ for id_ in (f"c{n}" for n in count(len(taken) + 1)) if id_ not in taken)
            words = [
                None if text is None else self._texts.put(as_text(text)) for text in (candidate.prompt, candidate.reply)
            ]
            self._record(
                "submitted",
                candidate.name,
                candidate=id_,
                sha256=self._sources.put(as_text(candidate.source)),
                by=candidate.by,
                parent=candidate.parent,
                reason=candidate.reason,
                prompt=words[0],
                reply=words[1],
                evidence=dict(candidate.evidence),
            )
            return id_

    def judge(self, candidate_id: str, judgement: Judgement) -> Judgement:
        """Record what came of a candidate, and write an admitted one into its skill's file.

        Returns the judgement that stands: an admitted candidate is rejected all the same when its skill's file is no longer what
        the candidate was made from (`PARENT_CHANGED`), or when it is no skill.
        """
        with self._changing():
            self._look()
            kept = self._candidate(candidate_id)
            if kept.verdict in (ADMITTED, REJECTED):
                raise InputError(f"candidate {candidate_id} of {kept.skill} was {kept.verdict} already")
            refusal = self._refusal(kept) if judgement.verdict == ADMITTED else ""
            if refusal:
                judgement = replace(judgement, verdict=REJECTED, reason=refusal)
            if judgement.verdict == ADMITTED:
                words = {"reason": judgement.reason, "candidate": candidate_id, "judgement": judgement.fields()}
                self._change(ADMITTED, kept.skill, kept.sha256, kept.by, **words)
            else:
                self._record("judged", kept.skill, candidate=candidate_id, judgement=judgement.fields())
            stands = self._candidate(candidate_id).judgement
            assert stands is not None
            return stands

    def refusal(self, candidate_id: str) -> str:
        """Why a candidate could not be admitted as things stand, "" if nothing keeps it out: battles for it would be wasted."""
        with self._changing():
            self._look()
            return self._refusal(self._candidate(candidate_id))

    def record_trial(self, name: str, number: int, judgement: Judgement) -> None:
        """Record what came of trying a version against the one before it. Its file is left as it is, whatever the verdict."""
        with self._changing():
            self._look()
            version = self._version(name, number)
            self._record("tried", name, version=number, sha256=version.sha256, judgement=judgement.fields())

    def revert(self, name: str, number: int, by: str = HUMAN) -> Version:
        """Make an earlier version live again, as a new version. A retired skill comes back with it."""
        with self._changing():
            self._look()
            version = self._version(name, number)
            if self._ledger.present.get(name) == version.sha256:
                raise InputError(f"{name} is what version {number} is; compass skills log {name} shows its versions")
            return self._put_back("reverted", version, by, f"to version {number}")

    def retire(self, name: str, reason: str, by: str = HUMAN) -> None:
        """Take a skill out of the library; all its versions stay."""
        with self._changing():
            self._look()
            if name not in self._ledger.present:
                last = self._history(name)[-1]
                raise InputError(f"{name} is {self._ledger.state(name)} already; version {last.number} was its last")
            if len(self._ledger.present) == 1:
                raise InputError(
                    f"{name} is the only skill of {self.folder}, and a library needs one; add another first"
                )
            self._change_or_complain("retired", name, None, by, reason)

    def restore(self, name: str, by: str = HUMAN) -> Version:
        """Bring back the last good version of a skill that was retired, removed, or broken by an edit."""
        with self._changing():
            self._look()
            last = self._history(name)[-1]
            if self._ledger.state(name) == "live":
                raise InputError(
                    f"{name} is live; to go back to an earlier version: compass skills revert {name} NUMBER"
                )
            return self._put_back("restored", last, by, f"version {last.number}")

    @contextmanager
    def _changing(self) -> Iterator[int]:
        """Hold the lock, with everything known and nothing pending; gives the number of events before that."""
        if not self.folder.is_dir():
            skill_files(self.folder)  # says what is wrong and what to do
        own = "make a copy of your own that can be changed: compass skills init DIR, then --skills DIR"
        if is_installed(self.folder):
            raise InputError(f"{self.folder} is the shipped library and is not changed; {own}")
        try:
            with self._guard:
                self._home.mkdir(exist_ok=True)
                with locked(self._home / "lock"):
                    bring_up(self._home)
                    lost = self._log.mend()
                    self._refresh()
                    before = len(self._ledger.events)
                    if lost:
                        self._record("torn", "", bytes=lost)
                    if self._ledger.pending is not None:
                        self._carry_out(self._ledger.pending)
                    yield before
        except OSError as error:
            way_out = "make room and try again; nothing is lost" if error.errno in _NO_ROOM else own
            raise InputError(f"cannot write in {self.folder}: {error.strerror or error}; {way_out}") from None

    def _record(self, kind: str, name: str, **details: Any) -> Event:
        event = self._log.append(kind, name, details)
        self._ledger.take(event)
        return event

    def _look(self) -> None:
        """Record how the skill files differ from what they should be."""
        files = {as_text(path.stem).decode(): path for path in skill_files(self.folder)}
        present = self._ledger.present
        for name, path in files.items():
            content = read_skill_file(path)
            sha256 = UNKNOWN if isinstance(content, Broken) else digest(content)
            if present.get(name) == sha256:
                continue
            previous = present.get(name)
            found = content if isinstance(content, Broken) else self._kept_and_checked(content, path)
            if isinstance(found, Broken):
                self._record("broken", name, sha256=sha256, line=found.line, reason=found.reason, by=HUMAN)
            elif previous is None:
                self._record("found", name, sha256=sha256, by=HUMAN)
            else:
                self._record("edited", name, sha256=sha256, previous=previous, by=HUMAN)
        for name in sorted(present.keys() - files.keys()):
            self._record("removed", name, previous=present[name], by=HUMAN)

    def _kept_and_checked(self, content: bytes, path: Path) -> Skill | Broken:
        self._sources.put(content)
        found = check_content(content, path)
        return found if isinstance(found, Skill) else found[0]

    def _history(self, name: str) -> tuple[Version, ...]:
        versions = self._ledger.history(name)
        if versions:
            return versions
        if name in self._ledger.present:
            raise InputError(f"{name} has no good version yet: its file never loaded; compass skills check says why")
        raise unknown("skill", name, self._ledger.skills())

    def _version(self, name: str, number: int) -> Version:
        versions = {version.number: version for version in self._history(name)}
        if number not in versions:
            raise InputError(f"{name} has no version {number}; it has {', '.join(map(str, versions))}")
        return versions[number]

    def _refusal(self, kept: Kept) -> str:
        """What keeps an admitted candidate out, "" if nothing does."""
        if not _is_name(kept.skill):
            return (
                f"a skill's name has at most {_LONGEST_NAME} lower-case letters, digits and _, and begins with a letter"
            )
        if self._ledger.state(kept.skill) == "retired":
            return f"{kept.skill} was retired; compass skills restore {kept.skill} brings it back"
        path = self._path(kept.skill)
        if self._ledger.present.get(kept.skill) != kept.parent:
            return PARENT_CHANGED
        found = check_content(self._sources.get(kept.sha256), path)
        return self._fixed(kept.skill) if isinstance(found, Skill) else f"it does not load: {found[0]}"

    def _fixed(self, name: str) -> str:
        """What keeps a skill's file from being replaced, "" if nothing does: what is no file of ours is left alone."""
        path = self._path(name)
        if path.is_symlink():
            return f"{path} is a link to {path.readlink()}; put a file in its place, or change the one it leads to"
        return (
            f"{path} is no readable skill file; move it away first" if self._ledger.present.get(name) == UNKNOWN else ""
        )

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.py"

    def _put_back(self, change: str, version: Version, by: str, reason: str) -> Version:
        found = check_content(self._sources.get(version.sha256), self._path(version.skill))
        if not isinstance(found, Skill):
            raise InputError(f"version {version.number} of {version.skill} is no skill any more: {found[0]}")
        self._change_or_complain(change, version.skill, version.sha256, by, reason)
        return self._history(version.skill)[-1]

    def _change_or_complain(self, change: str, name: str, sha256: str | None, by: str, reason: str) -> None:
        fixed = self._fixed(name)
        if fixed:
            raise InputError(fixed)
        if not self._change(change, name, sha256, by, reason=reason):
            raise InputError(f"{self._path(name)} was saved by somebody at the same moment; look at it and try again")

    def _change(self, change: str, name: str, sha256: str | None, by: str, **words: Any) -> bool:
        """Write a skill's file, or remove it for None; whether that was done."""
        previous = self._ledger.present.get(name)
        return self._carry_out(
            self._record("begun", name, change=change, sha256=sha256, previous=previous, by=by, **words)
        )

    def _carry_out(self, begun: Event) -> bool:
        """Do what was begun, perhaps by a killed process, unless the file holds by now what somebody else put there."""
        content = None if begun["sha256"] is None else self._sources.get(begun["sha256"])
        staged = self._home / ".change"
        if place(self._path(begun.skill), staged, begun["previous"], content, self._sources.put):
            told = {key: begun[key] for key in ("sha256", "by", "reason", "candidate") if key in begun.details}
            self._record(begun["change"], begun.skill, begun=begun.number, **told)
            return True
        self._record("dropped", begun.skill, begun=begun.number, change=begun["change"], reason=PARENT_CHANGED)
        return False


def _is_name(name: str) -> bool:
    plain = name.isidentifier() and name.isascii() and name == name.lower()
    return plain and not name.startswith("_") and len(name) <= _LONGEST_NAME
