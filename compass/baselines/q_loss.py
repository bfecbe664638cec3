"""The loss of QMIX and VDN as PyMARL computes it: TD(lambda) targets, the next actions chosen by the network that learns."""

from __future__ import annotations

from typing import Any

import torch
from tensordict import TensorDict, TensorDictBase
from torch import Tensor
from torchrl.objectives import QMixerLoss
from torchrl.objectives.utils import distance_loss

from envs.torchrl_env import GROUP

_MASK = (GROUP, "action_mask")


class LambdaQLoss(QMixerLoss):  # type: ignore[misc]
    """TorchRL's loss has one-step targets, whose next actions the target network itself chooses, and no memory beyond a step.

    Targets: TD(lambda) over the steps of a sequence, up to the end of a battle (Sutton and Barto, 12.2); double Q-learning (van
    Hasselt et al. 2016). As in hijkzzz/pymarl2, `learners/nq_learner.py`.
    """

    def __init__(self, *networks: Any, gamma: float, lmbda: float, **kwargs: Any) -> None:
        """networks: of the agents and of the mixer. The rest is TorchRL's."""
        super().__init__(*networks, **kwargs)
        self._gamma, self._lmbda = gamma, lmbda

    def forward(self, tensordict: TensorDictBase) -> TensorDict:
        """The mean squared error over sequences [B, T] of steps, each with its next step."""
        shown, after = self._shown(tensordict), tensordict.get("next")
        scores = self._scores(shown, self.local_value_network_params)
        action = tensordict.get(self.tensor_keys.action).unsqueeze(-1)
        value = self._mixed(shown[:, :-1], scores[:, :-1].gather(-1, action), self.mixer_network_params)
        with torch.no_grad():
            best = scores.masked_fill(~shown.get(_MASK), -torch.inf).argmax(-1, keepdim=True)
            later = self._scores(shown, self.target_local_value_network_params).gather(-1, best)
            following = self._mixed(shown[:, 1:], later[:, 1:], self.target_mixer_network_params)
            target = self._targets(following, after.get("reward"), after.get("done"))
        return TensorDict({"loss": distance_loss(value, target, self.loss_function).mean()}, [])

    def _targets(self, following: Tensor, reward: Tensor, done: Tensor) -> Tensor:
        """TD(lambda) returns, all tensors [B, T, 1]; following: the values after each step. A battle that is done has no more."""
        targets, later = [], following[:, -1]
        for t in reversed(range(following.shape[1])):
            later = torch.lerp(following[:, t], later, self._lmbda)
            later = reward[:, t] + self._gamma * later * ~done[:, t]
            targets.append(later)
        return torch.stack(targets[::-1], 1)

    def _shown(self, sequences: TensorDictBase) -> TensorDictBase:
        """What the networks read at the steps [B, T] and after the last of them: [B, T + 1]."""
        keys = self.global_value_network_in_keys
        return torch.cat((sequences.select(*keys), sequences.get("next").select(*keys)[:, -1:]), 1)

    def _scores(self, shown: TensorDictBase, parameters: Any) -> Tensor:
        with parameters.to_module(self.local_value_network):
            scores: Tensor = self.local_value_network(shown.clone(False)).get(self.tensor_keys.action_value)
        return scores

    def _mixed(self, shown: TensorDictBase, chosen: Tensor, parameters: Any) -> Tensor:
        """The team's value, [B, T, 1], from the agents' [B, T, A, 1]."""
        given = shown.clone(False).set(self.tensor_keys.local_value, chosen)
        given = given.select(*self.mixer_network.in_keys).contiguous()  # the mixer takes no views
        with parameters.to_module(self.mixer_network):
            mixed: Tensor = self.mixer_network(given).get(self.tensor_keys.global_value)
        return mixed
