"""The folder of an evolution: what it is of, its rounds and its curve, and the library as it was measured last."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from compass.errors import InputError
from compass.evaluate.run_folder import clear_errors, write_whole
from compass.jsonl import append_line
from compass.skills.library import Library
from compass.skills.merits import copy_of

_LINE = orjson.OPT_APPEND_NEWLINE
_PAGE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_KEPT = "what was admitted is in the library"


class EvolveFolder:
    """A new folder, made on entering. `manifest.json`; `rounds.jsonl` and `curve.jsonl`, a line each; `skills/`; `cassette/`, the
    calls to a model, if there is one. A context manager.

    Raises:
        InputError: on entering: it holds something, is a file, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cassette = path / "cassette"
        self._open = ExitStack()

    def __enter__(self) -> EvolveFolder:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        with clear_errors(self.path, "name a new or empty folder with --out"):
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise InputError(f"{self.path} is no empty folder; name a new or empty one with --out")
            self.path.mkdir(parents=True, exist_ok=True)
            files = []
            for name in ("rounds.jsonl", "curve.jsonl"):
                files.append(os.open(self.path / name, flags, 0o644))
                self._open.callback(os.close, files[-1])
        self._rounds, self._curve = files
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def begin(self, manifest: Mapping[str, Any]) -> None:
        """Say what the evolution is of."""
        with clear_errors(self.path, _KEPT):
            write_whole(self.path / "manifest.json", orjson.dumps(manifest, option=_PAGE))

    def add_round(self, line: Mapping[str, Any]) -> None:
        """Add a line to the rounds."""
        with clear_errors(self.path, _KEPT):
            append_line(self._rounds, orjson.dumps(line, option=_LINE))

    def add_point(self, line: Mapping[str, Any], library: Library) -> None:
        """Add a line to the curve, and keep the library that it is of."""
        with clear_errors(self.path, _KEPT):
            append_line(self._curve, orjson.dumps(line, option=_LINE))
            skills = self.path / "skills"
            skills.mkdir(exist_ok=True)
            files = copy_of(library)
            for name, text in files.items():
                write_whole(skills / name, text.encode())
            for old in skills.iterdir():
                if old.name not in files:
                    old.unlink()
