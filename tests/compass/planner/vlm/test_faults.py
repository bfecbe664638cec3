"""What becomes of a model's mistakes: each is recorded, one repair round follows, and the agent always has a legal decision."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compass.models.base import Call, Failure, FaultKind, Reply
from compass.models.cassette import Tape
from compass.planner.base import PlanRequest
from compass.planner.vlm.dialogue import Dialogue
from compass.planner.vlm.memory import Memory
from compass.planner.vlm.modules import NO_ANSWER, Modules, Question
from compass.planner.vlm.offer import Offer
from compass.planner.vlm.prompts import Prompts, load_prompts
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import default_library_folder, load_library
from compass.skills.retrieval import Shelf
from compass.types import Decision, Plan, Trigger
from tests.compass.observation.sights import FACTS, observation, unit
from tests.compass.planner.vlm.playing import ByHand, text_of

SKILLS = Shelf(load_library(default_library_folder()).for_unit("stalker"))
CURRENT = Decision("engage", "focus_fire", {"FOCUS": 1.5}, "as before")
GOOD: dict[str, Any] = {
    "summary": "one enemy",
    "threats": "",
    "success": "yes",
    "needs_improvement": "",
    "reasoning": "it is near",
    "task": "kite",
    "skill": "kite",
    "parameters": [{"name": "PULL_BACK_STEPS", "value": 5.0}],
    "new_skill": "",
}
KITE = Decision("kite", "kite", {"PULL_BACK_STEPS": 5}, "it is near")
PROMPTS = load_prompts()


def request(current: Decision | None = CURRENT) -> PlanRequest:
    me = unit("ally", 0, "stalker", (16.0, 16.0))
    obs = observation(me, [], [unit("enemy", 0, "zealot", (20.0, 16.0), me)])._replace(units=FACTS)
    return PlanRequest(obs, Trigger.PERIOD, SKILLS, current, (obs,), (2, 2, 6))


def think(
    model: ByHand,
    calls: str = "separate",
    current: Decision | None = CURRENT,
    memory: Memory | None = None,
    prompts: Prompts = PROMPTS,
) -> tuple[Plan, Memory]:
    return asyncio.run(Thinker(calls, current, memory, prompts).plan(model))


class Thinker:
    """One question, to be put to any model."""

    def __init__(
        self,
        calls: str,
        current: Decision | None = CURRENT,
        memory: Memory | None = None,
        prompts: Prompts = PROMPTS,
    ) -> None:
        settings = VlmSettings(calls=calls, image=False)
        self._prompts, self._modules = prompts, Modules(settings, prompts)
        self._question = Question.of(request(current), memory or Memory(), settings, prompts)

    async def plan(self, model: ByHand) -> tuple[Plan, Memory]:
        dialogue = Dialogue(model.ask, self._prompts, "system", 500)
        offer = Offer(Tape(Path("unwritten"), []), 0, 0, by_embeddings=False, similarity=None)
        return await self._modules.plan(self._question, dialogue, offer)


def good(**changed: object) -> str:
    return json.dumps(GOOD | changed)


def failing(module: str, bad: str | Reply) -> Callable[[Call], str | Reply]:
    return lambda call: bad if call.module == module else good()


def remembering() -> Memory:
    return think(ByHand(lambda call: good()))[1].lived(request())


def test_without_a_fault_every_module_is_asked_once() -> None:
    model = ByHand(lambda call: good())
    plan, memory = think(model)
    assert plan == Plan(KITE)
    assert [call.module for call in model.calls] == ["perceive", "reason", "act"]
    model = ByHand(lambda call: good())
    assert think(model, memory=memory.lived(request()))[0] == Plan(KITE)
    assert [call.module for call in model.calls] == ["perceive", "reflect", "reason", "act"]
    model = ByHand(lambda call: good())
    assert think(model, "fused", memory=memory.lived(request()))[0] == Plan(KITE)
    assert [call.module for call in model.calls] == ["fused"]


@pytest.mark.parametrize(
    ("module", "bad", "kind"),
    [
        ("perceive", "It looks bad.", FaultKind.PROSE),
        ("reflect", "null", FaultKind.SCHEMA),
        ("reason", "", FaultKind.EMPTY),
        ("reason", "x" * 1_000_000, FaultKind.TOO_LONG),
        ("act", '{"skill": 3}', FaultKind.SCHEMA),
        ("act", good(skill="kite_better"), FaultKind.UNKNOWN_SKILL),
        ("act", good(skill="heal_weakest"), FaultKind.UNKNOWN_SKILL),
        ("act", good(parameters=[{"name": "FOKUS", "value": 1}]), FaultKind.ILLEGAL_PARAMETER),
        ("act", good(parameters=[{"name": "FOCUS", "value": 100}]), FaultKind.ILLEGAL_PARAMETER),
        ("act", good(parameters=[{"name": "PULL_BACK_STEPS", "value": 2.5}]), FaultKind.ILLEGAL_PARAMETER),
        ("act", good(parameters=[{"name": "FOCUS", "value": 1}] * 2), FaultKind.ILLEGAL_PARAMETER),
        ("act", good(parameters=[{"name": "FOCUS", "value": "1.5"}]), FaultKind.SCHEMA),
        ("act", Reply(None, failures=(Failure(FaultKind.EMPTY, "no content"),)), FaultKind.EMPTY),
    ],
)
def test_one_repair_round_names_the_problem_and_may_save_the_plan(
    module: str, bad: str | Reply, kind: FaultKind
) -> None:
    answers = iter([bad, good()])
    model = ByHand(lambda call: next(answers) if call.module == module else good())
    plan, _ = think(model, memory=remembering())
    assert plan.decision == KITE
    assert [(fault.module, fault.kind) for fault in plan.faults] == [(module, kind)]
    first, second = (call for call in model.calls if call.module == module)
    assert second.turns[: len(first.turns)] == first.turns
    assert [turn.role for turn in second.turns[len(first.turns) :]] == ["assistant", "user"]
    assert plan.faults[0].detail in second.turns[-1].text
    assert len(second.turns[-2].text) <= 1500


@pytest.mark.parametrize("module", ["perceive", "reflect"])
def test_without_perception_or_reflection_the_plan_goes_on_and_the_memory_says_so(module: str) -> None:
    model = ByHand(failing(module, "no"))
    plan, memory = think(model, memory=remembering())
    assert plan.decision == KITE
    assert [fault.kind for fault in plan.faults] == ["prose", "prose"]
    assert "gave no usable answer" in memory.text()
    reason = next(text_of(call) for call in model.calls if call.module == "reason")
    assert "(no usable answer)" in reason


@pytest.mark.parametrize(("calls", "module"), [("separate", "reason"), ("separate", "act"), ("fused", "fused")])
def test_without_an_answer_the_agent_keeps_its_decision(calls: str, module: str) -> None:
    plan, memory = think(ByHand(failing(module, "no")), calls, memory=remembering())
    assert plan.decision == CURRENT
    assert [(fault.module, fault.kind) for fault in plan.faults] == [(module, "prose")] * 2
    assert len(memory.rounds) == 2
    start, _ = think(ByHand(failing(module, "no")), calls, current=None)
    assert start.decision == Decision("engage", SKILLS[0].name, {}, NO_ANSWER)


def test_a_model_that_cannot_be_reached_is_not_asked_again_for_the_same() -> None:
    failures = tuple(Failure(FaultKind.TIMEOUT, f"attempt {n}\nhung") for n in range(4))
    model = ByHand(lambda call: Reply(None, failures=failures))
    plan, _ = think(model, "fused")
    assert plan.decision == CURRENT
    assert [(fault.kind, fault.detail) for fault in plan.faults] == [("timeout", f"attempt {n} hung") for n in range(4)]
    assert len(model.calls) == 1


def test_attempts_that_failed_before_an_answer_are_recorded_too() -> None:
    reply = Reply(good(), failures=(Failure(FaultKind.RATE_LIMIT, "429"),))
    plan, _ = think(ByHand(lambda call: reply), "fused")
    assert plan.decision == KITE
    assert [(fault.module, fault.kind) for fault in plan.faults] == [("fused", "rate_limit")]


def test_a_wish_for_a_new_skill_is_recorded() -> None:
    plan, _ = think(ByHand(lambda call: good(new_skill="circle\nround them " * 100)))
    assert plan.decision.new_skill.startswith("circle round them circle")
    assert len(plan.decision.new_skill) == 600


def mutated(rng: random.Random) -> str:
    """A valid answer with something done to it, or nothing like one."""
    kind = rng.randrange(9)
    text = good()
    if kind == 0:
        return "".join(
            chr(rng.choice([*range(32, 127), 0, 0xD800, 0x1F600, 0x2028])) for _ in range(rng.randrange(200))
        )
    if kind == 1:
        at, end = sorted(rng.randrange(len(text) + 1) for _ in "ab")
        return text[:at] + text[end:]
    if kind == 2:
        at = rng.randrange(len(text))
        return text[:at] + rng.choice('{}[]",:\\0nul\ud800') + text[at + 1 :]
    if kind == 3:
        return json.dumps({name: value for name, value in GOOD.items() if rng.random() < 0.8})
    if kind == 4:
        return json.dumps(GOOD | {rng.choice(list(GOOD)): value(rng, 4)})
    if kind == 5:
        names = ["FOCUS", "MELEE", "PULL_BACK_STEPS", "RALLY_X", "", "__class__"]
        some = [{"name": rng.choice(names), "value": number(rng)} for _ in range(rng.randrange(4))]
        return json.dumps(GOOD | {"parameters": some, "skill": rng.choice([skill.name for skill in SKILLS])})
    if kind == 6:
        deep = rng.choice([1, 10, 100, 1000])
        return '{"task":' * deep + rng.choice(["1", text, ""]) + "}" * rng.choice([deep, deep - 1, 0])
    if kind == 7:
        return rng.choice(["{}", "[]", "null", "true", '""', "NaN", "-1", "", " ", "<think>", "```json", text + text])
    return rng.choice(["x", "{", '{"', "\\", "[", text]) * rng.choice([1, 20, 400])


def number(rng: random.Random) -> object:
    return rng.choice([0, 1, 2.5, -1, 1e9, 1e308, 10**30, float("nan"), float("inf"), "1", None, True, [], {}])


def value(rng: random.Random, depth: int) -> object:
    if depth and rng.random() < 0.6:
        inner = [value(rng, depth - 1) for _ in range(rng.randrange(4))]
        return inner if rng.random() < 0.5 else {str(key): each for key, each in enumerate(inner)}
    return rng.choice([number(rng), "text", "\ud800", "\x00", "kite"])


def test_ten_thousand_fuzzed_answers_all_end_in_a_legal_decision() -> None:
    rng = random.Random(20_000)
    model = ByHand(lambda call: mutated(rng))
    thinkers = [Thinker(calls, current) for calls in ("fused", "separate") for current in (None, CURRENT)]
    decided = kept = 0
    with asyncio.Runner() as runner:
        while len(model.calls) < 10_000:
            plan, _ = runner.run(rng.choice(thinkers).plan(model))
            skill = next(skill for skill in SKILLS if skill.name == plan.decision.skill)
            skill.with_parameters(plan.decision.parameters)
            assert all(fault.kind in set(FaultKind) and len(fault.detail) <= 200 for fault in plan.faults)
            for text in (plan.decision.task, plan.decision.reasoning, plan.decision.new_skill):
                assert text.isprintable() and len(text) <= 600
            failed = plan.decision in (CURRENT, Decision("engage", SKILLS[0].name, {}, NO_ANSWER))
            decided, kept = decided + (not failed), kept + failed
    assert decided > 100
    assert kept > 100
