"""Checkpoints: small, whole, read without running anything, and refused with a reason."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from dataclasses import replace

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


def told(**about: object) -> bytes:
    policy = random_policy(NAME)
    return replace(policy, about={**policy.about, **about}).to_bytes()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    """An array whose header tells of 400 GB."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**11,)})
    return zipped("norm.weight.npy", head.getvalue())


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
        changed("core.extra", np.zeros(3)),
        told(hops="3"),
        told(hops=True),
        told(agent_ids="no"),
        told(steps=None),
        zipped("about.txt", b"{}"),
        zipped("about.npy", b"{}"),
        bomb(),
    ],
    ids=[
        *(
            "empty",
            "torn head",
            "pickle",
            "pickled array",
            "torn",
            "no bias",
            "no norm",
            "no fit",
            "nan",
            "extra",
            "more",
        ),
        *("text", "switch", "word", "null", "other member", "no array", "bomb"),
    ],
)
def test_what_is_no_checkpoint_is_refused(content):
    with pytest.raises(InputError, match=r"p\.npz is no checkpoint"):
        read_policy(content, "p.npz")


def test_damage_anywhere_is_refused_or_harmless():
    """Bytes are flipped everywhere: never another error, whatever a policy it then is."""
    content, rng = random_policy(NAME).to_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(len(content), size=3):
            damaged[place] ^= int(rng.integers(1, 256))
        try:
            read_policy(bytes(damaged), "p.npz")
        except InputError:
            refused += 1
    assert refused > 300


def test_a_checkpoint_of_another_format_is_named_so():
    with pytest.raises(
        InputError, match=r"^p\.npz is a checkpoint of format 1; this version reads format 2: train it anew$"
    ):
        read_policy(told(format=1), "p.npz")


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo.npz")
    (tmp_path / "endless.npz").symlink_to("/dev/zero")
    for path in (tmp_path / "fifo.npz", tmp_path / "endless.npz", tmp_path):
        with pytest.raises(InputError, match="is no file; name the checkpoint"):
            load_policy(path)


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
