"""A trained policy as a file and as arithmetic: NumPy alone, so that playing one needs no torch and runs no code of the file's."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from compass.errors import InputError

FORMAT = 1
SUFFIX = ".npz"
CHECKPOINT = "policy" + SUFFIX
"""The name of the file in the folder of a training."""
_ABOUT = "about"
_LAYERS = ("norm", "enter", "core", "head")
_EPSILON = 1e-5  # torch's, of a LayerNorm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedPolicy:
    """One network that every agent of a team plays by itself; it gives a score to every action.

    about: what it is and how it was trained (`compass.baselines.run.describe`). arrays: the weights, by torch's names. The network:
    LayerNorm, a layer with ReLU, a GRU or another layer with ReLU, a linear layer.
    """

    about: Mapping[str, Any]
    arrays: Mapping[str, Floats]

    @property
    def recurrent(self) -> bool:
        """Whether it remembers."""
        return "core.weight_hh" in self.arrays

    @property
    def input_size(self) -> int:
        """Length of the input, with the agent's id where it reads that."""
        return len(self.arrays["norm.weight"])

    @property
    def n_actions(self) -> int:
        """How many actions it knows."""
        return len(self.arrays["head.bias"])

    def begin(self, *shape: int) -> Floats:
        """The memory with which agents begin a battle: zeros[*shape, hidden]."""
        return np.zeros((*shape, len(self.arrays["head.weight"][0])))

    def inputs(self, rows: NDArray[np.float32]) -> Floats:
        """What the network takes: rows[..., A, size] of `compass.policies.rows`, and the agents' ids where it reads those."""
        if not self.about["agent_ids"]:
            return rows.astype(np.float64)
        n_agents = rows.shape[-2]
        ids = np.broadcast_to(np.eye(n_agents), (*rows.shape[:-1], n_agents))
        return np.concatenate((rows, ids), axis=-1)

    def scores(self, inputs: Floats, memory: Floats) -> tuple[Floats, Floats]:
        """The scores of all actions, float64[..., n_actions], and the memory for the next step, from inputs[..., input_size]."""
        w = self.arrays
        centred = inputs - inputs.mean(-1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + _EPSILON) * w["norm.weight"] + w["norm.bias"]
        x = np.maximum(x @ w["enter.weight"].T + w["enter.bias"], 0)
        if self.recurrent:
            memory = self._remember(x, memory)
            x = memory
        else:
            x = np.maximum(x @ w["core.weight"].T + w["core.bias"], 0)
        return x @ w["head.weight"].T + w["head.bias"], memory

    def _remember(self, x: Floats, memory: Floats) -> Floats:
        """A step of torch's GRUCell."""
        w = self.arrays
        from_input = np.split(x @ w["core.weight_ih"].T + w["core.bias_ih"], 3, axis=-1)
        from_memory = np.split(memory @ w["core.weight_hh"].T + w["core.bias_hh"], 3, axis=-1)
        reset, update = (_sigmoid(a + b) for a, b in zip(from_input[:2], from_memory[:2], strict=True))
        new = np.tanh(from_input[2] + reset * from_memory[2])
        return (1 - update) * new + update * memory

    def to_bytes(self) -> bytes:
        """The content of a checkpoint file, weights in single precision, as they were trained."""
        file = io.BytesIO()
        about = np.frombuffer(orjson.dumps({"format": FORMAT, **self.about}), np.uint8)
        content: dict[str, Any] = {name: array.astype(np.float32) for name, array in self.arrays.items()}
        np.savez(file, **content | {_ABOUT: about})
        return file.getvalue()


def greedy(scores: Floats, masks: NDArray[Any]) -> NDArray[np.int64]:
    """The legal action of the highest score, int64[...], from scores[..., n_actions] and masks of the same shape."""
    best: NDArray[np.int64] = np.where(masks, scores, -np.inf).argmax(-1)
    return best


def load_policy(path: Path) -> TrainedPolicy:
    """Read a checkpoint.

    Raises:
        InputError: there is none at that path, or the file is damaged or of another version.
    """
    try:
        return read_policy(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror}") from None


def read_policy(content: bytes, name: str) -> TrainedPolicy:
    """Read the content of a checkpoint file.

    Raises:
        InputError: it is damaged, or of another version.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = orjson.loads(arrays.pop(_ABOUT).tobytes())
        if about["format"] != FORMAT:
            raise InputError(f"{name} is a checkpoint of format {about['format']}; this version reads format {FORMAT}")
        weights = {key: array.astype(np.float64) for key, array in arrays.items()}
        policy = TrainedPolicy(about, weights)
        _check(policy)
    except (ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{name} is no checkpoint of `compass train`, or a damaged one ({error})") from None
    return policy


def content_hash(content: bytes) -> str:
    """What tells two checkpoints apart: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _check(policy: TrainedPolicy) -> None:
    """Play a step of zeros, so that shapes which do not fit together are found here."""
    if {name.partition(".")[0] for name in policy.arrays} != set(_LAYERS):
        raise ValueError("other layers than expected")
    size = policy.input_size
    scores, _ = policy.scores(np.zeros((1, size)), policy.begin(1))
    if scores.shape != (1, policy.n_actions) or not np.isfinite(scores).all():
        raise ValueError("weights that do not fit together, or are no numbers")
    for key in ("agent_ids", "algorithm", "scenario", "hops", "open_loop"):
        policy.about[key]


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(0.5 * x))
