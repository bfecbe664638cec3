"""A file of demonstrations: what each agent knew at each step, what it did, and what came of it.

The file is a zip archive that `numpy.load` reads too, and nothing in it is run. Its members: `manifest.json` (how the battles were
played), `episodes.jsonl` (one line per battle: `compass.types.EpisodeResult`), and of each battle of T steps and A agents, by seed:
`SEED/payloads.npy` uint8[bytes], all that each agent knew as `compass.wire` packs it, step by step and agent by agent;
`SEED/starts.npy` int64[T * A + 1], where each of these begins (an agent that is dead knows nothing: 0 bytes); `SEED/actions.npy`
uint8[T, A]; `SEED/alive.npy` uint8[T, A]; `SEED/rewards.npy` and `SEED/raw_rewards.npy` float64[T]. No wall-clock value is in it:
equal battles give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from compass import wire
from compass.errors import InputError
from compass.evaluate.manifest import scenario_of
from compass.evaluate.records import UNREADABLE, add_member, npy
from compass.observation.decode import constants_of
from compass.types import Constants, EpisodeResult, Observation, Outcome, StepRecord

FORMAT = 1
_ARRAYS = ("payloads", "starts", "actions", "alive", "rewards", "raw_rewards")
_KEYS = ("scenario", "setting", "observation", "stream", "seed", "episodes", "policy", "trained", "skills", "rules")
_LINE = orjson.OPT_APPEND_NEWLINE


class DemoRecorder:
    """A listener of `compass.episode.run_episode` that keeps what each agent knew and did."""

    def __init__(self) -> None:
        self._steps: list[StepRecord] = []

    def on_step(self, record: StepRecord) -> None:
        """Keep one step."""
        self._steps.append(record)

    def to_bytes(self) -> bytes:
        """The battle's members as an archive of their own."""
        steps = self._steps
        payloads = [payload for step in steps for payload in step.exchange.payloads]
        arrays: dict[str, NDArray[Any]] = {
            "payloads": np.frombuffer(b"".join(payloads), dtype=np.uint8),
            "starts": np.concatenate(([0], np.cumsum([len(payload) for payload in payloads], dtype=np.int64))),
            "actions": np.array([step.actions for step in steps], dtype=np.uint8),
            "alive": np.array([[len(payload) > 0 for payload in step.exchange.payloads] for step in steps], np.uint8),
            "rewards": np.array([step.after.reward for step in steps], dtype=np.float64),
            "raw_rewards": np.array([step.after.raw_reward for step in steps], dtype=np.float64),
        }
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            for name in _ARRAYS:
                add_member(members, f"{name}.npy", npy(arrays[name]))
        return archive.getvalue()


