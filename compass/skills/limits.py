"""What a skill may use of the machine, and how long the evaluator waits for one that is overdue."""

from __future__ import annotations

import re
import select
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from compass.skills.nursery import Process

_GLANCE_MS = 10  # how often an overdue process is looked at
TWICE = 2.0
"""Deadlines of processor time from one call to the next beyond which a process must have computed on after its answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a skill may use.

    The deadline of a call is counted in the processor time of the skill's own process, so that a busy machine does not cost a skill
    its answer; `patience` bounds the wall time of a call whose process gets no processor at all.
    """

    deadline: float = 0.1  # seconds of processor time per call
    patience: float = 5.0  # seconds of wall time per call, whatever happens
    memory: int = 128 * 1024 * 1024  # bytes of address space
    episode: float = 30.0  # seconds of processor time per process
    processes: int = 4  # per agent and episode: the first, and replacements for those that had to be killed


def speaks(process: Process, calls_from: float, began: float, limits: Limits) -> bool:
    """Wait for an overdue process until it says something (true), or has used up its time or will not say anything at all.

    calls_from: its processor time when it was called; began: the clock's then (`time.monotonic`).
    """
    poll = select.poll()
    poll.register(process.channel, select.POLLIN)
    while True:
        asleep = sleeps(process.pid)  # looked at first: an answer sent before falling asleep is then found
        used = processor_seconds(process.pid) - calls_from
        waited = time.monotonic() - began
        if poll.poll(0):
            return True
        if used >= limits.deadline or waited >= limits.patience or (asleep and waited >= limits.deadline):
            return False
        poll.poll(_GLANCE_MS)


def processor_seconds(pid: int) -> float:
    """Processor time a living or just ended process has used; on systems that do not tell, that of the wall clock."""
    if sys.platform != "linux":
        return time.monotonic()
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's number for the clock of a process


def sleeps(pid: int) -> bool:
    """Whether a process waits for something instead of computing or waiting for its turn; False where the system does not tell."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return re.search(r"\) S ", state) is not None
