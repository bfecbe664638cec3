"""What a store can tell, from a folder that may be read-only or a plain one: no lock is taken and nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from compass.errors import InputError, unknown
from compass.skills.library import Library, Merit, Skill, check_content, load_library
from compass.skills.store.ledger import Kept, Ledger, SkillStatistics, Version
from compass.skills.store.log import Event, EventLog
from compass.skills.store.migrate import check_readable, format_of
from compass.skills.store.shelf import Shelf

HOME = ".library"
"""The hidden folder of a library in which its store keeps everything."""


class StoreReader:
    """The reading half of `compass.skills.store.store.Store`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder / HOME
        self._log = EventLog(self._home / "events.jsonl")
        self._sources = Shelf(self._home / "versions", ".py", sync=True)
        self._texts = Shelf(self._home / "texts", ".txt", sync=False)
        self._ledger = Ledger()
        self._guard = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether anything is kept yet; looking or changing begins it."""
        return format_of(self._home) > 0

    @property
    def vectors(self) -> Path:
        """Where embeddings of skills are cached: nothing that anybody would miss."""
        return self._home / "vectors"

    def live(self) -> Library:
        """The library as it should be played: the files, with the last good version in place of one that an edit broke.

        What is wrong with such a file still stands in `broken`.
        """
        library = load_library(self.folder)
        skills = dict(library.skills)
        for file in {problem.file for problem in library.broken}:
            last = self._last(Path(file).stem)
            if last is None:
                continue
            try:
                found = check_content(self._sources.get(last.sha256), self.folder / file)
            except InputError:
                continue  # the kept text is damaged, too: then the skill is left out, as its file's problem says
            if isinstance(found, Skill):
                skills[last.skill] = found
        return replace(library, skills={name: skills[name] for name in sorted(skills)}, merits=self.merits())

    def history(self, name: str) -> tuple[Version, ...]:
        """A skill's versions, oldest first; none where none is known."""
        with self._guard:
            return self._known().history(name)

    def untried(self) -> tuple[tuple[Version, Version], ...]:
        """The edits by hand that no trial was recorded of, by skill, oldest first, each with the version before it."""
        with self._guard:
            return tuple(self._known().untried())

    def events(self, name: str | None = None) -> tuple[Event, ...]:
        """What happened, oldest first: to one skill, or everything."""
        with self._guard:
            return tuple(event for event in self._known().events if name is None or event.skill == name)

    def candidates(self, name: str | None = None) -> tuple[Kept, ...]:
        """The candidates, oldest first: of one skill, or all."""
        with self._guard:
            return tuple(each for each in self._known().candidates.values() if name is None or each.skill == name)

    def candidate(self, candidate_id: str) -> Kept:
        """One candidate by its id."""
        with self._guard:
            self._known()
            return self._candidate(candidate_id)

    def statistics(self) -> Mapping[str, SkillStatistics]:
        """Every skill in numbers, by name; retired skills, and names that candidates alone have, included."""
        with self._guard:
            return self._known().statistics()

    def merits(self) -> dict[str, Merit]:
        """What is known of every text that ever was live, by sha256."""
        with self._guard:
            return self._known().merits()

    def source(self, sha256: str) -> str:
        """The text of a version or a candidate."""
        return self._sources.get(sha256).decode("utf-8", "replace")

    def text(self, sha256: str) -> str:
        """A prompt or a reply."""
        return self._texts.get(sha256).decode()

    def _last(self, name: str) -> Version | None:
        with self._guard:
            return self._known().last(name)

    def _known(self) -> Ledger:
        """What follows from the log as it is now."""
        check_readable(self._home)
        try:
            self._refresh()
        except OSError as error:
            raise InputError(f"cannot read {self._log.path}: {error.strerror}") from None
        return self._ledger

    def _refresh(self) -> None:
        void, events = self._log.news()
        if void:
            self._ledger = Ledger()
        for event in events:
            try:
                self._ledger.take(event)
            except (TypeError, ValueError, KeyError):
                where = f"{self._log.path}, line {event.number}"
                raise InputError(f"{where} was changed and is no longer what it was; delete that line") from None

    def _candidate(self, candidate_id: str) -> Kept:
        known = self._ledger.candidates
        if candidate_id not in known:
            raise (
                unknown("candidate", candidate_id, known)
                if known
                else InputError(f"{self.folder} has no candidate {candidate_id}, nor any other yet")
            )
        return known[candidate_id]
