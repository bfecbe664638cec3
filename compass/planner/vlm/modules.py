"""The modules of a plan: perceive, reflect, reason, act, one call each, or all in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compass.errors import InputError
from compass.models.base import FaultKind, Picture
from compass.models.lines import one_line
from compass.planner.base import PlanRequest
from compass.planner.vlm.answers import Act, FirstFused, Fused, Perception, Reasoning, Reflection, told
from compass.planner.vlm.dialogue import Dialogue
from compass.planner.vlm.extract import Unusable
from compass.planner.vlm.memory import TASK, Memory
from compass.planner.vlm.offer import Offer
from compass.planner.vlm.prompts import Prompts
from compass.planner.vlm.render import TRIGGERS, decision_words, observation_block, skills_block
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import Skill
from compass.types import Decision, Plan

LONG = 600  # characters of an answer's text that the next module or a record gets
NO_ANSWER = "the model gave no usable answer"
_FAILED = "(no usable answer)"


@dataclass(frozen=True)
class Question:
    """All that one agent's plan is made from, rendered: nothing else can reach a prompt."""

    request: PlanRequest
    memory: Memory
    pictures: tuple[Picture, ...]
    values: Mapping[str, str]

    @classmethod
    def of(cls, request: PlanRequest, memory: Memory, settings: VlmSettings, prompts: Prompts) -> Question:
        """Render a request. memory: of what has happened so far."""
        frames = request.frames[-settings.frames :] if settings.image else ()
        steps = ", ".join(str(frame.step) for frame in frames)
        values = {
            "observation": observation_block(request.observation),
            "trigger": TRIGGERS[request.trigger],
            "current": decision_words(request.current),
            "picture": prompts.fill("picture", count=str(len(frames)), steps=steps) if frames else "",
        }
        return cls(request, memory, tuple(Picture(frame, settings.image_size) for frame in frames), values)


class Modules:
    """The order of the modules and what each of them gets, as the settings say."""

    def __init__(self, settings: VlmSettings, prompts: Prompts) -> None:
        self._settings = settings
        self._prompts = prompts

    async def plan(self, question: Question, dialogue: Dialogue, offer: Offer) -> tuple[Plan, Memory]:
        """The plan, and the memory with it. Where the model fails the agent keeps its decision."""
        reflecting = self._settings.reflection and bool(question.memory.rounds)
        think = self._fused if self._settings.calls == "fused" else self._separate
        decision, perception, reflection, memory = await think(question, dialogue, offer, reflecting)
        plan = Plan(
            decision or _kept(question.request),
            tuple(dialogue.faults),
            answered=decision is not None,
            needs_improvement=one_line(reflection.needs_improvement, LONG) if reflection else "",
        )
        return plan, memory.decided(question.request, plan.decision, perception)

    async def _separate(
        self, question: Question, dialogue: Dialogue, offer: Offer, reflecting: bool
    ) -> tuple[Decision | None, Perception | None, Reflection | None, Memory]:
        request, memory = question.request, question.memory
        told_so_far = {"perception": "", "reflection": "", "memory": memory.text()}

        text = self._text("perceive", question, told_so_far, told(Perception))
        perception = await dialogue.put("perceive", text, Perception, lambda answer: answer, question.pictures)
        told_so_far["perception"] = _perceived(perception)

        reflection = None
        if reflecting:
            text = self._text("reflect", question, told_so_far, told(Reflection))
            reflection = await dialogue.put("reflect", text, Reflection, lambda answer: answer)
            memory = memory.judged(reflection)
            reflected = self._prompts.fill("reflected", verdict=_reflected(reflection))
            told_so_far |= {"reflection": reflected, "memory": memory.text()}

        told_so_far["skill_names"] = skills_block(request.skills.overview(), with_parameters=False)
        text = self._text("reason", question, told_so_far, told(Reasoning))
        reasoning = await dialogue.put("reason", text, Reasoning, lambda answer: answer)
        if reasoning is None:
            return None, perception, reflection, memory

        told_so_far["task"] = f"{one_line(reasoning.task, TASK)}\nWhy: {one_line(reasoning.reasoning, LONG)}"
        skills = await offer.find(request.skills, one_line(reasoning.task, TASK))
        told_so_far["skills"] = skills_block(skills, with_parameters=True)
        text = self._text("act", question, told_so_far, told(Act))
        decision = await dialogue.put("act", text, Act, lambda answer: _decision(reasoning, answer, skills))
        return decision, perception, reflection, memory

    async def _fused(
        self, question: Question, dialogue: Dialogue, offer: Offer, reflecting: bool
    ) -> tuple[Decision | None, Perception | None, Reflection | None, Memory]:
        memory, skills = question.memory, question.request.skills.overview()  # no sub-task is known beforehand
        values = {
            "memory": memory.text(),
            "reflect": self._prompts.fill("fused_reflect") + " " if reflecting else "",
            "skills": skills_block(skills, with_parameters=True),
        }

        def judge(answer: FirstFused | Fused) -> tuple[Decision, FirstFused | Fused]:
            return _decision(answer, answer, skills), answer

        shape: type[FirstFused] | type[Fused] = Fused if reflecting else FirstFused
        text = self._text("fused", question, values, told(shape))
        found = await dialogue.put("fused", text, shape, judge, question.pictures)
        answer = found[1] if found else None
        reflection = answer if isinstance(answer, Fused) else None
        if reflecting:
            memory = memory.judged(reflection)
        return found[0] if found else None, answer, reflection, memory

    def _text(self, module: str, question: Question, values: Mapping[str, str], answer: str) -> str:
        return self._prompts.fill(module, **{**question.values, **values, "answer": answer})


def _decision(reasoning: Reasoning, act: Act, skills: tuple[Skill, ...]) -> Decision:
    """The decision that an answer asks for.

    Raises:
        Unusable: there is no such skill, or it has no such parameters.
    """
    skill = next((each for each in skills if each.name == act.skill), None)
    if skill is None:
        names = ", ".join(each.name for each in skills)
        raise Unusable(FaultKind.UNKNOWN_SKILL, f"no skill {one_line(act.skill, TASK)!r}; choose from {names}")
    given = {each.name: each.value for each in act.parameters}
    if len(given) != len(act.parameters):
        raise Unusable(FaultKind.ILLEGAL_PARAMETER, f"a parameter of {skill.name} is set twice")
    try:
        values = skill.with_parameters(given)
    except InputError as error:
        raise Unusable(FaultKind.ILLEGAL_PARAMETER, f"skill {skill.name}: {error}") from None
    return Decision(
        task=one_line(reasoning.task, TASK),
        skill=skill.name,
        parameters={name: values[name] for name in given},
        reasoning=one_line(reasoning.reasoning, LONG),
        new_skill=one_line(act.new_skill, LONG),
    )


def _kept(request: PlanRequest) -> Decision:
    """What an agent goes on with when its model fails."""
    if request.current is not None:
        return request.current
    first = request.skills[0]
    return Decision(first.tasks[0] if first.tasks else "engage", first.name, {}, NO_ANSWER)


def _perceived(perception: Perception | None) -> str:
    if perception is None:
        return _FAILED
    threats = one_line(perception.threats, LONG)
    return one_line(perception.summary, LONG) + (f"\nThreats: {threats}" if threats else "")


def _reflected(reflection: Reflection | None) -> str:
    if reflection is None:
        return _FAILED
    success, needs = (one_line(text, LONG) or "-" for text in (reflection.success, reflection.needs_improvement))
    return f"Success: {success}\nNeeds improvement: {needs}"
