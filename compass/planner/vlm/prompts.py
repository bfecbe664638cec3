"""The prompt files: Markdown with `$placeholders`, which a person may copy, read and edit."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from stat import S_ISREG
from string import Template
from types import MappingProxyType

from compass.copying import copy_files
from compass.errors import InputError

SHIPPED = Path(__file__).with_name("prompts")
LONGEST = 64 * 1024  # bytes of a file that can still be called a prompt
_MODULE = ("trigger", "current", "memory")
Places = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
PLACES: Places = MappingProxyType(
    {
        "system": (
            ("units", "setting", "messages"),
            ("race", "team", "enemies", "width", "height", "limit", "clock", "plan_every", "sooner"),
        ),
        "clock_paused": ((), ()),
        "clock_realtime": ((), ()),
        "sooner": ((), ()),
        "messages": ((), ("hops",)),
        "messages_none": ((), ()),
        "setting_default": ((), ()),
        "setting_epo": ((), ()),
        "picture": ((), ("count", "steps")),
        "perceive": (("observation", "answer"), ("picture", *_MODULE)),
        "reflect": (("observation", "memory", "answer"), ("perception", "trigger", "current")),
        "reflected": (("verdict",), ()),
        "reason": (("observation", "skill_names", "answer"), ("perception", "reflection", *_MODULE)),
        "act": (("observation", "skills", "task", "answer"), ("perception", *_MODULE)),
        "fused": (("observation", "skills", "answer"), ("picture", "reflect", *_MODULE)),
        "fused_reflect": ((), ()),
        "repair": (("problem",), ()),
    }
)
"""The files by name (without `.md`): the placeholders that each must have, and those that it may have besides."""


@dataclass(frozen=True)
class Prompts:
    """The text of every prompt file by its name in `PLACES`."""

    sources: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """sha256 over the names and texts: the prompts' identity in a manifest."""
        return hashlib.sha256(repr(sorted(self.sources.items())).encode()).hexdigest()

    def fill(self, name: str, **values: str) -> str:
        """The text of a file with the values in its placeholders; blank lines that an empty value leaves are closed up."""
        filled = Template(self.sources[name]).substitute(values)
        return re.sub(r"\n{3,}", "\n\n", filled).strip()


def load_prompts(folder: Path | None = None, places: Places = PLACES) -> Prompts:
    """Read and check the prompt files of a folder that `places` names, None for the planner's shipped ones. Others are left alone.

    Raises:
        InputError: a file is missing or cannot be read, or has a placeholder that it cannot have, or lacks one that it must have.
    """
    where = SHIPPED if folder is None else folder
    if not os.path.isdir(where):  # unlike Path's, false for names that are too long, too
        raise InputError(f"there is no folder of prompts {where}; fill one: compass prompts init {where}")
    return Prompts(MappingProxyType({name: _checked(where / f"{name}.md", *places[name]) for name in places}))


def init_prompts(target: Path, others: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Copy the planner's shipped prompt files, and others, into `target`, made if missing, and return the new files.

    Raises:
        InputError: `target` is a file, holds something already, or cannot be written.
    """
    return copy_files([*(SHIPPED / f"{name}.md" for name in PLACES), *others], target)


def _checked(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> str:
    text = _read(path)
    known = (*required, *optional)
    listed = ", ".join(f"${name}" for name in known) or "none"
    found: set[str | None] = set()
    for match in Template.pattern.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        name = match["named"] or match["braced"]
        if match["invalid"] is not None:
            raise InputError(f"{path}:{line}: a lone $ is no placeholder; write $$ for a dollar sign")
        if name is not None and name not in known:
            raise InputError(f"{path}:{line}: unknown placeholder ${name}; this file may have {listed}")
        found.add(name)
    for name in required:
        if name not in found:
            last = len(text.splitlines()) or 1
            raise InputError(
                f"{path}:{last}: the placeholder ${name} is missing; put it where the model should read it"
            )
    return text


def _read(path: Path) -> str:
    """The text without what editors add; what comes out is read back as it is."""
    try:
        state = path.stat()
        if not S_ISREG(state.st_mode):  # reading a pipe would wait for its writer
            raise InputError(f"{path} is not a regular file; copy it from a fresh folder: compass prompts init DIR")
        if state.st_size > LONGEST:
            raise InputError(f"{path} is longer than {LONGEST} bytes; a prompt is to be read in a minute")
        return re.sub("\r+\n", "\n", path.read_bytes().decode().lstrip("\ufeff"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; copy it from a fresh folder: compass prompts init DIR") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
