"""Where compiled kernels are kept, on machines that are not set up as usual."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from envs import jit


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of one's own, nothing said by the environment, and no home."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does where the system knows no home
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    jit.cache_folder.cache_clear()
    yield tmp_path
    jit.cache_folder.cache_clear()


def test_without_a_home_kernels_are_kept_in_the_temporary_folder(temporary: Path) -> None:
    folder = jit.cache_folder()
    assert folder.parent == temporary / f"compass-{os.getuid()}"
    assert folder.name.startswith(f"kernels-{jit.sources_hash()}")
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_a_named_folder_comes_first(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(temporary / "named"))
    assert jit.cache_folder().parent == temporary / "named" / "compass"


def test_a_folder_that_cannot_be_made_is_passed_over(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (temporary / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(temporary / "file"))
    assert jit.cache_folder().parent == temporary / f"compass-{os.getuid()}"


@pytest.mark.parametrize("how", ["of another user", "a link"])
def test_a_folder_that_another_user_prepared_is_not_taken(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (temporary / "elsewhere").mkdir()
    prepared = temporary / f"compass-{os.getuid()}"
    if how == "a link":
        prepared.symlink_to(temporary / "elsewhere")
    else:
        another = os.getuid() + 1
        prepared = temporary / f"compass-{another}"
        prepared.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: another)
    folder = jit.cache_folder().parent
    assert folder.parent == temporary and folder != prepared
