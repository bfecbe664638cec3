"""A training and its folder: manifest, curve, checkpoint and what going on needs, whoever kills the process and when.

At every measurement the curve gets its line first, then `state.pt` is replaced, then `policy.npz`: what a folder holds beyond the
steps of `state.pt` is from a piece that was lost, and is dropped when the training goes on.
"""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from compass.baselines.measure import Measurement, measure
from compass.baselines.settings import HELD_OUT, TrainSettings
from compass.errors import InputError
from compass.evaluate.manifest import code_hash, git_revision, installed_version
from compass.evaluate.run_folder import clear_errors, unused, write_whole
from compass.jsonl import append_line, whole_lines
from compass.policies.checkpoint import CHECKPOINT, TrainedPolicy
from envs.draws import TRAINING
from envs.engine import rules_hash

if TYPE_CHECKING:
    from compass.baselines.learner import Learner

FORMAT = 1
_PACKAGES = ("benchmarl", "compass-smac", "numba", "numpy", "tensordict", "torch", "torchrl")
_MAY_DIFFER = ("created", "git", "code", "python", "packages", "steps", "device")
_KEPT = "what was measured is kept (--resume goes on)"
_LINE = orjson.OPT_APPEND_NEWLINE
_PAGE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

Manifest = dict[str, Any]
Point = Mapping[str, Any]
"""A line of the curve: steps, seconds (of training, its measurements included), win_rate and battles (its n), return, length,
losses, and of the seconds those spent collecting, updating and measuring."""
Progress = Callable[[int, Point | None], None]
"""Called with the steps learnt from so far, and with a point of the curve where there is a new one."""


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
            if "algorithm" not in manifest or manifest["format"] != FORMAT:
                raise ValueError("of another version")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{self.path} holds no training of this version ({error})") from None
        return dict(manifest)

    def points(self) -> list[Point]:
        """The curve.

        Raises:
            InputError: a line of it is damaged.
        """
        try:
            return [orjson.loads(line) for line in whole_lines(self.curve)]
        except ValueError as error:
            raise InputError(f"{self.curve} is damaged: {error}") from None


