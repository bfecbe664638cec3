"""What an agent remembers, and that it does not grow."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from compass.episode import EpisodeSettings
from compass.models.base import Call
from compass.models.cassette import Cassette
from compass.models.loop import ModelLoop
from compass.planner.base import PlanRequest
from compass.planner.vlm.answers import Perception, Reflection
from compass.planner.vlm.memory import CONCLUSIONS, NOTHING, ROUNDS, Memory
from compass.planner.vlm.settings import VlmSettings
from compass.skills.retrieval import Shelf
from compass.skills.sandbox import Sandbox
from compass.types import Decision, SkillFault, Trigger
from tests.compass.observation.sights import observation, unit
from tests.compass.planner.vlm.playing import ByHand, play, vlm


def request(
    step: int, health: float = 1.0, actions: tuple[int, ...] = (), faults: tuple[SkillFault, ...] = ()
) -> PlanRequest:
    me = unit("ally", 0, "zealot", (16.0, 16.0), health=health)
    foe = unit("enemy", 3, "zealot", (20.0, 16.0), me, health=health)
    return PlanRequest(
        observation(me, [], [foe])._replace(step=step),
        Trigger.PERIOD,
        Shelf(()),
        None,
        actions=actions,
        skill_faults=faults,
    )


def test_a_round_tells_what_was_decided_why_and_what_came_of_it() -> None:
    memory = Memory()
    assert memory.text() == NOTHING
    decision = Decision("engage", "focus_fire", {"FOCUS": 1.5}, "it is near")
    memory = memory.decided(request(20), decision, Perception(summary="one enemy", threats=""))
    fault = SkillFault(0, "focus_fire", "exception", "ZeroDivisionError:\n1 // 0")
    memory = memory.lived(request(24, 0.5, (2, 2, 9, 2), (fault, fault)))
    memory = memory.judged(Reflection(success="hit it", needs_improvement="lost health"))
    assert memory.text().splitlines() == [
        'Step 20 (it is time to think again): you chose task "engage" by skill focus_fire(FOCUS=1.5)',
        "- perceived: one enemy",
        "- reasoning: it is near",
        "- then, until step 24: health 100% -> 50%; shield 100% -> 100%; allies known none -> none; enemies known 3 -> 3; "
        "their mean health 100% -> 50%; mean shield 100% -> 100%; legal targets none -> none; "
        "your actions: move north x2, attack enemy 3 x1, move north x1; "
        "skill faults: exception of focus_fire x2 (last: ZeroDivisionError: 1 // 0)",
        "- your verdict: success: hit it; needs improvement: lost health",
    ]


def test_older_rounds_become_conclusions_and_the_oldest_are_dropped() -> None:
    memory = Memory()
    for step in range(0, 200, 10):
        memory = memory.lived(request(step, actions=tuple(2 + step % 4 for step in range(100))))
        memory = memory.judged(Reflection(success=f"verdict of {step}")) if memory.rounds else memory
        memory = memory.decided(request(step), Decision("search", "advance_and_search"), None)
    lines = memory.text().splitlines()
    assert len(memory.rounds) == ROUNDS
    assert [line for line in lines if line.startswith("- step ")] == list(memory.conclusions)
    assert [re.findall(r"step (\d+)", line)[0] for line in memory.conclusions] == [
        str(step) for step in range(120, 180, 10)
    ]
    assert len(memory.conclusions) == CONCLUSIONS
    assert "verdict of 180" in memory.conclusions[-1]
    assert "your actions: ..., " in memory.text()


def test_a_verdict_is_not_lost_on_another_round() -> None:
    memory = Memory().decided(request(0), Decision("search", "advance_and_search"), None)
    assert "perceiving gave no usable answer" in memory.text()
    assert "reflecting gave no usable answer" in memory.judged(None).text()


def wordy(call: Call) -> str:
    """A model that runs away from everybody and never stops talking."""
    blah = "and so on, " * 500
    corner = [{"name": "RALLY_X", "value": 2}, {"name": "RALLY_Y", "value": 30}]
    said = dict.fromkeys(("summary", "threats", "success", "needs_improvement", "task", "reasoning", "new_skill"), blah)
    return json.dumps({**said, "skill": "retreat_and_regroup", "parameters": corner})


@pytest.mark.parametrize("calls", ["separate", "fused"])
def test_prompts_do_not_grow_over_two_hundred_steps(sandbox: Sandbox, tmp_path: Path, calls: str) -> None:
    """All but the observation, whose length is bounded by how many units there are, stays as long as it was after eight rounds."""
    settings = VlmSettings(calls=calls, image=False)
    with ModelLoop() as loop:
        planner = vlm(settings, tmp_path, loop, ByHand(wordy))
        result, _ = play(planner, sandbox, "zerg_5_vs_5", 10, EpisodeSettings(plan_every=5))
    assert result.length == 200
    lengths: dict[str, dict[bool, int]] = defaultdict(lambda: {False: 0, True: 0})
    for entry in Cassette(tmp_path).entries(10):
        text = "\n".join(turn.text for turn in entry.turns)
        rest = re.sub(r"<observation>.*?</observation>", "", text, flags=re.DOTALL)
        assert len(rest) < 14_000
        late = entry.step > 60
        lengths[entry.module][late] = max(lengths[entry.module][late], len(rest))
    assert len(lengths) == (1 if calls == "fused" else 4)
    for longest in lengths.values():
        assert (
            0 < longest[True] <= longest[False] + 150
        )  # less than one conclusion: longer numbers, another mix of actions