def assemble(manifest: Mapping[str, Any], results: Sequence[EpisodeResult], parts: Path, out: Path) -> None:
    """Write a file of demonstrations from the archives `parts/SEED.npz` of its battles.

    Raises:
        OSError: it cannot be written.
    """
    with zipfile.ZipFile(out, "w") as members:
        add_member(members, "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | _LINE))
        lines = b"".join(orjson.dumps(asdict(result), option=_LINE) for result in results)
        add_member(members, "episodes.jsonl", lines)
        for result in results:
            with zipfile.ZipFile(parts / f"{result.seed}.npz") as part:
                for name in part.namelist():
                    add_member(members, f"{result.seed}/{name}", part.read(name))


@dataclass(frozen=True)
class Episode:
    """One recorded battle. actions uint8[T, A]; alive uint8[T, A]; rewards and raw_rewards float64[T]; see the module."""

    result: EpisodeResult
    constants: Constants
    payloads: NDArray[np.uint8]
    starts: NDArray[np.int64]
    actions: NDArray[np.uint8]
    alive: NDArray[np.uint8]
    rewards: NDArray[np.float64]
    raw_rewards: NDArray[np.float64]

    def observation(self, step: int, agent: int) -> Observation | None:
        """What an agent knew at a step; None of one that was dead."""
        at = step * self.actions.shape[1] + agent
        payload = self.payloads[self.starts[at] : self.starts[at + 1]].tobytes()
        return wire.unpack(payload, self.constants) if payload else None

    def life(self, agent: int) -> Iterator[tuple[Observation, int]]:
        """What an agent knew at each step of its life, and what it did."""
        for step in range(len(self.actions)):
            obs = self.observation(step, agent)
            if obs is None:
                return
            yield obs, int(self.actions[step, agent])


class Demonstrations:
    """A file of demonstrations, opened to be read. Battles are read one at a time, when they are asked for.

    Raises:
        InputError: the file is missing, damaged, or no file of demonstrations.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _readable(self.path), zipfile.ZipFile(path) as members:
            self.manifest: dict[str, Any] = orjson.loads(members.read("manifest.json"))
            lines = members.read("episodes.jsonl").splitlines()
            if not isinstance(self.manifest, dict) or self.manifest.get("demonstrations") != FORMAT:
                raise InputError(
                    f"{path} holds no demonstrations of format {FORMAT}: record some, compass demos record"
                )
            if lacking := [key for key in _KEYS if key not in self.manifest]:
                raise ValueError(f"its manifest lacks {', '.join(lacking)}")
            self.results = tuple(_result(orjson.loads(line)) for line in lines)
            if not self.results:
                raise ValueError("it has no episodes")
        self.scenario = scenario_of(self.manifest)
        self.constants = constants_of(self.scenario)

    @cached_property
    def digest(self) -> str:
        """sha256 of the file."""
        with _readable(self.path), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def steps(self) -> int:
        """Environment steps that its battles took."""
        return sum(result.length for result in self.results)

    @property
    def wins(self) -> int:
        """Battles that were won."""
        return sum(result.outcome is Outcome.WIN for result in self.results)

    def episode(self, seed: int) -> Episode:
        """The battle of a seed.

        Raises:
            InputError: it is not in the file, or the file is damaged.
        """
        result = next((each for each in self.results if each.seed == seed), None)
        if result is None:
            seeds = [each.seed for each in self.results]
            raise InputError(f"{self.path} has no episode {seed}; it has {min(seeds)} to {max(seeds)}")
        with _readable(self.path), zipfile.ZipFile(self.path) as members:
            arrays: dict[str, Any] = {
                name: np.lib.format.read_array(io.BytesIO(members.read(f"{seed}/{name}.npy"))) for name in _ARRAYS
            }
            self._check(result, arrays)
        return Episode(result, self.constants, **arrays)

    def episodes(self, results: Iterable[EpisodeResult] | None = None) -> Iterator[Episode]:
        """The battles of these results, None for all, in their order."""
        for result in self.results if results is None else results:
            yield self.episode(result.seed)

    def _check(self, result: EpisodeResult, arrays: Mapping[str, NDArray[Any]]) -> None:
        shape = (result.length, self.constants.n_agents)
        starts, size = arrays["starts"], arrays["payloads"].size
        whole = (
            arrays["actions"].shape == arrays["alive"].shape == shape
            and arrays["rewards"].shape == arrays["raw_rewards"].shape == shape[:1]
            and starts.shape == (shape[0] * shape[1] + 1,)
            and bool((np.diff(starts) >= 0).all())
            and (int(starts[0]), int(starts[-1])) == (0, size)
        )
        if not whole:
            raise ValueError(f"the arrays of episode {result.seed} do not fit one another")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Around what reads a file: what a damaged one raises becomes an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (*UNREADABLE, TypeError) as error:
        raise InputError(f"cannot read the demonstrations {path}: {error}") from None


def _result(content: Mapping[str, Any]) -> EpisodeResult:
    return EpisodeResult(**{**content, "outcome": Outcome(content["outcome"])})
