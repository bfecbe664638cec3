"""Learning: what is replayed is what was played, NumPy gives what torch gives, and a training goes on from its state."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("benchmarl", reason="the extra `baselines` is not installed")

import torch

from compass.baselines.learner import Learner
from compass.baselines.network import Network, network_weights
from compass.baselines.settings import PpoSettings, QSettings, TrainSettings
from compass.policies.checkpoint import TrainedPolicy
from envs.draws import HELD_OUT, TRAINING
from envs.scenario_file import load_scenario
from envs.torchrl_env import GROUP

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

SCENARIO = load_scenario("zerg_5_vs_5")
PPO = PpoSettings(battles=4, batch=400, minibatch=200, epochs=2)
Q = QSettings(battles=4, batch=400, minibatch=200, updates=2, memory=2_000)


def settings(algorithm: str, recurrent: bool, steps: int = 400) -> TrainSettings:
    hyper = PPO if algorithm.endswith("ppo") else Q
    return TrainSettings(algorithm, SCENARIO, steps, recurrent=recurrent, hyper=hyper)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("recurrent", [False, True])
def test_numpy_computes_what_torch_computes(recurrent):
    torch.manual_seed(0)
    network = Network(17, 9, 24, recurrent, 1.0)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    arrays = {name: weights.detach().numpy().astype(np.float64) for name, weights in network.named_parameters()}
    policy = TrainedPolicy({"agent_ids": False}, arrays)
    inputs = torch.randn(6, 3, 5, 17)
    memory, remembered = torch.zeros(3, 5, 24), policy.begin(3, 5)
    for step in inputs:
        if recurrent:
            expected, memory = network.step(step, memory)
        else:
            expected = network(step)
        scores, remembered = policy.scores(step.numpy().astype(np.float64), remembered)
        assert scores == pytest.approx(expected.detach().numpy(), abs=1e-5)
    assert np.abs(remembered).max() > 0.1 or not recurrent


def test_a_recurrent_batch_replays_what_was_played():
    """Over battles that end within a batch and over the border of two; else PPO's ratios are wrong from the start."""
    learner = Learner(settings("mappo", True, 800))
    collected = iter(learner.collector)
    batches = [next(collected).clone() for _ in range(2)]
    actor = learner.algorithm.get_policy_for_loss(GROUP)
    assert all(batch["is_init"][:, 1:].any() for batch in batches)
    for batch in batches:
        logits = actor[0](batch.clone())[GROUP, "logits"]
        masked = logits.masked_fill(~batch[GROUP, "action_mask"], -torch.inf).log_softmax(-1)
        chosen = masked.gather(-1, batch[GROUP, "action"].unsqueeze(-1)).squeeze(-1)
        assert torch.allclose(chosen, batch[GROUP, "log_prob"], atol=1e-5)
    assert batches[1][GROUP, "memory"][:, 0].abs().max() > 0
    learner.close()


@pytest.mark.parametrize(
    ("algorithm", "recurrent", "lmbda"),
    [("qmix", True, 0.4), ("qmix", False, 0.9), ("vdn", True, 0.4), ("qmix", True, 0.0), ("qmix", True, 1.0)],
)
def test_the_loss_of_q_learning_is_that_of_the_definition(algorithm, recurrent, lmbda):
    """Step by step: memory from play, the next actions by the learning network, TD(lambda) backwards to the end of a battle."""
    learner = Learner(replace(settings(algorithm, recurrent), hyper=replace(Q, lmbda=lmbda)))
    batch = learner.algorithm.process_batch(GROUP, next(iter(learner.collector)))
    ended = batch["next", "done"].squeeze(-1)
    assert ended[:, :-1].any()
    loss = learner.losses[GROUP]
    with torch.no_grad():
        loss.target_local_value_network_params.apply_(lambda weights: weights.add_(0.1 * torch.randn_like(weights)))
    shown = [batch[:, t] for t in range(batch.shape[1])] + [batch["next"][:, -1]]
    online, target = (
        scores_of(loss, shown, recurrent, parameters)
        for parameters in (loss.local_value_network_params, loss.target_local_value_network_params)
    )
    expected, after = torch.zeros(len(batch)), None
    errors = []
    for t in reversed(range(batch.shape[1])):
        legal = online[t + 1].masked_fill(~shown[t + 1][GROUP, "action_mask"], -torch.inf)
        later = mixed(loss, shown[t + 1], target[t + 1].gather(-1, legal.argmax(-1, keepdim=True)), target=True)
        expected = later if after is None else (1 - lmbda) * later + lmbda * expected
        expected = batch["next", "reward"][:, t, 0] + 0.99 * expected * ~ended[:, t]
        chosen = online[t].gather(-1, batch[GROUP, "action"][:, t, :, None])
        errors.append(mixed(loss, shown[t], chosen, target=False) - expected)
        after = t
    assert loss(batch)["loss"].item() == pytest.approx(torch.stack(errors).square().mean().item(), rel=1e-4)
    learner.close()


