"""The network of every baseline, and how BenchMARL builds and calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from benchmarl.models.common import Model, ModelConfig
from tensordict import TensorDictBase
from torch import Tensor, nn
from torchrl.data import Composite, Unbounded

_MEMORY = "memory"  # not `_memory`: collectors drop private entries, and training begins where playing did


class Network(nn.Module):  # type: ignore[misc]
    """LayerNorm, a layer with ReLU, a GRU or another layer with ReLU, a linear layer; weights orthogonal, the last times `gain`."""

    def __init__(self, inputs: int, outputs: int, hidden: int, recurrent: bool, gain: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.enter = nn.Linear(inputs, hidden)
        self.core = nn.GRUCell(hidden, hidden) if recurrent else nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, outputs)
        for name, weights in self.named_parameters():
            if weights.dim() == 2:
                nn.init.orthogonal_(weights, gain if name.startswith("head") else 2**0.5)
            elif not name.startswith("norm"):
                nn.init.zeros_(weights)

    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs of a network without memory, [..., outputs], from inputs[..., inputs]."""
        return self.head(torch.relu(self.core(self._entered(inputs))))

    def step(self, inputs: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs of one step and the memory after it, from inputs[..., inputs] and memory[..., hidden]."""
        entered = self._entered(inputs)
        after = self.core(entered.flatten(0, -2), memory.flatten(0, -2)).view(memory.shape)
        return self.head(after), after

    def unroll(self, inputs: Tensor, fresh: Tensor, memory: Tensor, chunk: int) -> Tensor:
        """The outputs of T steps, [B, T, A, outputs].

        inputs: [B, T, A, inputs]; memory: [B, T, A, hidden], as it was when the steps were played. It is taken up at every `chunk`
        steps (of which T is a multiple), beyond which nothing is learnt backwards, and wherever `fresh`, bool[B, T, 1], says that a
        battle began.
        """
        steps = inputs.shape[1]
        chunks = (x.unflatten(1, (steps // chunk, chunk)).flatten(0, 1) for x in (self._entered(inputs), fresh, memory))
        entered, begun, kept = (x.unbind(1) for x in chunks)
        now = kept[0]
        outputs = []
        for t in range(chunk):
            now = torch.where(begun[t][..., None], kept[t], now)
            now = self.core(entered[t].flatten(0, 1), now.flatten(0, 1)).view(now.shape)
            outputs.append(now)
        return self.head(torch.stack(outputs, 1).unflatten(0, (-1, steps // chunk)).flatten(1, 2))

    def _entered(self, inputs: Tensor) -> Tensor:
        return torch.relu(self.enter(self.norm(inputs)))


class SkirmishModel(Model):  # type: ignore[misc]
    """`Network` in BenchMARL: shared by all agents, or of the state for all of them together."""

    def __init__(self, hidden: int, recurrent: bool, gain: float, chunk: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        inputs = self.input_leaf_spec.shape[-1]
        self._reads = self.in_key
        self._memory = (self.agent_group, _MEMORY)
        self._recurrent, self._chunk = recurrent, chunk
        self.network = Network(inputs, self.output_leaf_spec.shape[-1], hidden, recurrent, gain).to(self.device)
        if recurrent:
            self.in_keys += ["is_init", self._memory]

    def _forward(self, tensordict: TensorDictBase) -> TensorDictBase:
        inputs = tensordict.get(self._reads)
        if not self._recurrent:
            return tensordict.set(self.out_key, self.network(inputs))
        memory = tensordict.get(self._memory)
        if tensordict.batch_dims == 1:  # a step of play
            outputs, after = self.network.step(inputs, memory)
            return tensordict.set(self.out_key, outputs).set(("next", *self._memory), after)
        begun = tensordict.get("is_init")
        return tensordict.set(self.out_key, self.network.unroll(inputs, begun, memory, self._chunk))


@dataclass
class SkirmishModelConfig(ModelConfig):  # type: ignore[misc]
    """hidden: the width of all layers. gain: of the last layer's weights. chunk: steps that are learnt from as one sequence."""

    hidden: int
    recurrent: bool
    gain: float
    chunk: int

    @staticmethod
    def associated_class() -> type[SkirmishModel]:
        """What BenchMARL builds."""
        return SkirmishModel

    @property
    def is_rnn(self) -> bool:
        """Whether it remembers."""
        return self.recurrent

    def get_model_state_spec(self, model_index: int = 0) -> Composite:
        """An agent's memory."""
        return Composite({_MEMORY: Unbounded((self.hidden,))} if self.recurrent else {})


def network_weights(parameters: Sequence[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """The weights of the one `Network` among named parameters, by its own names."""
    return {name.split("network.", 1)[1]: weights for name, weights in parameters if "network." in name}
