"""What is asked of a model about one unit type: first the tactic analysis, then a skill for every task of the scripted planner."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compass.bootstrap.answers import TacticAnalysis, WrittenSkill
from compass.bootstrap.interview import Given, Interview, Question, Refused
from compass.bootstrap.moments import Moment
from compass.models.base import Picture
from compass.models.lines import one_line
from compass.planner.scripted import TASKS, tasks_of
from compass.planner.vlm.answers import told
from compass.planner.vlm.prompts import Prompts
from compass.planner.vlm.render import battle_words
from compass.skills.library import check_source, load_library
from compass.skills.rehearsal import rehearse
from compass.types import Constants

LONGEST = 2000  # characters of one part of an analysis


@dataclass(frozen=True)
class Study:
    """One unit type. topic: its number on the tape. findings: what rules counted. image_size: of pictures, None for none.

    regimes: the planner's prompts, which tell the two observation regimes.
    """

    topic: int
    kind: str
    constants: Constants
    moments: Sequence[Moment]
    findings: Sequence[str]
    image_size: int | None
    interview: Interview
    regimes: Prompts

    async def analysis(self) -> Given[TacticAnalysis]:
        """The first step."""
        prompts, frames = self.interview.prompts, [frame for moment in self.moments for frame in moment.frames]
        pictures = tuple(Picture(frame, self.image_size) for frame in frames) if self.image_size else ()
        shown = ", ".join(f"{len(moment.frames)} of moment {at}" for at, moment in enumerate(self.moments, 1))
        words = f"The pictures show what the unit knew, oldest first: {shown}; the last of each is the moment itself."
        text = prompts.fill(
            "bootstrap_analyse",
            unit_type=self.kind,
            moments="\n\n".join(f"## Moment {at}\n{each.text()}" for at, each in enumerate(self.moments, 1))
            or "(none)",
            picture=words if pictures else "",
            numbers="\n".join(f"- {finding}" for finding in self.findings),
            answer=told(TacticAnalysis),
        )
        question = Question((self.topic, 0), "analyse", self._system(), text, TacticAnalysis, pictures)
        return await self.interview.put(question, lambda answer: answer)

    async def skills(self, analysis: TacticAnalysis | None) -> dict[str, Given[str]]:
        """The second step: the source of a skill for each task, by the skill's name."""
        words = _words(analysis) if analysis else "(there is none)"
        tasks = tasks_of(self.kind)
        given = await asyncio.gather(*(self._skill(at, task, words) for at, task in enumerate(tasks, 1)))
        return {f"{self.kind}_{task}": each for task, each in zip(tasks, given, strict=True)}

    async def _skill(self, at: int, task: str, analysis: str) -> Given[str]:
        name = f"{self.kind}_{task}"
        text = self.interview.prompts.fill(
            "bootstrap_write",
            unit_type=self.kind,
            task=task,
            when=TASKS[task],
            file=f"{name}.py",
            analysis=analysis,
            format=skill_format(self.interview.prompts, (self.kind,), (task,)),
            answer=told(WrittenSkill),
        )
        question = Question((self.topic, at), "write", self._system(), text, WrittenSkill)
        return await self.interview.put(question, lambda answer: judged(name, answer.source, (self.kind,), (task,)))

    def _system(self) -> str:
        setting = self.regimes.fill(f"setting_{self.constants.setting}")
        return self.interview.prompts.fill("bootstrap_system", setting=setting, **battle_words(self.constants))


def skill_format(prompts: Prompts, unit_types: Sequence[str], tasks: Sequence[str]) -> str:
    """What a prompt tells of the form of a skill, of all it may use, and of the lines that its docstring must hold."""
    lines = [f"`unit_types: {', '.join(unit_types)}`", *(f"`task: {task}`" for task in tasks)]
    return prompts.fill("skill_format", header=", ".join(lines))


def judged(name: str, source: str, unit_types: Sequence[str], tasks: Sequence[str]) -> str:
    """The source of a skill that passes the checker, serves what it should, and plays made-up moments in the sandbox.

    Raises:
        Refused: it does not, with every complaint.
        InputError: skills cannot be confined here.
    """
    skill = check_source(source, Path(f"{name}.py"))
    if isinstance(skill, list):
        raise Refused([str(broken) for broken in skill])
    wrong = []
    if not all(skill.serves(kind) for kind in unit_types):
        wanted = ", ".join(unit_types)
        wrong.append(f"{name}.py:1: its unit_types are {', '.join(skill.unit_types)}; it should be for {wanted}")
    if not set(tasks) <= set(skill.tasks):
        has, wanted = ", ".join(skill.tasks) or "none", ", ".join(tasks)
        wrong.append(f"{name}.py:1: its tasks are {has}; it should serve {wanted}")
    if not wrong:
        with TemporaryDirectory(prefix="compass-skill-") as folder:
            (Path(folder) / f"{name}.py").write_text(source, encoding="utf-8")
            wrong = [str(broken) for broken in rehearse(load_library(folder))]
    if wrong:
        raise Refused(wrong)
    return source


def _words(analysis: TacticAnalysis) -> str:
    fields: Mapping[str, Any] = analysis.model_dump()
    return "\n".join(f"- {name}: {one_line(text, LONGEST)}" for name, text in fields.items() if text.strip())
