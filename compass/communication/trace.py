"""The trace: who learned what, from whom, over which relay, and how old it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from compass.types import StepRecord


class Delivery(NamedTuple):
    """One record that changed what `receiver` knew. `round`: which hop of the step; `seen`: step of the sighting by `origin`."""

    step: int
    round: int
    sender: int
    receiver: int
    slot: int
    origin: int
    seen: int
    hops: int

    @property
    def age(self) -> int:
        """Steps between the sighting and this delivery."""
        return self.step - self.seen


@dataclass
class Trace:
    """A listener that keeps every delivery of an episode. `slot` counts allies first, then enemies."""

    deliveries: list[Delivery] = field(default_factory=list)

    def on_step(self, record: StepRecord) -> None:
        """Keep the step's deliveries."""
        step = record.step
        self.deliveries += [Delivery(step, *row) for row in record.exchange.deliveries.tolist()]

    def learned(self, agent: int, slot: int, until: int) -> Delivery | None:
        """The delivery by which `agent` last learned of the entity, up to and with step `until`; None if never by message."""
        heard = [d for d in self.deliveries if d.receiver == agent and d.slot == slot and d.step <= until]
        return heard[-1] if heard else None

    def route(self, agent: int, slot: int, until: int) -> list[Delivery]:
        """The deliveries that brought what `agent` last heard of the entity, from the one whose eyes saw it to the agent."""
        found = self.learned(agent, slot, until)
        route: list[Delivery] = []
        while found is not None:
            route.append(found)
            last = found
            earlier = [d for d in self.deliveries if d.receiver == last.sender and _brought(d, last)]
            found = earlier[-1] if earlier else None
        return route[::-1]


def _brought(earlier: Delivery, later: Delivery) -> bool:
    """Whether `earlier` gave the sender of `later` the very record it passed on."""
    same = (earlier.slot, earlier.origin, earlier.seen, earlier.hops) == (
        later.slot,
        later.origin,
        later.seen,
        later.hops - 1,
    )
    return same and (earlier.step, earlier.round) < (later.step, later.round)
