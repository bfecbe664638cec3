"""The planner as the team uses it: clocks, playing back, ending, and errors that no call can mend."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from time import monotonic, sleep

import pytest

from compass.errors import InputError
from compass.models.base import Call, Model, Reply
from compass.models.cassette import Cassette, MissingCall
from compass.models.loop import ModelLoop
from compass.observation.decode import constants_of
from compass.planner import PlanRequest, Thinking
from compass.planner.vlm.clock import PlayedBack, RunningOn, Waiting
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.settings import VlmSettings
from compass.skills.library import default_library_folder, load_library
from compass.skills.retrieval import Shelf
from compass.skills.sandbox import Sandbox
from compass.types import Decision, Plan, Trigger
from envs.scenario_file import load_scenario
from tests.compass.observation.sights import observation, unit
from tests.compass.planner.vlm.playing import ByHand, play, scripted, vlm

NAME, SEED = "protoss_5_vs_5_epo", 3
FUSED = VlmSettings(calls="fused", image=False)
LIBRARY = load_library(default_library_folder())
PLAN = Plan(Decision("hold", "hold_formation"))


@pytest.fixture
def loop() -> Iterator[ModelLoop]:
    with ModelLoop() as loop:
        yield loop


class Slow:
    """A model that answers by the rules when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0

    async def ask(self, call: Call) -> Reply:
        self.asked += 1
        while not self.go.is_set():
            await asyncio.sleep(0.005)
        return Reply(scripted(call))


def ready() -> Future[Plan]:
    future: Future[Plan] = Future()
    future.set_result(PLAN)
    return future


def request(agent: int = 0, step: int = 14) -> PlanRequest:
    me = unit("ally", agent, "stalker", (16.0, 16.0))
    obs = observation(me, [], [])._replace(step=step)
    return PlanRequest(obs, Trigger.START, Shelf(LIBRARY.for_unit("stalker")), None, (obs,))


def begun(planner: VlmPlanner) -> VlmPlanner:
    planner.begin(constants_of(load_scenario(NAME)), SEED)
    return planner


def test_how_many_observations_it_wants(tmp_path: Path, loop: ModelLoop) -> None:
    assert vlm(VlmSettings(frames=3), tmp_path, loop, None).frames == 3
    assert vlm(FUSED, tmp_path, loop, None).frames == 1


def test_paused_the_game_waits() -> None:
    future: Future[Plan] = Future()
    threading.Timer(0.1, future.set_result, [PLAN]).start()
    thinking = Waiting(future)
    assert thinking.arrived(0)
    assert thinking.plan() == PLAN


def test_in_real_time_a_decision_never_takes_effect_at_once_and_a_ready_one_waits_for_nothing() -> None:
    took: list[int] = []
    thinking = RunningOn(ready(), 0.001, took.append)
    assert not thinking.arrived(0)
    assert thinking.arrived(1)
    assert (took, thinking.plan()) == ([1], PLAN)


def test_in_real_time_the_game_goes_at_its_speed_while_somebody_thinks() -> None:
    took: list[int] = []
    thinking = RunningOn(Future(), 5.0, took.append)
    began = monotonic()
    assert not any(thinking.arrived(step) for step in range(3))
    assert monotonic() - began >= 2 * 0.5 / 5.0
    thinking.future.set_result(PLAN)
    assert thinking.arrived(3)
    assert took == [3]


def test_played_back_a_decision_takes_effect_when_it_did() -> None:
    thinking = PlayedBack(ready(), 3)
    assert [thinking.arrived(step) for step in range(4)] == [False, False, False, True]
    assert thinking.plan() == PLAN
    assert not any(PlayedBack(ready(), None).arrived(step) for step in range(200))


