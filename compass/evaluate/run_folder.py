"""The folder of one run: made before the first battle, appended to after each, readable at any moment.

A finished episode is one line of `episodes.jsonl`, written whole and synced before anything else is said of it; its record stands
in `records/` before that. So whatever is killed whenever, no finished episode is lost, and no torn one is believed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from compass.errors import InputError
from compass.evaluate.form import check_form
from compass.evaluate.manifest import FORMAT, MAY_CHANGE, Manifest, check_same_run
from compass.jsonl import append_line, drop_torn_line, whole_lines
from compass.planner.vlm.prompts import load_prompts
from compass.policies.checkpoint import content_hash
from compass.skills.library import Library
from compass.skills.merits import copy_of, known_library, merits_hash
from compass.skills.retrieval import TOP_K
from compass.types import EpisodeResult, Outcome

_PROBE = 1 << 20  # bytes that must fit before a run may begin
_LINE = orjson.OPT_APPEND_NEWLINE
_PAGE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class Speed(NamedTuple):
    """Seconds that episodes took, all together, and environment steps per second over all workers, None before the first.

    longest: seconds that the longest of them took, 0 before the first.
    """

    seconds: float
    steps_per_second: float | None
    longest: float


class RunFolder:
    """One run on disk. Open with `create` or `resume` to write (one process at a time), with `RunFolder(path)` to read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.episodes = path / "episodes.jsonl"
        self.timings = path / "timings.jsonl"
        self.records = path / "records"
        self.skills = path / "skills"
        self.live = path / "live"
        self.prompts = path / "prompts"
        self.cassette = path / "cassette"
        self.checkpoint = path / "policy.npz"
        self.wants = path / "wants.jsonl"
        self._lines: int | None = None
        if not os.path.isfile(path / "manifest.json"):  # unlike Path's, false for names that are too long, too
            raise InputError(f"{path} holds no run (no manifest.json in it)")

    @classmethod
    def create(
        cls,
        path: Path,
        manifest: Manifest,
        library: Library | None,
        prompts: Mapping[str, str] | None = None,
        checkpoint: Path | None = None,
    ) -> RunFolder:
        """Make the folder of a new run, ready to be written.

        Raises:
            InputError: the folder is not empty or cannot be written; then nothing is left behind.
        """
        if os.path.exists(path / "manifest.json"):
            raise InputError(f"{path} already holds a run; --resume continues it, another --out begins a new one")
        with clear_errors(path, "name a new or empty folder"):
            if path.is_dir() and any(path.iterdir()):
                raise InputError(f"{path} is not empty and holds no run; name a new or empty folder")
            (path / "records").mkdir(parents=True)  # fails for the later of two that begin at once
            try:
                _probe(path)
                if library is not None:
                    _snapshot(copy_of(library), path / "skills")
                if prompts is not None:
                    _snapshot({f"{name}.md": text for name, text in prompts.items()}, path / "prompts")
                if checkpoint is not None:
                    write_whole(path / "policy.npz", checkpoint.read_bytes())
                write_whole(path / "episodes.jsonl", b"")
                write_whole(path / "timings.jsonl", b"")
                write_whole(path / "manifest.json", orjson.dumps(manifest, option=_PAGE))
            except OSError:
                shutil.rmtree(path, ignore_errors=True)
                raise
        return cls(path)._open()

    @classmethod
    def resume(cls, path: Path, manifest: Manifest) -> RunFolder:
        """Continue a run: drop a torn last line, and take over more episodes, and another server, limits or prices.

        Raises:
            InputError: no run lies there, another process writes it, it was made with other settings, or it cannot be written.
        """
        folder = cls(path)
        earlier = folder.manifest()
        check_same_run(earlier, manifest, path)
        _check_snapshots(folder, earlier)
        _check_checkpoint(folder, earlier)
        with clear_errors(path):
            _probe(path)
            folder.records.mkdir(exist_ok=True)
            folder._open()
            for lines in (folder.episodes, folder.timings):
                drop_torn_line(lines)
            changed = {key: manifest.get(key) for key in MAY_CHANGE if manifest.get(key) != earlier.get(key)}
            if changed:
                before = {"until": manifest["created"]} | {key: earlier.get(key) for key in changed}
                content = earlier | changed | {"earlier": [*earlier.get("earlier", ()), before]}
                write_whole(path / "manifest.json", orjson.dumps(content, option=_PAGE))
        return folder

    @contextmanager
    def unless_refused(self, new: bool) -> Iterator[None]:
        """While it is made sure that the run can be played: should that fail, a new run leaves no folder behind."""
        try:
            yield
        except BaseException:
            if new:
                self.close()
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def manifest(self) -> Manifest:
        """The run's manifest.

        Raises:
            InputError: it is damaged or of another format.
        """
        content = _read_json(self.path / "manifest.json")
        if not isinstance(content, dict):
            raise InputError(f"{self.path / 'manifest.json'} is damaged: it holds no JSON object")
        if "synthesizer" in content:
            raise InputError(
                f"{self.path} holds an evolution, not an evaluation: evaluate --skills {self.path / 'skills'} makes one"
            )
        if "held_out_stream" in content:
            raise InputError(
                f"{self.path} holds a training, not an evaluation: evaluate --policy {self.path} makes one"
            )
        if content.get("format") != FORMAT:
            raise InputError(
                f"{self.path} is a run of format {content.get('format')}; this version reads format {FORMAT}"
            )
        check_form(content, self.path / "manifest.json")
        return content

    def results(self) -> list[EpisodeResult]:
        """The finished episodes, by seed.

        Raises:
            InputError: a line is no episode, one of another run, or the second of its seed.
        """
        manifest = self.manifest()
        due = range(manifest["seed"], manifest["seed"] + manifest["episodes"])
        results: dict[int, EpisodeResult] = {}
        for number, line in enumerate(whole_lines(self.episodes), 1):
            try:
                content = orjson.loads(line)
                result = EpisodeResult(**content | {"outcome": Outcome(content["outcome"])})
                if result.seed in results or result.seed not in due or not isfinite(result.returned + result.length):
                    raise ValueError
                results[result.seed] = result
            except (ValueError, TypeError, KeyError):
                raise InputError(
                    f"{self.episodes}, line {number} is no episode of this run or repeats one; delete that line and resume the run"
                ) from None
        return [results[seed] for seed in sorted(results)]

    def append(self, result: EpisodeResult, timing: Mapping[str, Any] | None) -> None:
        """Add one finished episode, durably, then how long it took (None: it never ended).

        Raises:
            InputError: the disk is full or the folder has gone; the finished episodes are kept.
        """
        if self._lines is None:
            raise RuntimeError("the run is open for reading only")
        with clear_errors(self.path):
            append_line(self._lines, orjson.dumps(asdict(result), option=_LINE))
            os.fsync(self._lines)
            if timing is not None:
                with self.timings.open("ab", buffering=0) as timings:
                    append_line(timings.fileno(), orjson.dumps(dict(timing), option=_LINE))

    def speed(self) -> Speed:
        """How long the episodes took that were played to their end.

        Raises:
            InputError: a line is no timing.
        """
        steps, seconds, machine_seconds, longest = 0, 0.0, 0.0, 0.0
        for number, line in enumerate(whole_lines(self.timings), 1):
            try:
                timing = orjson.loads(line)
                seconds += timing["seconds"]
                machine_seconds += timing["seconds"] / timing["workers"]
                longest = max(longest, timing["seconds"])
                steps += timing["steps"]
            except (ValueError, TypeError, KeyError, ZeroDivisionError):
                raise InputError(f"{self.timings}, line {number} is no timing; delete that line") from None
        return Speed(seconds, steps / machine_seconds if machine_seconds > 0 else None, longest)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`."""
        with clear_errors(self.path):
            write_whole(self.path / "summary.json", orjson.dumps(dict(summary), option=_PAGE))

    def write_wants(self, wants: Iterable[Mapping[str, Any]]) -> None:
        """Write `wants.jsonl`, a line each; no file where there are none."""
        lines = b"".join(orjson.dumps(dict(want), option=_LINE) for want in wants)
        if lines:
            with clear_errors(self.path):
                write_whole(self.wants, lines)

    def record_path(self, seed: int) -> Path:
        """Where the record of an episode lies."""
        return self.records / f"{seed}.npz"

    def recorded(self, seed: int) -> Path:
        """Where the record of an episode lies that has one.

        Raises:
            InputError: it has none.
        """
        if not self.record_path(seed).is_file():
            seeds = [result.seed for result in self.results() if self.record_path(result.seed).is_file()]
            shown = ", ".join(map(str, seeds[:5])) + (", ..." if len(seeds) > 5 else "")
            raise InputError(
                f"{self.path} has no episode {seed}; it has {f'{len(seeds)}: {shown}' if seeds else 'none yet'}"
            )
        return self.record_path(seed)

    def close(self) -> None:
        """Let another process write the run."""
        if self._lines is not None:
            os.close(self._lines)
            self._lines = None

    def _open(self) -> RunFolder:
        self._lines = os.open(self.episodes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise InputError(f"another process is writing {self.path}; wait for it or choose another --out") from None
        for told_at_the_end in (self.path / "summary.json", self.wants):  # of the whole run, which is not finished yet
            told_at_the_end.unlink(missing_ok=True)
        for part in self.records.glob(".*"):
            part.unlink(missing_ok=True)
        return self


def unused(parent: Path, stem: str) -> Path:
    """A folder that is not there yet: `stem`, `stem-2`, `stem-3`..."""
    names = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
    return next(parent / name for name in names if not (parent / name).exists())


def write_record(path: Path, content: bytes) -> None:
    """Write one episode's record, before its line is appended.

    Raises:
        InputError: the disk is full or the folder has gone.
    """
    with clear_errors(path.parent.parent):
        write_whole(path, content, sync=False)


def write_whole(path: Path, content: bytes, sync: bool = True) -> None:
    """Write a file so that it is there whole or not at all, whoever is killed.

    Without `sync` that does not hold for a loss of power: to sync every record would cost a quarter of the speed, and a lost one
    can be played again.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def clear_errors(path: Path, way_out: str = "finished episodes are kept (--resume continues a run)") -> Iterator[None]:
    """Around what writes a run's folder: an error of the system becomes an `InputError` with the way out."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write the run folder {path}: {error.strerror or error}; {way_out}") from None


def _probe(path: Path) -> None:
    """Fail now rather than after the first battle when there is no room."""
    probe = path / f".probe.{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _snapshot(files: Mapping[str, str], folder: Path) -> None:
    folder.mkdir()
    for name, text in files.items():
        write_whole(folder / name, text.encode())


def _check_snapshots(folder: RunFolder, manifest: Manifest) -> None:
    """A resumed run plays its own copies of skills, prompts and checkpoint: those must still be what the manifest says."""
    if manifest.get("skills"):
        library = known_library(folder.skills, manifest.get("top_k") or TOP_K)
        if (library.content_hash, merits_hash(library)) != (manifest["skills"]["hash"], manifest.get("merits")):
            raise InputError(
                f"{folder.skills} is no longer the library that the run began with: put it back or begin a new run"
            )
    if manifest.get("prompts") and load_prompts(folder.prompts).digest != manifest["prompts"]:
        raise InputError(f"{folder.prompts} is no longer what the run began with: put it back or begin a new run")


def _check_checkpoint(folder: RunFolder, manifest: Manifest) -> None:
    trained = manifest.get("trained")
    if trained and content_hash(_read(folder.checkpoint)) != trained["hash"]:
        raise InputError(f"{folder.checkpoint} is no longer what the run began with: put it back or begin a new run")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from None


def _read_json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}") from None
