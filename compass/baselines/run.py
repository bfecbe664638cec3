"""A training: what it is, and learning with a measurement every so many steps, each of which a later process can go on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import orjson

from compass.baselines.folder import FORMAT, KEPT, Manifest, Point, TrainFolder, begun, continued, keep_until
from compass.baselines.interruption import Interruption, interruptible
from compass.baselines.measure import Measurement, measure
from compass.baselines.settings import TrainSettings
from compass.errors import InputError
from compass.evaluate.manifest import origin
from compass.evaluate.run_folder import clear_errors, unused, write_whole
from compass.jsonl import append_line
from compass.policies.checkpoint import TrainedPolicy
from envs.draws import HELD_OUT, TRAINING

if TYPE_CHECKING:
    from compass.baselines.learner import Learner

_PACKAGES = ("benchmarl", "compass-smac", "numba", "numpy", "tensordict", "torch", "torchrl")
_LINE = orjson.OPT_APPEND_NEWLINE

Progress = Callable[[int, Point | None], None]
"""Called with the steps learnt from so far, and with a point of the curve where there is a new one."""


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
        **origin(_PACKAGES),
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
    folder, manifest = TrainFolder(path), build_manifest(settings)
    _one_thread()
    with (continued if resume else begun)(folder, manifest) as curve, ExitStack() as stack:
        with clear_errors(path, KEPT):
            state = folder.state.read_bytes() if resume and folder.state.exists() else None
        learner = Learner(settings, state)
        stack.callback(learner.close)
        keep_until(folder, None if state is None else learner.steps)
        books = _Books(folder, settings, manifest, curve, learner, progress or (lambda steps, point: None))
        stack.callback(books.close)
        books.keep(stack.enter_context(interruptible()))
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

    def keep(self, interruption: Interruption) -> None:
        """Learn to the end, or until the user wants no more.

        Raises:
            KeyboardInterrupt: they do not.
        """
        learner, every = self._learner, self._settings.every
        if not self._folder.points():
            self._measure({})
        due = (learner.steps // every + 1) * every
        for losses in learner.rounds():
            self._progress(learner.steps, None)
            interruption.check()
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
        with clear_errors(folder.path, KEPT):
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
