"""Recorded episodes as pictures: each agent's knowledge is rebuilt as it was, and animations hold one picture per step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compass import view
from compass.communication import Channel
from compass.errors import InputError
from compass.evaluate import recall
from compass.evaluate.records import EpisodeRecord
from compass.observation import picture
from envs.layout import Layout
from envs.scenario_file import load_scenario
from tests.compass.battlefield import vectors
from tests.compass.observation.sights import expected, read, same

SCENARIO = load_scenario("protoss_5_vs_5_epo")
STEPS = 4


def episode() -> EpisodeRecord:
    """Two stalkers walk east side by side, agent 1 alone sees an enemy; agent 0 dies before the last step."""
    shown = []
    for step in range(STEPS + 1):
        allies = {0: ("stalker", 5.0 + step, 10.0), 1: ("stalker", 12.0 + step, 10.0)}
        if step == STEPS:
            del allies[0]
        shown.append(vectors(SCENARIO, allies, {2: ("zealot", 20.0, 12.0)}, owners={2: 1}))
    layout = Layout.of(SCENARIO)
    actions = np.zeros((STEPS, 5), dtype=np.uint8)
    actions[:, :2] = 4
    return EpisodeRecord(
        obs=np.array([obs for obs, _ in shown]),
        state=np.zeros((STEPS + 1, layout.state_size), dtype=np.float32),
        available=np.array([mask for _, mask in shown]),
        actions=actions,
        rewards=np.full(STEPS, 0.25),
        raw_rewards=np.full(STEPS, 1.0),
        decisions=(),
        faults=(),
    )


def test_knowledge_is_rebuilt_as_it_was() -> None:
    record, channel = episode(), Channel(SCENARIO, 3, repaired=True)
    last_actions, lived = np.full(5, -1), []
    for step in range(STEPS):
        exchange = channel.exchange(record.obs[step], record.available[step], last_actions, step)
        lived.append(exchange.observation(0))
        last_actions = record.actions[step].astype(np.int64)
    rebuilt = list(recall.knowledge(record, SCENARIO, 0, 3, "repaired"))
    assert rebuilt == lived
    assert rebuilt[2].last_action == 4


def test_frames_show_what_the_agent_knew_and_when() -> None:
    """Agent 0 hears of the enemy that agent 1 sees, unless there are no messages; its frames end with its life."""
    heard = list(view.agent_frames(episode(), SCENARIO, 0, 3, "repaired"))
    alone = list(view.agent_frames(episode(), SCENARIO, 0, 0, "repaired"))
    assert len(heard) == len(alone) == STEPS
    for frame, known in zip(heard, recall.knowledge(episode(), SCENARIO, 0, 3, "repaired"), strict=True):
        assert same(read(frame), expected(known), within=0.1)
        assert [(enemy.id, enemy.hops) for enemy in known.enemies] == [(2, 1)]
    assert all(role != "enemy" for frame in alone for role, _, _ in read(frame))
    assert len(list(view.agent_frames(episode(), SCENARIO, 1, 3, "repaired"))) == STEPS + 1


def test_spectator_frames_cover_every_step_and_the_end() -> None:
    frames = list(view.spectator_frames(episode(), SCENARIO, "protoss_5_vs_5_epo"))
    assert len(frames) == STEPS + 1
    assert (np.asarray(frames[0])[:18] != np.asarray(frames[1])[:18]).any(), "the caption tells the step"


@pytest.mark.parametrize("agent", [-1, 5])
def test_an_unknown_agent_is_refused(agent: int) -> None:
    with pytest.raises(InputError, match="choose 0 to 4"):
        list(view.agent_frames(episode(), SCENARIO, agent, 3, "repaired"))


def test_gif_plays_every_frame_at_its_pace_and_stays_small(tmp_path: Path) -> None:
    file = tmp_path / "agent.gif"
    known = list(recall.knowledge(episode(), SCENARIO, 1, 3, "repaired"))
    frames = [picture.draw(observation) for observation in known]
    assert view.write_gif(frames, file) == STEPS + 1
    assert file.stat().st_size < 2_000_000 / 60 * (STEPS + 1)
    with Image.open(file) as animation:
        assert animation.n_frames == STEPS + 1
        for at, frame in enumerate(frames):
            animation.seek(at)
            assert animation.info["duration"] == (2000 if at == STEPS else 200)
            shown = np.asarray(animation.convert("RGB")).astype(int)
            assert np.abs(shown - np.asarray(frame)).mean() < 2.0


def test_gif_of_nothing_and_to_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to show"):
        view.write_gif([], tmp_path / "none.gif")
    with pytest.raises(InputError, match="cannot write"):
        view.write_gif([Image.new("RGB", (8, 8))], tmp_path / "missing" / "none.gif")
