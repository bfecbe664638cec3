"""The command line in process, and as a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compass.cli.main import main
from tests.launching import Launch, launching

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Compass = Callable[..., Ran]


@pytest.fixture
def compass(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compass:
    """Runs `compass WORDS...` in this process."""

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["compass", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Launch]:
    """Starts `compass WORDS...` as a process of its own, in a process group of its own."""
    program = (sys.executable, "-c", "from compass.cli.main import main; main()")
    with launching(*program, cwd=tmp_path, python_path=ROOT) as launch:
        yield launch
