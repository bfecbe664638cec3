"""One sandbox with the shipped skills for all episodes of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compass.skills.library import default_library_folder, load_library
from compass.skills.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(load_library(default_library_folder())) as sandbox:
        yield sandbox
