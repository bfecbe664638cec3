"""Counter-based random numbers: each is a function of (key, counter, slot), so no draw depends on how many came before it.

A battle's key comes from its seed and the name of its stream ("evaluation", "training"...): streams never share a number.
Each use folds a purpose of its own into the key, with `key ^ PURPOSE`.
"""

from __future__ import annotations

import hashlib

import numpy as np

from envs.jit import jit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SLOT = np.uint64(0xD1B54A32D192ED03)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2**-53

EVALUATION = "evaluation"
"""The stream of every battle that is played to be counted; `--seed` and exported battles mean this one."""

TRAINING = "training"
"""The stream of the battles that policies learn from: never counted."""

TRIAL = "trial"
"""The stream of the battles on which candidates for a skill library are tried: never counted."""

HELD_OUT = "held-out"
"""The stream of the battles that tell how far a training or an evolution is; neither learnt from nor counted by `evaluate`."""

DEMONSTRATIONS = "demonstrations"
"""The stream of the battles that are recorded for others to learn from: never counted, and no policy was trained on them."""

TEAM = 0x5445414D
POSITION = 0x504F5349


def stream_key(stream: str, seed: int) -> int:
    """The 64-bit key of the battle `seed` in the stream of that name."""
    text = f"{stream}:{seed}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


@jit
def mix(x: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    x = (x ^ (x >> _S30)) * _MIX_1
    x = (x ^ (x >> _S27)) * _MIX_2
    return x ^ (x >> _S31)


@jit
def draw(key: np.uint64, counter: int, slot: int) -> np.uint64:
    """64 random bits of (key, counter, slot); counter and slot are integers, used modulo 2**64."""
    return mix(mix(np.uint64(key) + np.uint64(counter) * _GOLDEN) ^ (np.uint64(slot) * _SLOT))


@jit
def uniform(key: np.uint64, counter: int, slot: int) -> float:
    """A float64 in [0, 1) of (key, counter, slot)."""
    return float(draw(key, counter, slot) >> _S11) * _UNIT
