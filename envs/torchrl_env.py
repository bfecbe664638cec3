"""A batched TorchRL environment over many skirmishes at once (`pip install compass-smac[baselines]`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.draws import TRAINING
from envs.errors import InputError
from envs.scenario import Scenario
from envs.skirmish import Batch, BatchedSkirmish

try:
    import torch
    from tensordict import TensorDict, TensorDictBase
    from torchrl.data import Binary, Bounded, Categorical, Composite, Unbounded
    from torchrl.envs import EnvBase
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"{error}: pip install 'compass-smac[baselines]'", name=error.name) from None

GROUP = "agents"
_SEED_BITS = 32


class Rows(Protocol):
    """What agents read instead of their observations."""

    @property
    def size(self) -> int:
        """How many numbers an agent reads."""
        ...

    def begin(self, places: Sequence[int]) -> None:
        """New battles have begun at these places of the batch."""
        ...

    def read(self, batch: Batch) -> NDArray[np.float32]:
        """float32[B, A, size], which may be called again before the next step."""
        ...


class SkirmishEnv(EnvBase):  # type: ignore[misc]
    """`n_battles` battles of one scenario, batch size [n_battles], in the layout that TorchRL's and BenchMARL's losses read.

    A step shows ("agents", "observation"), float32[B, A, obs_size]; ("agents", "action_mask"), bool[B, A, n_actions]; "state",
    float32[B, state_size], for critics and mixers alone; ("agents", "reward"), float32[B, A, 1], the team's scaled reward, the same
    for all; done and terminated, bool[B, 1]; and "info": battle_won, timeout, dead_allies, dead_enemies, each [B, 1]. It takes
    ("agents", "action"), int64[B, A], which must be legal; those of finished battles are ignored, and such a battle stands still.

    As in SMACv2 the time limit *terminates* a battle: nothing is ever truncated, and no value beyond the limit is bootstrapped.

    A reset, whole or of the battles that "_reset" marks, begins battles that were not played before: those of the stream
    `training`, numbered on from `seed` * 2**32. Battles of that stream are never played to be counted.
    """

    def __init__(
        self,
        scenario: str | Scenario,
        n_battles: int,
        seed: int = 0,
        observation: str = "repaired",
        agent_ids: bool = False,
        stream: str = TRAINING,
        threads: int = 1,
        device: torch.device | str = "cpu",
        rows: Rows | None = None,
        **options: Any,
    ) -> None:
        """agent_ids: append each agent's id, one-hot, to its observation. stream: whose battles are played. rows: what
        agents read instead of their observations. options: `Skirmish`'s.

        Raises:
            InputError: an unknown scenario or option, or a seed out of range.
        """
        super().__init__(device=torch.device(device), batch_size=torch.Size([n_battles]))
        self._skirmish = BatchedSkirmish(scenario, n_battles, observation, threads, **options)
        self.scenario = self._skirmish.scenario
        self.episode_limit = self._skirmish.episode_limit
        self.n_agents, self.n_actions = self._skirmish.n_agents, self._skirmish.n_actions
        self._stream, self._rows = stream, rows
        self._ids = torch.eye(self.n_agents).expand(n_battles, -1, -1) if agent_ids else None
        self.begun = 0
        """Battles begun so far with this seed. May be set, to go on where another environment has stopped."""
        self._set_seed(seed)
        self._make_specs()

    @property
    def group_map(self) -> dict[str, list[str]]:
        """The one group and the names of its agents."""
        return {GROUP: [f"agent_{i}" for i in range(self.n_agents)]}

    def _make_specs(self) -> None:
        batch, layout, device = self.batch_size, self._skirmish.layout, self.device
        team = torch.Size([*batch, self.n_agents])
        one = torch.Size([*batch, 1])
        width = self._rows.size if self._rows is not None else layout.obs_size
        width += self.n_agents if self._ids is not None else 0
        agents = Composite(
            observation=Unbounded(torch.Size([*team, width]), device=device),
            action_mask=Binary(self.n_actions, torch.Size([*team, self.n_actions]), device=device, dtype=torch.bool),
            shape=team,
        )
        info = Composite(
            battle_won=Binary(1, one, device=device, dtype=torch.bool),
            timeout=Binary(1, one, device=device, dtype=torch.bool),
            dead_allies=Bounded(0, self.n_agents, one, device=device, dtype=torch.int64),
            dead_enemies=Bounded(0, self._skirmish.n_enemies, one, device=device, dtype=torch.int64),
            shape=batch,
        )
        self.observation_spec = Composite(
            {GROUP: agents, "state": Unbounded(torch.Size([*batch, layout.state_size]), device=device), "info": info},
            shape=batch,
        )
        action = Categorical(self.n_actions, team, device=device, dtype=torch.int64)
        self.action_spec = Composite({GROUP: Composite(action=action, shape=team)}, shape=batch)
        reward = Unbounded(torch.Size([*team, 1]), device=device)
        self.reward_spec = Composite({GROUP: Composite(reward=reward, shape=team)}, shape=batch)
        done = {name: Binary(1, one, device=device, dtype=torch.bool) for name in ("done", "terminated")}
        self.done_spec = Composite(done, shape=batch)

    def _set_seed(self, seed: int | None) -> None:
        seed = 0 if seed is None else seed
        if not 0 <= seed < 1 << _SEED_BITS:
            raise InputError(f"seed {seed} is not allowed; give a whole number from 0 to {(1 << _SEED_BITS) - 1}")
        self._first, self.begun = seed << _SEED_BITS, 0

    def _reset(self, tensordict: TensorDictBase | None = None, **kwargs: Any) -> TensorDict:
        marked = None if tensordict is None else tensordict.get("_reset", None)
        if marked is None:
            places = list(range(self._skirmish.batch_size))
        else:
            places = np.flatnonzero(marked.view(-1).cpu().numpy()).tolist()
        first = self._first + self.begun
        self.begun += len(places)
        batch = self._skirmish.reset_at(places, range(first, first + len(places)), self._stream)
        if self._rows is not None:
            self._rows.begin(places)
        return self._shown(batch)

    def _step(self, tensordict: TensorDictBase) -> TensorDict:
        batch = self._skirmish.step(tensordict.get((GROUP, "action")).cpu().numpy())
        shown = self._shown(batch)
        reward = torch.from_numpy(batch.reward.astype(np.float32))[:, None, None].expand(-1, self.n_agents, 1)
        shown.set((GROUP, "reward"), reward.to(self.device))
        return shown

    def _shown(self, batch: Batch) -> TensorDict:
        """What the battles show, in tensors of its own: the engine writes the next step where it wrote this one."""
        obs = torch.from_numpy(batch.obs if self._rows is None else self._rows.read(batch))
        obs = obs.clone() if self._ids is None else torch.cat((obs, self._ids), -1)
        mask = torch.from_numpy(batch.available).bool()
        device = self.device
        self.full_action_spec[GROUP, "action"].update_mask(mask.to(device))
        over = _column(batch.terminated)
        agents = TensorDict({"observation": obs, "action_mask": mask}, torch.Size([*self.batch_size, self.n_agents]))
        info = {
            name: _column(getattr(batch, name)) for name in ("battle_won", "timeout", "dead_allies", "dead_enemies")
        }
        content = {
            GROUP: agents,
            "state": torch.from_numpy(batch.state).clone(),
            "info": TensorDict(info, self.batch_size),
            "done": over,
            "terminated": over.clone(),
        }
        return TensorDict(content, self.batch_size).to(device)

    def close(self, *, raise_if_closed: bool = True) -> None:
        """End the engine's threads."""
        self._skirmish.close()
        super().close(raise_if_closed=raise_if_closed)


def _column(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.array(values)).unsqueeze(-1)
