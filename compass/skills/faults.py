"""What can go wrong with a skill's answer, and the answer itself."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


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