def scores_of(loss, shown, recurrent, parameters):
    """The scores of every step, [B, A, n_actions], of a network with these parameters."""
    network = deepcopy(loss.local_value_network[0].network)
    with torch.no_grad():
        for name, weights in network.named_parameters():
            weights.copy_(network_weights(list(parameters.flatten_keys(".").items()))[name])
        if not recurrent:
            return [network(step[GROUP, "observation"]) for step in shown]
        memory, scores = shown[0][GROUP, "memory"], []
        for step in shown:
            memory = torch.where(step["is_init"][..., None], torch.zeros(()), memory)
            each, memory = network.step(step[GROUP, "observation"], memory)
            scores.append(each)
    return scores


def mixed(loss, step, chosen, target):
    """The team's value, [B], by the mixer or its target."""
    given = step.clone(False).set((GROUP, "chosen_action_value"), chosen)
    parameters = loss.target_mixer_network_params if target else loss.mixer_network_params
    with torch.no_grad(), parameters.to_module(loss.mixer_network):
        return loss.mixer_network(given)["chosen_action_value"].squeeze(-1)


def test_advantages_count_the_living_alone():
    learner = Learner(settings("mappo", False))
    batch = next(iter(learner.collector))
    done = learner.algorithm.process_batch(GROUP, batch.exclude("info", ("next", "info")))
    dead = done[GROUP, "action_mask"][..., :1]
    advantage = done[GROUP, "advantage"]
    assert dead.any() and not advantage[dead].any()
    assert advantage[~dead].mean().item() == pytest.approx(0, abs=1e-5)
    assert advantage[~dead].std(unbiased=False).item() == pytest.approx(1, abs=1e-4)
    learner.close()


@pytest.mark.parametrize(
    ("algorithm", "recurrent"),
    [("mappo", True), ("mappo", False), ("ippo", True), ("qmix", True), ("qmix", False), ("vdn", True)],
)
def test_every_algorithm_learns_and_goes_on_from_its_state(algorithm, recurrent):
    first = Learner(settings(algorithm, recurrent, 800))
    before = first.weights()
    losses = list(first.rounds())
    assert len(losses) == 2 and all(np.isfinite(list(each.values())).all() for each in losses)
    after, state = first.weights(), first.state()
    assert any((before[name] != after[name]).any() for name in before)
    second = Learner(settings(algorithm, recurrent, 1_200), state)
    assert second.steps == 800 and second.begun == first.begun + 4 > 8
    assert all(np.array_equal(after[name], weights) for name, weights in second.weights().items())
    for name, optimizer in second.optimizers[GROUP].items():
        kept = first.optimizers[GROUP][name].state_dict()["state"]
        assert all(torch.equal(a["exp_avg"], kept[i]["exp_avg"]) for i, a in optimizer.state_dict()["state"].items())
    if algorithm == "qmix":
        assert second.group_policies[GROUP][-1].eps == pytest.approx(first.group_policies[GROUP][-1].eps)
    begun = second.begun
    assert len(list(second.rounds())) == 1 and second.begun > begun
    first.close()
    second.close()


def test_a_second_training_of_a_seed_is_the_same_and_of_another_is_not():
    def trained(seed: int) -> dict[str, np.ndarray]:
        learner = Learner(replace(settings("mappo", True), seed=seed))
        list(learner.rounds())
        learner.close()
        return learner.weights()

    one, again, other = trained(1), trained(1), trained(2)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert (one["enter.weight"] != other["enter.weight"]).any()


def test_exploration_follows_the_steps():
    hyper = replace(Q, epsilon_steps=1_000, epsilon_first=0.9, epsilon_last=0.1)
    learner = Learner(replace(settings("qmix", False, 1_200), hyper=hyper))
    found = [round(float(learner.group_policies[GROUP][-1].eps), 4) for _ in learner.rounds()]
    assert found == [0.58, 0.26, 0.1]
    learner.close()


def test_benchmarl_measures_on_other_battles_than_it_trains_on():
    learner = Learner(settings("mappo", False))
    streams = [env.base_env._stream for env in (learner.test_env, learner.collector.env)]
    assert streams == [HELD_OUT, TRAINING]
    learner.close()
