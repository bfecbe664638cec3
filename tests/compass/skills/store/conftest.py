"""A library of one skill, and its store."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.skills.store import Store
from tests.compass.skills.store.keeping import source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library of one skill, `hold`."""
    path = tmp_path / "lib"
    path.mkdir()
    (path / "hold.py").write_text(source("stand"))
    return path


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(folder)
