"""The expected values of the exact checks, read from `expected.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA_FILE = Path(__file__).with_name("expected.yaml")


@dataclass(frozen=True)
class Kill:
    """Hits and game seconds that one attacker needs to kill; None seconds: it dies with its attack."""

    attacker: str
    target: str
    hits: int
    seconds: float | None


@dataclass(frozen=True)
class Duel:
    """`n` units of one type against `m` of another, both focusing their fire: the chance that the first side wins, the life (with
    shields) left of the sides and the loops until the end, means."""

    n: int
    first: str
    m: int
    second: str
    chance: float
    left_first: float
    left_second: float
    loops: float

    @property
    def title(self) -> str:
        """As text: "10 marine v 9 marine"."""
        return f"{self.n} {self.first} v {self.m} {self.second}"


@dataclass(frozen=True)
class Wound:
    """Damage of one hit on shields (None: the target has none) and on life."""

    attacker: str
    target: str
    shield: float | None
    life: float


Side = tuple[tuple[int, str], ...]  # numbers and types of units


@dataclass(frozen=True)
class Outcome:
    """A fight that the first side wins."""

    winner: Side
    loser: Side

    @property
    def title(self) -> str:
        """As text: "1 marine + 1 medivac v 2 marine"."""
        sides = (" + ".join(f"{count} {name}" for count, name in side) for side in (self.winner, self.loser))
        return " v ".join(sides)


@dataclass(frozen=True)
class Expected:
    """All of it. `lanchester`, `regeneration` and `surround`: see the comments of the file."""

    kills: tuple[Kill, ...]
    duels: tuple[Duel, ...]
    lanchester: dict[str, float]
    wounds: tuple[Wound, ...]
    regeneration: dict[str, float]
    surround: dict[str, Any]
    outcomes: tuple[Outcome, ...]


@cache
def expected() -> Expected:
    """The content of the file."""
    content = yaml.safe_load(DATA_FILE.read_text(encoding="utf-8"))
    kills = content.pop("kills").items()
    return Expected(
        kills=tuple(Kill(attacker, target, *row) for attacker, rows in kills for target, row in rows.items()),
        duels=tuple(Duel(*row) for row in content.pop("duels")),
        wounds=tuple(Wound(*row) for row in content.pop("wounds")),
        outcomes=tuple(Outcome(*(_side(side) for side in sides)) for sides in content.pop("outcomes")),
        **content,
    )


def _side(rows: list[list[Any]]) -> Side:
    return tuple((int(count), str(name)) for count, name in rows)