def build_manifest(settings: TrainSettings) -> Manifest:
    """What the training is of, as it is written and as a checkpoint carries it (with the steps that this has seen)."""
    scenario, hyper = settings.scenario, settings.hyper_parameters
    content: Manifest = {
        "format": FORMAT,
        "algorithm": settings.algorithm,
        "scenario": scenario.name,
        "scenario_hash": scenario.content_hash,
        "scenario_content": asdict(scenario),
        "setting": scenario.setting,
        "observation": settings.observation,
        "hops": settings.reading.hops,
        "open_loop": settings.reading.open_loop,
        "backend": "embedded",
        "stream": TRAINING,
        "held_out_stream": HELD_OUT,
        "seed": settings.seed,
        "steps": settings.steps,
        "recurrent": settings.recurrent,
        "agent_ids": hyper.agent_ids,
        "hyper_parameters": asdict(hyper),
        "every": settings.every,
        "held_out": settings.held_out,
        "device": settings.device,
        "rules": rules_hash(),
        "code": code_hash(),
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in _PACKAGES},
        "git": git_revision(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return dict(orjson.loads(orjson.dumps(content)))


def default_train_path(settings: TrainSettings, parent: Path = Path("runs")) -> Path:
    """A new folder for a training, named by algorithm, scenario, seed and the time of day."""
    stem = f"train-{settings.algorithm}-{settings.scenario.name}-{settings.seed}-{datetime.now():%Y%m%d-%H%M%S}"
    return unused(parent, stem)


def train(settings: TrainSettings, path: Path, resume: bool = False, progress: Progress | None = None) -> list[Point]:
    """Train into the folder `path`, or go on with the training there, and give the whole curve.

    Ctrl-C and SIGKILL lose what was learnt since the last measurement. A resumed training goes on with new battles and, of QMIX and
    VDN, with an empty replay buffer; so it is not the same to the bit as one that was never stopped.

    Raises:
        InputError: the extra `baselines` is not installed, there is no such device, the folder cannot be written, or it holds a
            training of something else.
    """
    Learner = _learner_class()
    check_device(settings.device)
    folder = TrainFolder(path)
    manifest = build_manifest(settings)
    with ExitStack() as stack:
        if not resume:
            _create(folder, manifest)
        state = _reopen(folder, manifest) if resume else None
        curve = stack.enter_context(_locked(folder.curve))
        _one_thread()
        learner = Learner(settings, state)
        stack.callback(learner.close)
        _drop_beyond(folder, learner.steps if state is not None else -1)
        books = _Books(folder, settings, manifest, curve, learner, progress or (lambda steps, point: None))
        stack.callback(books.close)
        books.keep()
    return folder.points()


class _Books:
    """Learning, with a measurement every so many steps."""

    def __init__(
        self,
        folder: TrainFolder,
        settings: TrainSettings,
        manifest: Manifest,
        curve: int,
        learner: Learner,
        progress: Progress,
    ) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder, self._settings, self._manifest = folder, settings, manifest
        self._curve, self._learner, self._progress = curve, learner, progress
        self._writer = SummaryWriter(str(folder.tensorboard), purge_step=learner.steps + 1)

    def keep(self) -> None:
        """Learn to the end."""
        learner, every = self._learner, self._settings.every
        if not self._folder.points():
            self._measure({})
        due = (learner.steps // every + 1) * every
        for losses in learner.rounds():
            self._progress(learner.steps, None)
            if learner.steps >= due or learner.steps >= self._settings.steps:
                self._measure(losses)
                due = (learner.steps // every + 1) * every

    def close(self) -> None:
        self._writer.close()

    def _measure(self, losses: Mapping[str, float]) -> None:
        start = perf_counter()
        learner, folder, settings = self._learner, self._folder, self._settings
        policy = TrainedPolicy(self._manifest | {"steps": learner.steps}, learner.weights())
        measured = measure(policy, settings.scenario, settings.observation, settings.held_out)
        learner.timings["measure"] = learner.timings.get("measure", 0.0) + perf_counter() - start
        point = _point(learner.steps, measured, learner.timings, losses)
        with clear_errors(folder.path, _KEPT):
            append_line(self._curve, orjson.dumps(point, option=_LINE))
            write_whole(folder.state, learner.state())
            write_whole(folder.policy, policy.to_bytes())
        for name in ("win_rate", "return", "length"):
            self._writer.add_scalar(f"held_out/{name}", point[name], learner.steps)
        for name, value in losses.items():
            self._writer.add_scalar(f"training/{name}", value, learner.steps)
        self._writer.flush()
        self._progress(learner.steps, point)


def _point(steps: int, measured: Measurement, timings: Mapping[str, float], losses: Mapping[str, float]) -> Point:
    return {
        "steps": steps,
        "seconds": round(sum(timings.values()), 3),
        "win_rate": measured.win_rate,
        "battles": measured.battles,
        "return": measured.return_mean,
        "length": measured.length_mean,
        "timings": {name: round(seconds, 3) for name, seconds in timings.items()},
        "losses": dict(losses),
    }


def _learner_class() -> type[Learner]:
    try:
        import torch.utils.tensorboard  # noqa: F401  # what a machine lacks is said before anything is made

        from compass.baselines.learner import Learner
    except ModuleNotFoundError as error:
        raise InputError(
            f"training needs the extra `baselines` ({error.name} is missing): pip install -c constraints.txt '.[baselines]'"
        ) from None
    return Learner


def _one_thread() -> None:
    """Networks this small gain nothing from a second thread, and lose much to it on a busy machine; trainings side by side gain."""
    import torch

    torch.set_num_threads(1)


def check_device(device: str) -> None:
    """Make sure that the device is there.

    Raises:
        InputError: it is not.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device that this torch can use; leave out --device, or give --device cpu")


def _create(folder: TrainFolder, manifest: Manifest) -> None:
    path = folder.path
    if folder.manifest.exists():
        raise InputError(f"{path} already holds a run; --resume continues it, another --out begins a new one")
    with clear_errors(path, "name a new or empty folder"):
        if path.is_dir() and any(path.iterdir()):
            raise InputError(f"{path} is not empty and holds no training; name a new or empty folder")
        path.mkdir(parents=True, exist_ok=True)
        write_whole(folder.curve, b"")
        write_whole(folder.manifest, orjson.dumps(manifest, option=_PAGE))


def _reopen(folder: TrainFolder, manifest: Manifest) -> bytes | None:
    """The state to go on from; None where the training was stopped before its first measurement."""
    earlier = folder.content()
    differing = [key for key in manifest if key not in _MAY_DIFFER and earlier.get(key) != manifest[key]]
    if differing:
        raise InputError(f"{folder.path} is a training with another {', another '.join(differing)}; give the same")
    if manifest["steps"] < earlier["steps"]:
        raise InputError(
            f"{folder.path} is a training of {earlier['steps']} steps; give --steps {earlier['steps']} or more"
        )
    with clear_errors(folder.path, _KEPT):
        write_whole(folder.manifest, orjson.dumps(earlier | {"steps": manifest["steps"]}, option=_PAGE))
    return folder.state.read_bytes() if folder.state.exists() else None


def _drop_beyond(folder: TrainFolder, steps: int) -> None:
    """Cut the curve back to the piece that was kept."""
    lines = zip(whole_lines(folder.curve), folder.points(), strict=True)
    os.truncate(folder.curve, sum(len(line) for line, point in lines if point["steps"] <= steps))


@contextmanager
def _locked(curve: Path) -> Iterator[int]:
    """The curve, open for appending by this process alone."""
    file = os.open(curve, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another process trains in {curve.parent}; wait for it or choose another --out") from None
        yield file
    finally:
        with suppress(OSError):
            os.close(file)