def test_a_real_time_episode_is_played_back_the_same(sandbox: Sandbox, tmp_path: Path, loop: ModelLoop) -> None:
    class Late:
        async def ask(self, call: Call) -> Reply:
            await asyncio.sleep(0.03)
            return Reply(scripted(call))

    settings = VlmSettings(calls="fused", image=False, clock="realtime", game_speed=50.0)
    result, live = play(vlm(settings, tmp_path, loop, Late()), sandbox, NAME, SEED)
    again, played = play(vlm(settings, tmp_path, loop, None), sandbox, NAME, SEED)
    assert played.story() == live.story()
    assert again == result
    delays = [planned.delay for record in live.records for planned in record.planned]
    assert delays and min(delays) >= 1


def test_an_episode_is_played_back_without_a_model_and_resumed_with_one(
    sandbox: Sandbox, tmp_path: Path, loop: ModelLoop
) -> None:
    settings = VlmSettings(frames=2, image_size=256)
    _, live = play(vlm(settings, tmp_path, loop, ByHand(scripted)), sandbox, NAME, SEED)
    _, played = play(vlm(settings, tmp_path, loop, None), sandbox, NAME, SEED)
    assert played.story() == live.story()
    tape = tmp_path / f"{SEED}.jsonl"
    lines = tape.read_text().splitlines(keepends=True)
    tape.write_text("".join(lines[: len(lines) // 2]))
    model = ByHand(scripted)
    _, resumed = play(vlm(settings, tmp_path, loop, model, resume=True), sandbox, NAME, SEED)
    assert resumed.story() == live.story()
    assert len(model.calls) == len(lines) - len(lines) // 2


def test_a_missing_call_ends_the_episode(sandbox: Sandbox, tmp_path: Path, loop: ModelLoop) -> None:
    with pytest.raises(MissingCall, match="not on the tape"):
        play(vlm(FUSED, tmp_path, loop, None), sandbox, NAME, SEED)


def test_what_no_call_can_mend_ends_the_episode(sandbox: Sandbox, tmp_path: Path, loop: ModelLoop) -> None:
    def refuse(call: Call) -> str:
        raise InputError("the key is wrong")

    with pytest.raises(InputError, match="the key is wrong"):
        play(vlm(FUSED, tmp_path, loop, ByHand(refuse)), sandbox, NAME, SEED)


def test_all_agents_think_at_the_same_time(tmp_path: Path, loop: ModelLoop) -> None:
    model = Slow()
    planner = begun(vlm(FUSED, tmp_path, loop, model))
    thinking: list[Thinking] = [planner.ask(request(agent)) for agent in range(5)]
    until(lambda: model.asked == 5)
    model.go.set()
    assert all(each.arrived(0) for each in thinking)
    assert {each.plan().decision.skill for each in thinking} == {"advance_and_search"}
    planner.end()


def test_ending_drops_what_is_under_way_and_its_cost_is_on_the_tape(tmp_path: Path, loop: ModelLoop) -> None:
    model = Slow()
    planner = begun(vlm(FUSED, tmp_path, loop, model))
    thinking = planner.ask(request())
    until(lambda: model.asked == 1)
    planner.end()
    with pytest.raises(CancelledError):
        thinking.arrived(1)
    assert [entry.cancelled for entry in Cassette(tmp_path).entries(SEED)] == [True]
    planner.end()


def test_leaving_the_loop_frees_whoever_waits(tmp_path: Path) -> None:
    model: Model = Slow()
    with ModelLoop() as loop:
        planner = begun(vlm(FUSED, tmp_path, loop, model))
        thinking = planner.ask(request())
    with pytest.raises(CancelledError):
        thinking.arrived(0)
    planner.end()


def test_an_empty_shelf_is_said_plainly(tmp_path: Path, loop: ModelLoop) -> None:
    planner = begun(vlm(FUSED, tmp_path, loop, None))
    with pytest.raises(InputError, match="no skill for a stalker"):
        planner.ask(request()._replace(skills=()))
    planner.end()


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, at most ten seconds."""
    end = monotonic() + 10.0
    while not condition() and monotonic() < end:
        sleep(0.005)
    assert condition()
