"""What happened in one episode, step by step, in one file that needs no engine to be looked at again.

`records/<seed>.npz` is a zip archive which `numpy.load` reads too. No wall-clock value is in it: equal episodes give equal bytes.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from compass.errors import InputError
from compass.types import StepRecord

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can express; a real date would make equal episodes differ
_LEVEL = 1  # most of a record is zeros: higher levels cost several times as much for little


@dataclass(frozen=True)
class EpisodeRecord:
    """One recorded episode of T steps, A agents, observations of D and states of S numbers.

    obs float32[T+1, A, D], state float32[T+1, S], available uint8[T+1, A, n_actions]: what the environment showed, reset included.
    actions uint8[T, A]; rewards and raw_rewards float64[T]. decisions: one mapping per plan (step, agent_id, trigger, delay,
    answered, version, task, skill, parameters, reasoning, new_skill, needs_improvement, plan_faults); faults: one per mistake of a
    skill (step, agent_id, skill, kind, detail).
    """

    obs: NDArray[np.float32]
    state: NDArray[np.float32]
    available: NDArray[np.uint8]
    actions: NDArray[np.uint8]
    rewards: NDArray[np.float64]
    raw_rewards: NDArray[np.float64]
    decisions: tuple[Mapping[str, Any], ...]
    faults: tuple[Mapping[str, Any], ...]


_ARRAYS = ("obs", "state", "available", "actions", "rewards", "raw_rewards")
_LISTS = ("decisions", "faults")
UNREADABLE = (OSError, KeyError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged zip archive of arrays may raise."""


class Recorder:
    """A listener of `compass.episode.run_episode` that keeps an episode and gives it as the bytes of a record file."""

    def __init__(self) -> None:
        self._frames: list[Any] = []
        self._actions: list[Sequence[int]] = []
        self._decisions: list[Mapping[str, Any]] = []
        self._faults: list[Mapping[str, Any]] = []

    def on_step(self, record: StepRecord) -> None:
        """Keep one step. Frames are kept as they are: the environment makes new arrays for each."""
        if not self._frames:
            self._frames.append(record.before)
        self._frames.append(record.after)
        self._actions.append(record.actions)
        for planned in record.planned:
            self._decisions.append(
                {
                    "step": record.step,
                    "agent_id": planned.agent_id,
                    "trigger": planned.trigger.value,
                    "delay": planned.delay,
                    "answered": planned.answered,
                    "version": planned.version,
                    **asdict(planned.decision),
                    "needs_improvement": planned.needs_improvement,
                    "plan_faults": [asdict(fault) for fault in planned.faults],
                }
            )
        self._faults.extend({"step": record.step} | asdict(fault) for fault in record.faults)

    def to_bytes(self) -> bytes:
        """The record file of the episode so far."""
        frames = self._frames
        arrays: dict[str, NDArray[Any]] = {
            "obs": np.array([frame.obs for frame in frames], dtype=np.float32),
            "state": np.array([frame.state for frame in frames], dtype=np.float32),
            "available": np.array([frame.available for frame in frames], dtype=np.uint8),
            "actions": np.array(self._actions, dtype=np.uint8),
            "rewards": np.array([frame.reward for frame in frames[1:]], dtype=np.float64),
            "raw_rewards": np.array([frame.raw_reward for frame in frames[1:]], dtype=np.float64),
        }
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            for name, array in arrays.items():
                add_member(members, f"{name}.npy", npy(array))
            for name, lines in (("decisions", self._decisions), ("faults", self._faults)):
                add_member(
                    members,
                    f"{name}.jsonl",
                    b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines),
                )
        return archive.getvalue()


def npy(array: NDArray[Any]) -> bytes:
    """An array as the bytes of a .npy file."""
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=False)
    return out.getvalue()


def add_member(members: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a compressed member whose bytes depend on nothing but its name and content."""
    member = zipfile.ZipInfo(name, _DATE)
    member.external_attr = 0o644 << 16
    members.writestr(member, content, zipfile.ZIP_DEFLATED, _LEVEL)


def read_record(path: Path) -> EpisodeRecord:
    """The episode recorded at `path`.

    Raises:
        InputError: the file is missing, broken or no record.
    """
    content: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(path) as members:
            for name in _ARRAYS:
                content[name] = np.lib.format.read_array(io.BytesIO(members.read(f"{name}.npy")))
            for name in _LISTS:
                content[name] = tuple(map(orjson.loads, members.read(f"{name}.jsonl").splitlines()))
    except UNREADABLE as error:
        raise InputError(f"cannot read the record {path}: {error}") from None
    return EpisodeRecord(**content)


def read_list(path: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """The `decisions` or `faults` alone of the episode recorded at `path`, which is much faster than the whole.

    Raises:
        InputError: the file is missing, broken or no record.
    """
    try:
        with zipfile.ZipFile(path) as members:
            return tuple(map(orjson.loads, members.read(f"{name}.jsonl").splitlines()))
    except UNREADABLE as error:
        raise InputError(f"cannot read the record {path}: {error}") from None


def same_content(one: Path, other: Path) -> bool:
    """Whether two record files hold the same to the byte, however it is compressed: versions of zlib differ in that.

    Raises:
        InputError: a file is missing, broken or no record.
    """
    try:
        if one.read_bytes() == other.read_bytes():
            return True
        with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
            names = first.namelist()
            return names == second.namelist() and all(first.read(name) == second.read(name) for name in names)
    except UNREADABLE as error:
        raise InputError(f"cannot read the records {one} and {other}: {error}") from None
