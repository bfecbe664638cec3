"""The pages about skills say what is true: the example loads, and nothing that a skill may use is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import compass.skill
from compass.planner.scripted import TASKS
from compass.skills.faults import Fault
from compass.skills.library import Skill, check_source
from compass.types import Entity, Observation, UnitFacts
from envs.units import UNIT_NAMES

DOCS = Path(__file__).parents[3] / "docs"
MANUAL = (DOCS / "skills.md").read_text()


def test_the_example_is_a_skill() -> None:
    (example,) = re.findall(r'```python\n(""".*?)```', MANUAL, re.DOTALL)
    skill = check_source(example, Path("kite.py"))
    assert isinstance(skill, Skill), skill
    assert skill.parameters == {"DANGER": 4.0, "RELOAD": 3} and skill.tasks == ("kite",)


@pytest.mark.parametrize(
    "name", [*Observation._fields, *Entity._fields, *UnitFacts._fields, *compass.skill.__all__, *UNIT_NAMES]
)
def test_everything_a_skill_may_use_is_named(name: str) -> None:
    assert re.search(rf"\b{name}\b", MANUAL)


def test_the_example_that_reads_faults_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(from pathlib.*?)```", MANUAL, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(example, {})


def test_the_sub_tasks_of_the_scripted_planner_are_listed() -> None:
    (table,) = re.findall(r"\| task \| when \|\n\|---\|---\|\n(.*?)\n\n", MANUAL, re.DOTALL)
    assert table.splitlines() == [f"| `{task}` | {when} |" for task, when in TASKS.items()]


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_explained(fault: Fault) -> None:
    assert f"| `{fault}` |" in (DOCS / "sandbox.md").read_text()
