"""The skill library: a folder of skill files, read and checked. The files are the truth; nothing here is written back."""

from __future__ import annotations

import ast
import hashlib
import stat
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from symtable import SymbolTable, symtable
from typing import Any

import compass
from compass.copying import copy_files
from compass.skills.checker import check_tree
from compass.skills.parse import ANY, Header, Parameter, check_parameters, header, parameters
from envs.errors import InputError, unknown

MAX_SOURCE = 64 * 1024
"""Bytes of the longest file that is still called a skill: one should be readable in a minute."""
_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Skill:
    """A checked skill file. `name` is the file's stem; `described` are its parameters with their ranges and comments."""

    name: str
    title: str
    summary: str
    description: str
    unit_types: tuple[str, ...]
    tasks: tuple[str, ...]
    described: tuple[Parameter, ...]
    source: str
    path: Path
    sha256: str

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters' defaults by name, in the order of the file."""
        return {each.name: each.default for each in self.described}

    def with_parameters(self, given: Mapping[str, float]) -> dict[str, float]:
        """The values of all parameters, `given` ones overriding defaults; an `InputError` for an unknown name or a bad value."""
        return check_parameters(self.described, given)

    def serves(self, unit_type: str) -> bool:
        """Whether the skill is meant for this unit type."""
        return unit_type in self.unit_types or ANY in self.unit_types


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing wrong with one file of a library."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Merit:
    """What is known of a skill's text. proven: the gain in wins, as a fraction of battles, that its trial is sure of, 0.0 without a
    trial. since: when it became live, UTC; "" where no store knows it.
    """

    proven: float = 0.0
    since: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """The skills of a folder by name, ascending, and what is wrong with the files that are none. merits: by a text's sha256."""

    folder: Path
    skills: Mapping[str, Skill]
    broken: tuple[Broken, ...] = ()
    merits: Mapping[str, Merit] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """sha256 over the names and contents of the skills that load: the library's identity in a manifest."""
        lines = [f"{name} {self.skills[name].sha256}\n" for name in sorted(self.skills)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def get(self, name: str) -> Skill:
        """The skill of this name; an `InputError` with the nearest names where there is none."""
        if name in self.skills:
            return self.skills[name]
        for problem in self.broken:
            if Path(problem.file).stem == name:
                raise InputError(f"skill {name!r} is broken: {problem}")
        raise unknown("skill", name, self.skills)

    def for_unit(self, unit_type: str) -> tuple[Skill, ...]:
        """The skills meant for a unit type: first those that name it, then those for any; each by name."""
        found = [skill for skill in self.skills.values() if skill.serves(unit_type)]
        return tuple(sorted(found, key=lambda skill: (ANY in skill.unit_types, skill.name)))


def load_library(folder: Path | str) -> Library:
    """Read and check every `*.py` of a folder (names beginning with "_" or "." are left alone).

    A broken file is named in `broken`, all its problems by line; the others load.

    Raises:
        InputError: the folder is missing, not readable, or holds no skill file.
    """
    folder = Path(folder)
    paths = skill_files(folder)
    if not paths:
        inner = folder / "skills"
        way_out = f"take {inner}" if inner.is_dir() and skill_files(inner) else _fill(folder)
        raise InputError(f"the skill folder {folder} holds no skill file (*.py); {way_out}")
    skills: dict[str, Skill] = {}
    broken: list[Broken] = []
    for path in paths:
        found = load_skill(path)
        if isinstance(found, Skill):
            skills[found.name] = found
        else:
            broken.extend(found)
    return Library(folder, skills, tuple(broken))


def skill_files(folder: Path) -> list[Path]:
    """What a library folder holds in place of skill files, good or broken, by name.

    Raises:
        InputError: the folder is missing or not readable.
    """
    try:
        if not folder.exists():
            raise InputError(f"there is no skill folder {folder}; {_fill(folder)}")
        if not folder.is_dir():
            raise InputError(f"{folder} is not a folder of skills; name the folder that holds the skill files")
        return sorted(path for path in folder.iterdir() if path.suffix == ".py" and path.name[0] not in "_.")
    except OSError as error:
        raise InputError(f"the skill folder {folder} cannot be read: {error.strerror}") from error


def _fill(folder: Path) -> str:
    return f"fill a folder with the shipped skills: compass skills init {folder}"


def load_skill(path: Path) -> Skill | list[Broken]:
    """Read and check one file: the skill, or all that is wrong with it."""
    content = read_skill_file(path)
    return [content] if isinstance(content, Broken) else check_content(content, path)


def read_skill_file(path: Path) -> bytes | Broken:
    """The content of a file that is short enough for a skill, or what keeps it from being read."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            return Broken(path.name, 1, "not a regular file")
        if state.st_size > MAX_SOURCE:
            return _too_long(state.st_size, path)
        return path.read_bytes()
    except OSError as error:
        return Broken(path.name, 1, f"cannot be read: {error.strerror}")


def check_content(content: bytes, path: Path) -> Skill | list[Broken]:
    """Check the content of the skill file `path` (which need not exist): the skill, or all that is wrong with it."""
    try:
        return check_source(content.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        return [Broken(path.name, content[: error.start].count(b"\n") + 1, "not UTF-8 text")]


def check_source(source: str, path: Path) -> Skill | list[Broken]:
    """Check a skill's text as if it stood in the file `path` (which need not exist): the skill, or all that is wrong with it."""
    name = path.stem
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MAX_SOURCE:
        return [_too_long(size, path)]
    if not (name.isidentifier() and name == name.lower() and name.isascii()):
        return [Broken(path.name, 1, "the file's name is the skill's name: lower-case letters, digits and _ only")]
    try:
        tree = compile_skill(name, source, ast.PyCF_ONLY_AST)
        problems = check_tree(tree, _scopes(name, source))
        if not problems:
            compile_skill(name, source)  # last, since short texts can be made whose code is endless
            return _skill(source, path, header(tree), parameters(tree, source))
    except SyntaxError as error:
        return [Broken(path.name, error.lineno or 1, error.msg)]
    except (RecursionError, MemoryError):
        return [Broken(path.name, 1, "nested too deeply to be compiled")]
    except ValueError as error:
        return [Broken(path.name, 1, str(error))]
    return [Broken(path.name, line, reason[:_LONGEST_REASON]) for line, reason in problems]


def _too_long(size: int, path: Path) -> Broken:
    return Broken(path.name, 1, f"{size} bytes long; a skill has at most {MAX_SOURCE}")


def _skill(source: str, path: Path, head: Header, known: tuple[Parameter, ...]) -> Skill:
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Skill(
        path.stem, head.title, head.summary, head.description, head.unit_types, head.tasks, known, source, path, digest
    )


_COMPILING = (
    threading.Lock()
)  # CPython 3.11 fails when trees are made in two threads at once; filters of warnings are shared


def compile_skill(name: str, source: str, flags: int = 0) -> Any:
    """A skill's code object, or its tree; the file name in it is the skill's alone: nothing depends on where the library lies."""
    with _COMPILING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on dubious style: the checker has its own opinion
        return compile(source, f"{name}.py", "exec", flags, dont_inherit=True)


def _scopes(name: str, source: str) -> SymbolTable:
    with _COMPILING:
        return symtable(source, f"{name}.py", "exec")


_INSTALLED = Path(compass.__file__).resolve().parent / "shipped_skills"


def default_library_folder() -> Path:
    """The shipped library: beside the package in a checkout, inside it in an installed copy."""
    return _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parents[1] / "skills"


def is_installed(folder: Path) -> bool:
    """Whether this is the shipped library of an installed copy, which nobody should change: the next update would undo it."""
    return folder.resolve() == _INSTALLED


def grown_libraries() -> dict[str, Path]:
    """The libraries that evolutions of the shipped one ended with, by scenario, "-full" behind it under full information."""
    return {path.parent.name: path for path in sorted(default_library_folder().glob("grown/*/skills"))}


def init_library(target: Path | str, grown: str | None = None) -> tuple[Path, ...]:
    """Copy the shipped library, or one of those grown from it, into `target`, made if missing, and return the new files.

    Raises:
        InputError: there is none of that name, or `target` is a file, holds something already, or cannot be written.
    """
    folders = grown_libraries()
    if grown is not None and grown not in folders:
        raise unknown("grown library", grown, folders)
    source = default_library_folder() if grown is None else folders[grown]
    shipped = [path for path in source.iterdir() if path.is_file() and path.suffix in (".py", ".md", ".json")]
    return copy_files(shipped, Path(target))
