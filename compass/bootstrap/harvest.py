"""What comes of making a library, before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compass.bootstrap.analysis import Analysis
from compass.synthesis.recipe import Recipe


@dataclass(frozen=True)
class LeftOut:
    """A skill that was made and did not pass: its text, and why."""

    name: str
    source: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Harvest:
    """What a synthesizer made of demonstrations.

    how: it was made, in a sentence. sources: of the skills, by name. about: what else belongs to where they came from.
    """

    how: str
    analysis: Analysis
    sources: Mapping[str, str]
    recipes: tuple[Recipe, ...] = ()
    left_out: Sequence[LeftOut] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
