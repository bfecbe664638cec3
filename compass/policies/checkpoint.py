"""A trained policy as a file and as arithmetic: NumPy alone, so that playing one needs no torch and runs no code of the file's."""

from __future__ import annotations

import hashlib
import io
import math
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from compass.errors import InputError

FORMAT = 2
SUFFIX = ".npz"
CHECKPOINT = "policy" + SUFFIX
"""The name of the file in the folder of a training."""
_ABOUT = "about"
_MOST_BYTES = 64 * 1024 * 1024  # hundreds of times what any network of `compass train` needs
_TOLD: Mapping[str, type] = {
    **dict.fromkeys(("algorithm", "scenario"), str),
    **dict.fromkeys(("steps", "hops"), int),
    **dict.fromkeys(("open_loop", "agent_ids"), bool),
}
_DAMAGES = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, OSError, MemoryError, RuntimeError),
    *(NotImplementedError, zipfile.BadZipFile, zlib.error, struct.error),
)
_EPSILON = 1e-5  # torch's, of a LayerNorm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedPolicy:
    """One network that every agent of a team plays by itself; it gives a score to every action.

    about: what it is and how it was trained (`compass.baselines.run.build_manifest`). arrays: the weights, by torch's names. The
    network: LayerNorm, a layer with ReLU, a GRU or another layer with ReLU, a linear layer.
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
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is no file; name the checkpoint, or the folder of a training")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read the checkpoint {path}: {error.strerror}") from None
    return read_policy(content, str(path))


def read_policy(content: bytes, name: str) -> TrainedPolicy:
    """Read the content of a checkpoint file.

    Raises:
        InputError: it is damaged, or of another version.
    """
    try:
        arrays = _arrays(content)
        about = orjson.loads(arrays.pop(_ABOUT).tobytes())
        made_by = about["format"]
        policy = TrainedPolicy(about, {key: array.astype(np.float64) for key, array in arrays.items()})
        if made_by == FORMAT:
            _check(policy)
    except _DAMAGES as error:
        raise InputError(f"{name} is no checkpoint of `compass train`, or a damaged one ({_reason(error)})") from None
    if made_by != FORMAT:
        raise InputError(
            f"{name} is a checkpoint of format {made_by}; this version reads format {FORMAT}: train it anew"
        )
    return policy


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz, none larger than a network needs."""
    if len(content) > _MOST_BYTES:
        raise ValueError("too large")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(not member.filename.endswith(".npy") for member in members):
            raise ValueError("other members than arrays")
        if sum(member.file_size for member in members) > _MOST_BYTES:
            raise ValueError("too large")
        arrays = {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    for name, array in arrays.items():
        if array.dtype != (np.uint8 if name == _ABOUT else np.float32):
            raise ValueError(f"{name} is of type {array.dtype}")
    return arrays


def _array(content: bytes) -> NDArray[Any]:
    """An array as `numpy.save` wrote it, whose header tells no other size than it has."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError("an array of another format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("an array of another size than it tells")
    file.seek(0)
    array: NDArray[Any] = np.load(file, allow_pickle=False)
    return array


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError | KeyError) else type(error).__name__


def content_hash(content: bytes) -> str:
    """What tells two checkpoints apart: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _check(policy: TrainedPolicy) -> None:
    """Make sure that the weights fit together and that what is told of them is whole."""
    for key, kind in _TOLD.items():
        if type(policy.about[key]) is not kind:
            raise ValueError(f"{key} is not {kind.__name__}")
    hidden, inputs = policy.arrays["enter.weight"].shape
    actions = policy.n_actions
    core: dict[str, tuple[int, ...]] = {"weight": (hidden, hidden), "bias": (hidden,)}
    if policy.recurrent:
        gates = {"weight": (3 * hidden, hidden), "bias": (3 * hidden,)}
        core = {f"{part}_{of}": shape for of in ("ih", "hh") for part, shape in gates.items()}
    expected = {
        **{"norm.weight": (inputs,), "norm.bias": (inputs,), "enter.weight": (hidden, inputs), "enter.bias": (hidden,)},
        **{f"core.{name}": shape for name, shape in core.items()},
        **{"head.weight": (actions, hidden), "head.bias": (actions,)},
    }
    if {name: array.shape for name, array in policy.arrays.items()} != expected:
        raise ValueError("weights that do not fit together")
    if not all(np.isfinite(array).all() for array in policy.arrays.values()):
        raise ValueError("weights that are no numbers")


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(0.5 * x))
