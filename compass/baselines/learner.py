"""The training itself: BenchMARL's collector, losses, buffers and optimisers, in a loop that can be stopped and gone on with.

BenchMARL's own loop keeps no optimiser in its checkpoints, restores them by unpickling, and measures returns, not win rates.
"""

from __future__ import annotations

import io
import logging
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
from compass.baselines.settings import TrainSettings
from compass.baselines.task import SkirmishTask
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
        kept = torch.load(io.BytesIO(state), map_location=settings.device, weights_only=True) if state else None
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
            self._restore(kept)

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
        self._explore(batch.numel())
        self.collector.update_policy_weights_()
        return {name: float(values.float().mean()) for name, values in losses.items()}

    def _explore(self, steps: int) -> None:
        """Move on with the annealing of exploration, where there is one."""
        policy = self.group_policies[GROUP]
        last = policy[-1] if hasattr(policy, "__getitem__") else policy
        if hasattr(last, "step"):
            last.step(steps)

    def weights(self) -> dict[str, Any]:
        """The agents' network, as float64 arrays by its own names."""
        loss = self.losses[GROUP]
        parameters = loss.actor_network_params if self.on_policy else loss.local_value_network_params
        found = network_weights(list(parameters.flatten_keys(".").items()))
        return {name: weights.detach().cpu().double().numpy() for name, weights in found.items()}

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
        self._explore(self.steps)
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


def _be_quiet() -> None:
    """What the libraries say of their own future is no news for whoever trains."""
    logging.getLogger("torchrl").setLevel(logging.WARNING)
    for module in ("torchrl", "torch", "benchmarl"):
        warnings.filterwarnings("ignore", module=rf"{module}\.")
