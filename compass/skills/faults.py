"""What can go wrong with a skill's answer, and the answer itself: what the evaluator believes of what a process says."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from compass.skills.protocol import EXCEPTION, ILLEGAL, MEMORY
from compass.wire import MASK_AT

_DETAIL = 200


class Fault(StrEnum):
    """A skill's mistake. All but the first two cost the agent its process, and with it the skill's memory."""

    EXCEPTION = "exception"  # the skill raised
    ILLEGAL = "illegal"  # it answered something that is no action, or one outside the mask
    DEADLINE = "deadline"  # it took too long and was killed
    FORGED = "forged"  # something else than its answer came over its channel
    MEMORY = "memory"  # it asked for more memory than a skill may have
    DIED = "died"  # its process ended: a forbidden system call, a crash, an exit
    RETIRED = "retired"  # it lost too many processes in this episode and gets no more


class Reply(NamedTuple):
    """One agent's answer: an action inside its mask, or None with the fault and one line about it."""

    action: int | None
    fault: Fault | None = None
    detail: str = ""


IN_PROCESS = {EXCEPTION: Fault.EXCEPTION, ILLEGAL: Fault.ILLEGAL, MEMORY: Fault.MEMORY}
"""The faults of which a process itself may tell."""


def masked(action: int, payload: bytes, n_actions: int) -> Reply:
    """The action, if it is inside the payload's mask."""
    if 0 <= action < n_actions and payload[MASK_AT + action]:
        return Reply(action)
    return Reply(None, Fault.ILLEGAL, f"answered {action}, which is not available")


def one_line(text: bytes) -> str:
    """A skill's words made safe for terminals and records: one line, printable, no addresses, clipped."""
    printable = "".join(each if each.isprintable() else " " for each in text.decode("utf-8", "replace"))
    return re.sub(r"0x[0-9a-fA-F]+", "0x...", printable)[:_DETAIL]
