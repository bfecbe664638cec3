"""Small battlefields for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from envs.exact.field import EXACT, Field


@pytest.fixture
def field() -> Callable[..., Field]:
    """`field(capacity=16, key=1, **overrides)`: an empty battle."""

    def make(capacity: int = 16, key: int = 1, **overrides: float) -> Field:
        return Field(capacity, key, overrides)

    return make


@pytest.fixture
def exact(field: Callable[..., Field]) -> Callable[..., Field]:
    """`field` with regeneration, healing and random delays switched off."""

    def make(capacity: int = 16, key: int = 1, **overrides: float) -> Field:
        return field(capacity, key, **{**EXACT, **overrides})

    return make
