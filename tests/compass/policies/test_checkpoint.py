"""Checkpoints: small, whole, read without running anything, and refused with a reason."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from compass.errors import InputError
from compass.policies.checkpoint import content_hash, greedy, load_policy, read_policy
from compass.policies.trained import load_fitting
from envs.scenario_file import load_scenario
from tests.compass.policies.weights import random_policy

NAME = "protoss_5_vs_5"


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_checkpoint_comes_back_as_it_was(tmp_path, recurrent):
    policy = random_policy(NAME, recurrent)
    path = tmp_path / "policy.npz"
    path.write_bytes(policy.to_bytes())
    again = load_policy(path)
    assert again.recurrent == recurrent and again.about["steps"] == 1_234
    assert all(np.array_equal(again.arrays[k], policy.arrays[k].astype(np.float32)) for k in policy.arrays)
    assert again.to_bytes() == path.read_bytes()
    assert content_hash(policy.to_bytes()) != content_hash(random_policy(NAME, recurrent, seed=1).to_bytes())


class Harmful:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code of the file was run')",))


def harmful() -> bytes:
    file = io.BytesIO()
    np.savez(file, about=np.array([Harmful()], dtype=object))
    return file.getvalue()


def without(part: str) -> bytes:
    policy = random_policy(NAME)
    del policy.arrays[part]
    return policy.to_bytes()


def changed(part: str, value: np.ndarray) -> bytes:
    policy = random_policy(NAME)
    policy.arrays[part] = value
    return policy.to_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        pickle.dumps(Harmful()),
        harmful(),
        random_policy(NAME).to_bytes()[:5_000],
        without("core.bias_hh"),
        without("norm.weight"),
        changed("head.weight", np.zeros((11, 3))),
        changed("head.bias", np.full(11, np.nan)),
        changed("extra.weight", np.zeros(3)),
    ],
    ids=["empty", "torn head", "pickle", "pickled array", "torn", "no bias", "no norm", "no fit", "nan", "extra"],
)
def test_what_is_no_checkpoint_is_refused(content):
    with pytest.raises(InputError, match=r"p\.npz is no checkpoint"):
        read_policy(content, "p.npz")


def test_a_missing_checkpoint_and_one_of_other_battles_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read the checkpoint"):
        load_policy(tmp_path / "none.npz")
    path = tmp_path / "policy.npz"
    path.write_bytes(random_policy(NAME).to_bytes())
    assert load_fitting(path, load_scenario("protoss_5_vs_5_epo")).n_actions == 11
    with pytest.raises(InputError, match="was trained on protoss_5_vs_5"):
        load_fitting(path, load_scenario("protoss_5_vs_6"))


def test_the_best_legal_action_is_taken():
    scores = np.array([[5.0, 1.0, 2.0], [5.0, 1.0, 2.0]])
    assert greedy(scores, np.array([[0, 1, 1], [1, 1, 0]])).tolist() == [2, 0]
