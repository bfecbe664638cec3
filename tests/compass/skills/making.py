"""Checked skills for tests of what is said of them, and files of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from compass.skills.library import Skill, check_source

BODY = "\n\ndef score_target(unit, obs):\n    return 0.0\n\n\ndef control_logic(obs, memory):\n    return 1\n"


def text_of(name: str, unit_types: str = "any", tasks: Sequence[str] = (), says: str = "does something") -> str:
    """A skill's text."""
    lines = [f"unit_types: {unit_types}", *(f"task: {task}" for task in tasks)]
    return f'"""{name.title()}: {says}.\n\n' + "\n".join(lines) + f'\n"""\n{BODY}'


def skill(name: str, unit_types: str = "any", tasks: Sequence[str] = (), says: str = "does something") -> Skill:
    """A checked skill."""
    found = check_source(text_of(name, unit_types, tasks, says), Path(f"{name}.py"))
    assert isinstance(found, Skill), found
    return found


def write(folder: Path, skills: Iterable[Skill]) -> Path:
    """A library folder of these."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in skills:
        (folder / f"{each.name}.py").write_text(each.source)
    return folder
