"""The command line in process, and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from compass.cli.main import main

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
def start(tmp_path: Path):
    """Starts `compass WORDS...` as a process of its own, in a process group of its own."""
    started = []

    def begin(*words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from compass.cli.main import main; main()", *map(str, words)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
