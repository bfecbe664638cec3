"""BenchMARL's algorithms with the hyper-parameters of `compass.baselines.settings`, and what they lack for battles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarl.algorithms import Ippo, IppoConfig, Mappo, MappoConfig, Qmix, QmixConfig, Vdn, VdnConfig
from benchmarl.algorithms.common import AlgorithmConfig
from benchmarl.experiment import ExperimentConfig
from tensordict import TensorDictBase
from tensordict.nn import TensorDictModule

from compass.baselines.network import SkirmishModelConfig
from compass.baselines.q_loss import LambdaQLoss
from compass.baselines.settings import PpoSettings, QSettings, TrainSettings

_TINY = 1e-8


class _Normalised:
    """Advantages of mean 0 and deviation 1 over living agents, and 0 for the dead, who have no choice."""

    def process_batch(self, group: str, batch: TensorDictBase) -> TensorDictBase:
        batch = super().process_batch(group, batch)  # type: ignore[misc]
        advantage = batch[group, "advantage"]
        alive = ~batch[group, "action_mask"][..., :1]  # no-op is for the dead
        of_living = advantage[alive]
        normal = (advantage - of_living.mean()) / (of_living.std(unbiased=False) + _TINY)
        return batch.set((group, "advantage"), normal * alive)


class _Lambda:
    """Learns by `LambdaQLoss`, from sequences even where agents have no memory."""

    def __init__(self, lmbda: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.has_rnn = True  # as BenchMARL calls it
        self._lmbda = lmbda

    def _get_loss(self, group: str, policy_for_loss: TensorDictModule, continuous: bool) -> tuple[LambdaQLoss, bool]:
        loss = LambdaQLoss(
            policy_for_loss,
            self.get_mixer(group),  # type: ignore[attr-defined]
            gamma=self.experiment_config.gamma,  # type: ignore[attr-defined]
            lmbda=self._lmbda,
            delay_value=True,
            action_space=self.action_spec[group, "action"],  # type: ignore[attr-defined]
        )
        chosen = "chosen_action_value"
        loss.set_keys(
            action=(group, "action"),
            action_value=(group, "action_value"),
            local_value=(group, chosen),
            global_value=chosen,
        )
        return loss, True


class SkirmishMappo(_Normalised, Mappo):  # type: ignore[misc]
    """MAPPO."""


class SkirmishIppo(_Normalised, Ippo):  # type: ignore[misc]
    """IPPO."""


class SkirmishQmix(_Lambda, Qmix):  # type: ignore[misc]
    """QMIX."""


class SkirmishVdn(_Lambda, Vdn):  # type: ignore[misc]
    """VDN."""


@dataclass
class _MappoConfig(MappoConfig):  # type: ignore[misc]
    @staticmethod
    def associated_class() -> type[SkirmishMappo]:
        return SkirmishMappo


@dataclass
class _IppoConfig(IppoConfig):  # type: ignore[misc]
    @staticmethod
    def associated_class() -> type[SkirmishIppo]:
        return SkirmishIppo


@dataclass
class _QmixConfig(QmixConfig):  # type: ignore[misc]
    lmbda: float = 0.0

    @staticmethod
    def associated_class() -> type[SkirmishQmix]:
        return SkirmishQmix


@dataclass
class _VdnConfig(VdnConfig):  # type: ignore[misc]
    lmbda: float = 0.0

    @staticmethod
    def associated_class() -> type[SkirmishVdn]:
        return SkirmishVdn


_PPO = {"mappo": _MappoConfig, "ippo": _IppoConfig}


def algorithm_config(settings: TrainSettings) -> AlgorithmConfig:
    """The algorithm for BenchMARL."""
    hyper = settings.hyper_parameters
    if isinstance(hyper, PpoSettings):
        return _PPO[settings.algorithm](
            share_param_critic=True,
            clip_epsilon=hyper.clip,
            entropy_coef=hyper.entropy,
            critic_coef=1.0,
            loss_critic_type="smooth_l1",
            lmbda=hyper.lmbda,
            scale_mapping="biased_softplus_1.0",  # of continuous actions, as the next
            use_tanh_normal=True,
            minibatch_advantage=False,
        )
    if settings.algorithm == "qmix":
        return _QmixConfig(mixing_embed_dim=hyper.mixing, delay_value=True, loss_function="l2", lmbda=hyper.lmbda)
    return _VdnConfig(delay_value=True, loss_function="l2", lmbda=hyper.lmbda)


def model_configs(settings: TrainSettings) -> tuple[SkirmishModelConfig, SkirmishModelConfig]:
    """The agents' network, and the critic's: of the whole state (MAPPO) or of an agent's observation (IPPO), without memory."""
    hyper = settings.hyper_parameters
    sequence = hyper.chunk if isinstance(hyper, PpoSettings) else hyper.batch // hyper.battles + 1
    actor = SkirmishModelConfig(hidden=hyper.hidden, recurrent=settings.recurrent, gain=hyper.gain, chunk=sequence)
    return actor, SkirmishModelConfig(hidden=hyper.hidden, recurrent=False, gain=1.0, chunk=sequence)


def experiment_config(settings: TrainSettings, steps: int) -> ExperimentConfig:
    """How BenchMARL collects and updates, over `steps` environment steps."""
    hyper = settings.hyper_parameters
    config = ExperimentConfig.get_from_yaml()
    config.sampling_device = config.buffer_device = "cpu"
    config.train_device = settings.device
    config.gamma, config.lr, config.adam_eps = hyper.gamma, hyper.lr, hyper.adam_eps
    config.clip_grad_norm, config.clip_grad_val = True, hyper.grad_norm
    config.max_n_frames = steps
    config.evaluation, config.render, config.evaluation_episodes = False, False, 1
    config.loggers, config.create_json = [], False
    side = "on_policy" if isinstance(hyper, PpoSettings) else "off_policy"
    setattr(config, f"{side}_collected_frames_per_batch", hyper.batch)
    setattr(config, f"{side}_n_envs_per_worker", hyper.battles)
    if isinstance(hyper, QSettings):
        config.off_policy_n_optimizer_steps, config.off_policy_train_batch_size = hyper.updates, hyper.minibatch
        config.off_policy_memory_size = hyper.memory
        config.exploration_eps_init, config.exploration_eps_end = hyper.epsilon_first, hyper.epsilon_last
        config.exploration_anneal_frames = hyper.epsilon_steps
        config.soft_target_update, config.polyak_tau = True, hyper.target_rate
    else:
        config.on_policy_n_minibatch_iters, config.on_policy_minibatch_size = hyper.epochs, hyper.minibatch
    return config
