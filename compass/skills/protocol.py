"""The bytes between the evaluator, the process that forks, and the processes that run skills.

Evaluator to a skill's process: `HEAD` (length of the body, kind), then the body. An OPEN begins a battle; battles are numbered from
0 in the order of these. An ASSIGN's body names battle, skill and parameters. A CALL's body is a nonce and the payload of
`compass.wire`; the answer must begin with the same nonce, so that an answer prepared beforehand is recognised. Answer: `ANSWER`
(nonce, kind, action), for faults followed by one line of text. A CALL is of battle 0; CALLS are of many battles: a nonce, then for
each `PART` (battle, length of the payload) and the payload. Their answer: `HEAD` (length of the rest, CALLS), the nonce, an `EACH`
(kind, action) for every call, then for every fault among them `LENGTH` and the line. Evaluator to the forking process: `HEAD`
(count or length, kind) and the body.
"""

from __future__ import annotations

from struct import Struct

HEAD = Struct("<IB")
OPEN, ASSIGN, CALL, CALLS = 1, 2, 3, 4  # to a skill's process
SETUP, SPAWN, END, SKILLS = 1, 2, 3, 4  # to the forking process

NONCE = 8
ANSWER = Struct(f"<{NONCE}sBi")
PART = Struct("<II")
EACH = Struct("<Bi")
LENGTH = Struct("<H")
ACTION, EXCEPTION, ILLEGAL, MEMORY = 0, 1, 2, 3
TEXT = 300
"""Bytes of text that an answer may carry."""

READY = b"ready"
"""What a skill's process sends once, after it has confined itself and before it can run any skill."""

BATCH = 32
"""Processes asked for in one SPAWN, whose channels travel with the message."""


def frame(kind: int, body: bytes) -> bytes:
    """A message to a skill's process."""
    return HEAD.pack(len(body), kind) + body
