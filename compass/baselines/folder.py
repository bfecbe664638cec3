"""The folder of a training: who may write it, what it holds, and what of it still fits together.

At every measurement the curve gets its line first, then `state.pt` is replaced, then `policy.npz`: what a folder holds beyond the
steps of `state.pt` is from a piece that was lost, and is dropped when the training goes on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from compass.errors import InputError
from compass.evaluate.run_folder import clear_errors, write_whole
from compass.jsonl import whole_lines
from compass.policies.checkpoint import CHECKPOINT

FORMAT = 2
KEPT = "what was measured before is kept (--resume goes on)"
_MAY_DIFFER = ("created", "git", "code", "python", "packages", "steps", "device")
_NUMBERS = ("win_rate", "battles", "seconds", "return", "length")
_PAGE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

Manifest = dict[str, Any]
Point = Mapping[str, Any]
"""A line of the curve: steps, seconds (of training, its measurements included), win_rate and battles (its n), return, length,
losses, and of the seconds those spent collecting, updating and measuring (timings)."""


@dataclass(frozen=True)
class TrainFolder:
    """What a training leaves."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What was trained, and how."""
        return self.path / "manifest.json"

    @property
    def curve(self) -> Path:
        """A line per measurement."""
        return self.path / "curve.jsonl"

    @property
    def policy(self) -> Path:
        """The latest checkpoint, for `compass evaluate --policy`."""
        return self.path / CHECKPOINT

    @property
    def state(self) -> Path:
        """What going on needs."""
        return self.path / "state.pt"

    @property
    def tensorboard(self) -> Path:
        """The same curve for TensorBoard."""
        return self.path / "tensorboard"

    def content(self) -> Manifest:
        """What the manifest says.

        Raises:
            InputError: there is none, or not one of this version.
        """
        try:
            manifest = orjson.loads(self.manifest.read_bytes())
            if "algorithm" not in manifest or "held_out_stream" not in manifest:
                raise ValueError("its manifest.json is not that of a training")
            made_by, steps = manifest["format"], manifest["steps"]
            if type(steps) is not int:
                raise ValueError("its manifest.json is damaged: steps")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{self.path} holds no training ({error})") from None
        if made_by != FORMAT:
            raise InputError(
                f"{self.path} is a training of format {made_by}; this version reads format {FORMAT}: train anew"
            )
        return dict(manifest)

    def points(self) -> list[Point]:
        """The curve, its steps rising.

        Raises:
            InputError: a line of it is damaged.
        """
        points: list[Point] = []
        for number, line in enumerate(whole_lines(self.curve), 1):
            try:
                points.append(_point(line, points))
            except (ValueError, TypeError, KeyError) as error:
                raise InputError(f"{self.curve} is damaged: line {number} ({error})") from None
        return points


def _point(line: bytes, before: list[Point]) -> Point:
    point: Point = orjson.loads(line)
    steps, timings = point["steps"], point["timings"]
    if type(steps) is not int or steps < 0 or (before and steps <= before[-1]["steps"]):
        raise ValueError("steps that do not rise")
    if not all(isinstance(point[name], int | float) for name in _NUMBERS):
        raise ValueError(f"{', '.join(_NUMBERS)} must be numbers")
    if not all(isinstance(seconds, int | float) for seconds in timings.values()):
        raise ValueError("timings must be numbers")
    return point


@contextmanager
def begun(folder: TrainFolder, manifest: Manifest) -> Iterator[int]:
    """A new training's folder, written by this process alone: its curve, open for appending.

    Where nothing was measured in the end, nothing is left behind.

    Raises:
        InputError: the folder is not empty or cannot be written, or another process has just begun there.
    """
    path = folder.path
    if os.path.exists(folder.manifest):
        raise InputError(f"{path} already holds a run; --resume continues it, another --out begins a new one")
    with clear_errors(path, "name a new or empty folder"):
        if path.is_dir() and any(path.iterdir()):
            raise InputError(f"{path} is not empty and holds no training; name a new or empty folder")
        path.mkdir(parents=True, exist_ok=True)
        try:
            curve = os.open(folder.curve, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            raise _taken(path) from None
        _lock(curve, path)
    try:
        with clear_errors(path, "name a new or empty folder"):
            write_whole(folder.manifest, orjson.dumps(manifest, option=_PAGE))
        yield curve
    finally:
        if not folder.state.exists():
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            os.close(curve)


@contextmanager
def continued(folder: TrainFolder, manifest: Manifest) -> Iterator[int]:
    """The folder of a training that goes on, written by this process alone: its curve, open for appending.

    Raises:
        InputError: there is no such training, it is of something else or damaged, or another process writes it.
    """
    folder.content()
    with clear_errors(folder.path, KEPT):
        curve = os.open(folder.curve, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        _lock(curve, folder.path)
        earlier = folder.content()
        _check_same(earlier, manifest, folder.path)
        with clear_errors(folder.path, KEPT):
            for part in folder.path.glob(".*"):  # of writers that were killed
                part.unlink()
            write_whole(folder.manifest, orjson.dumps(earlier | {"steps": manifest["steps"]}, option=_PAGE))
        yield curve
    finally:
        with suppress(OSError):
            os.close(curve)


def keep_until(folder: TrainFolder, steps: int | None) -> None:
    """Cut the curve back to what the state is of; None where there is no state.

    Raises:
        InputError: curve and state do not fit together.
    """
    points = folder.points()
    if steps is None and any(point["steps"] for point in points):
        raise InputError(
            f"{folder.path} cannot go on: its {folder.state.name} is missing; begin a new training with another --out"
        )
    kept = [point for point in points if steps is not None and point["steps"] <= steps]
    if steps is not None and (not kept or kept[-1]["steps"] != steps):
        raise InputError(
            f"{folder.curve} does not fit {folder.state.name}, which is of {steps} steps; begin a new training with another --out"
        )
    with clear_errors(folder.path, KEPT):
        os.truncate(folder.curve, sum(len(line) for line in whole_lines(folder.curve)[: len(kept)]))


def _check_same(earlier: Manifest, manifest: Manifest, path: Path) -> None:
    differing = [key for key in manifest if key not in _MAY_DIFFER and earlier.get(key) != manifest[key]]
    if differing:
        told = (f"another {_told(key, earlier.get(key), manifest[key])}" for key in differing)
        raise InputError(f"{path} is a training with {', '.join(told)}; give the same")
    if manifest["steps"] < earlier["steps"]:
        raise InputError(f"{path} is a training of {earlier['steps']} steps; give --steps {earlier['steps']} or more")


def _told(key: str, was: object, given: object) -> str:
    if isinstance(was, dict) and isinstance(given, dict):
        parts = (name for name in given if was.get(name) != given[name])
        return f"{key} ({', '.join(_told(name, was.get(name), given[name]) for name in parts)})"
    return f"{key} ({was}, not {given})"


def _lock(curve: int, path: Path) -> None:
    try:
        fcntl.flock(curve, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(curve)
        raise _taken(path) from None


def _taken(path: Path) -> InputError:
    return InputError(f"another process trains in {path}; wait for it or choose another --out")
