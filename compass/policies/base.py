"""What the episode loop asks of a team, whoever plays it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from compass.communication import Exchange
from compass.types import Constants, Planned, SkillFault, Trigger


class Choice(NamedTuple):
    """One step's actions, one per agent (0 for the dead), and the skills' mistakes that cost somebody the fallback."""

    actions: tuple[int, ...]
    faults: tuple[SkillFault, ...] = ()


class Team(Protocol):
    """Decentralised agents: each decides from its own part of the exchange and its own memory."""

    @property
    def reproducible(self) -> bool:
        """Whether the episode so far would come out the same on any machine."""
        ...

    def begin(self, constants: Constants, seed: int) -> None:
        """A new episode: forget everything."""
        ...

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        """Let the agents that are due think; their decisions hold until the next time."""
        ...

    def act(self, exchange: Exchange) -> Choice:
        """One legal action per agent."""
        ...

    def end(self) -> None:
        """The episode is over: release what `begin` took."""
        ...
