"""The training itself: BenchMARL's collector, losses, buffers and optimisers, in a loop that can be stopped and gone on with.

BenchMARL's own loop keeps no optimiser in its checkpoints, restores them by unpickling, and measures returns, not win rates.
"""

from __future__ import annotations

import io
import logging
import math
import pickle
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from benchmarl.experiment import Experiment
from benchmarl.utils import seed_everything

from compass.baselines.algorithms import algorithm_config, experiment_config, model_configs
from compass.baselines.network import network_weights
from compass.baselines.settings import QSettings, TrainSettings
from compass.baselines.task import SkirmishTask
from compass.errors import InputError
from envs.draws import stream_key
from envs.torchrl_env import GROUP

_SEEDS = 2**31


class Learner(Experiment):  # type: ignore[misc]
    """One training under way. `timings`: seconds spent collecting and updating."""

    def __init__(self, settings: TrainSettings, state: bytes | None = None) -> None:
        """state: what an earlier one's `state` gave, to go on from there."""
        _be_quiet()
        self._settings = settings
        hyper = settings.hyper_parameters
        actor, critic = model_configs(settings)
        kept = _read_state(state, settings.device) if state is not None else None
        super().__init__(
            SkirmishTask(
                settings.scenario, settings.observation, hyper.agent_ids, settings.reading, kept["begun"] if kept else 0
            ),
            algorithm_config(settings),
            actor,
            settings.seed,
            experiment_config(settings, -(-settings.steps // hyper.batch) * hyper.batch),
            critic_model_config=critic,
        )
        self.timings = {"collect": 0.0, "update": 0.0}
        if kept is not None:
            try:
                self._restore(kept)
            except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
                raise _damaged(error) from None

    @property
    def steps(self) -> int:
        """Environment steps learnt from so far."""
        return int(self.total_frames)

    @property
    def begun(self) -> int:
        """Training battles begun so far."""
        return int(self.collector.env.base_env.begun)

    def rounds(self) -> Iterator[Mapping[str, float]]:
        """Collect a batch and learn from it, until `settings.steps`: the means of the losses, and of what ended in the batch."""
        seed_everything(stream_key(f"training from step {self.steps}", self._settings.seed) % _SEEDS)
        collected = iter(self.collector)
        while self.steps < self._settings.steps:
            start = perf_counter()
            batch = next(collected)
            middle = perf_counter()
            self.total_frames += batch.numel()
            losses = self._learn(batch.detach())
            self._check_finite(losses)
            self.timings["collect"] += middle - start
            self.timings["update"] += perf_counter() - middle
            yield losses

    def _learn(self, batch: Any) -> dict[str, float]:
        data = self.algorithm.process_batch(GROUP, batch.exclude("info", ("next", "info")).to(self.config.train_device))
        if not self.algorithm.has_rnn:
            data = data.reshape(-1)
        buffer = self.replay_buffers[GROUP]
        buffer.extend(data.to(buffer.storage.device))
        on_policy = self.on_policy
        updates = self.config.n_optimizer_steps(on_policy) * -(
            -self.config.train_batch_size(on_policy) // self.config.train_minibatch_size(on_policy)
        )
        losses = torch.stack([self._optimizer_loop(GROUP) for _ in range(updates)])
        self._explore()
        self.collector.update_policy_weights_()
        return {name: float(values.float().mean()) for name, values in losses.items()}

    def _check_finite(self, losses: Mapping[str, float]) -> None:
        if not all(map(math.isfinite, losses.values())) or not all(
            w.isfinite().all() for w in self._networks().values()
        ):
            raise InputError(
                f"the training diverged before step {self.steps}: its losses or weights are no numbers; begin anew with a lower lr"
            )

    def _explore(self) -> None:
        """Explore as much as is due after the steps so far, where the algorithm explores by chance."""
        hyper = self._settings.hyper_parameters
        if isinstance(hyper, QSettings):
            left = max(0.0, 1 - self.steps / hyper.epsilon_steps)
            self.group_policies[GROUP][-1].eps.fill_(
                hyper.epsilon_last + (hyper.epsilon_first - hyper.epsilon_last) * left
            )

    def weights(self) -> dict[str, Any]:
        """The agents' network, as float64 arrays by its own names."""
        return {name: weights.detach().cpu().double().numpy() for name, weights in self._networks().items()}

    def _networks(self) -> dict[str, torch.Tensor]:
        loss = self.losses[GROUP]
        parameters = loss.actor_network_params if self.on_policy else loss.local_value_network_params
        return network_weights(list(parameters.flatten_keys(".").items()))

    def state(self) -> bytes:
        """All that going on needs but the replay buffer, which fills again: tensors and numbers, as `torch.load` reads them with
        `weights_only`."""
        file = io.BytesIO()
        optimizers = {name: optimizer.state_dict() for name, optimizer in self.optimizers[GROUP].items()}
        content = {
            "steps": self.steps,
            "begun": self.begun,
            "loss": dict(self.losses[GROUP].state_dict()),
            "optimizers": optimizers,
            "timings": dict(self.timings),
        }
        torch.save(content, file)
        return file.getvalue()

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.losses[GROUP].load_state_dict(state["loss"])
        for name, optimizer in self.optimizers[GROUP].items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.total_frames, self.timings = state["steps"], dict(state["timings"])
        self._explore()
        self.collector.update_policy_weights_()

    def close(self) -> None:
        """End the collector."""
        self.collector.shutdown()
        self.test_env.close()

    def _setup_name(self) -> None:
        """BenchMARL would make a folder here, with pickles in it."""
        self.name, self.folder_name = self._settings.algorithm, Path()

    def _setup_logger(self) -> None:
        """The caller keeps the books."""


def _read_state(state: bytes, device: str) -> Mapping[str, Any]:
    try:
        kept: Mapping[str, Any] = torch.load(io.BytesIO(state), map_location=device, weights_only=True)
        for name in ("steps", "begun"):
            if type(kept[name]) is not int or kept[name] < 0:
                raise ValueError(name)
        if not all(isinstance(seconds, float) for seconds in kept["timings"].values()):
            raise ValueError("timings")
    except (pickle.UnpicklingError, EOFError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(error) from None
    return kept


def _damaged(error: Exception) -> InputError:
    return InputError(
        f"the training's state.pt is damaged ({type(error).__name__}); begin a new training with another --out"
    )


def _be_quiet() -> None:
    """What the libraries say of their own future is no news for whoever trains."""
    logging.getLogger("torchrl").setLevel(logging.WARNING)
    for module in ("torchrl", "torch", "benchmarl"):
        warnings.filterwarnings("ignore", module=rf"{module}\.")
