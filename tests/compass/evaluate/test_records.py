"""Records: what was played is read back exactly, and equal episodes give equal bytes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.evaluate.records import Recorder, read_record
from compass.policies import RandomTeam
from compass.types import Decision, PlanFault, Planned, SkillFault, StepRecord, Trigger
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish


class Planning(RandomTeam):
    """Random play with a plan and a fault at every plan, so that records have something of each."""

    def plan(self, due, exchange):
        decision, faults = Decision("engage", "kite", {"DANGER": 2.5}, "near"), (PlanFault("act", "prose", "no JSON"),)
        return tuple(Planned(agent, due[agent], decision, faults, True, 2, "it ran too late", "5e1f") for agent in due)

    def act(self, exchange):
        faults = (SkillFault(0, "kite", "exception", "division by zero"),) if exchange.step == 1 else ()
        return super().act(exchange)._replace(faults=faults)


class Keeping:
    """Keeps the steps themselves."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []

    def on_step(self, record: StepRecord) -> None:
        self.steps.append(record)


@pytest.fixture(scope="module")
def episode():
    env, recorder, keeping = Skirmish(load_scenario("zerg_5_vs_5")), Recorder(), Keeping()
    run_episode(env, Planning(), 3, EpisodeSettings(), [recorder, keeping])
    return recorder.to_bytes(), keeping.steps


def test_an_episode_is_read_back_as_it_was_played(episode, tmp_path: Path):
    content, steps = episode
    (tmp_path / "3.npz").write_bytes(content)
    record = read_record(tmp_path / "3.npz")
    frames = [steps[0].before, *(step.after for step in steps)]
    for name in ("obs", "state", "available"):
        np.testing.assert_array_equal(getattr(record, name), [getattr(frame, name) for frame in frames])
        assert getattr(record, name).dtype == getattr(frames[0], name).dtype
    assert record.actions.tolist() == [list(step.actions) for step in steps]
    assert record.rewards.tolist() == [step.after.reward for step in steps]
    assert record.raw_rewards.tolist() == [step.after.raw_reward for step in steps]
    assert len(record.decisions) == sum(len(step.planned) for step in steps)
    assert record.decisions[0] == {
        "step": 0,
        "agent_id": 0,
        "trigger": Trigger.START,
        "delay": 2,
        "answered": True,
        "version": "5e1f",
        "task": "engage",
        "skill": "kite",
        "parameters": {"DANGER": 2.5},
        "reasoning": "near",
        "new_skill": "",
        "needs_improvement": "it ran too late",
        "plan_faults": [{"module": "act", "kind": "prose", "detail": "no JSON"}],
    }
    fault = {"step": 1, "agent_id": 0, "skill": "kite", "kind": "exception", "detail": "division by zero"}
    assert record.faults == (fault,)


def test_numpy_reads_a_record_too(episode):
    with np.load(io.BytesIO(episode[0])) as arrays:
        assert arrays["actions"].shape == (len(episode[1]), 5)


def test_equal_episodes_give_equal_bytes(episode):
    recorder = Recorder()
    run_episode(Skirmish(load_scenario("zerg_5_vs_5")), Planning(), 3, EpisodeSettings(), [recorder])
    assert recorder.to_bytes() == episode[0]


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_broken_record_is_named(tmp_path, content):
    path = tmp_path / "1.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read the record .*1\.npz"):
        read_record(path)
