"""The proof that prompts hold what a decision needs: readers of text alone, and of pictures alone, know what the agent knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.planner import ScriptedPlanner
from compass.planner.vlm.settings import VlmSettings
from compass.skills.sandbox import Sandbox
from tests.compass.planner.vlm.playing import asking, play, scripted_server, vlm

SEPARATE, FUSED = VlmSettings(image=False), VlmSettings(calls="fused", image=False)
PICTURES = VlmSettings(calls="fused", frames=2, image_size=256)
EPISODES = [
    ("protoss_5_vs_5_epo", 3, SEPARATE),
    ("protoss_5_vs_5", 4, PICTURES),
    ("terran_5_vs_6_epo", 5, FUSED),
    ("terran_5_vs_5", 6, SEPARATE),
    ("zerg_5_vs_6", 7, SEPARATE),
    ("zerg_5_vs_5_epo", 8, VlmSettings(frames=1, image_size=256)),
]


@pytest.mark.parametrize(("name", "seed", "settings"), EPISODES, ids=[name for name, *_ in EPISODES])
def test_a_server_that_reads_the_text_alone_plays_the_scripted_planners_episodes(
    sandbox: Sandbox, tmp_path: Path, name: str, seed: int, settings: VlmSettings
) -> None:
    _, wanted = play(ScriptedPlanner(), sandbox, name, seed)
    with scripted_server() as server, asking(server.base_url) as (loop, client):
        result, found = play(vlm(settings, tmp_path, loop, client), sandbox, name, seed)
    assert found.story() == wanted.story()
    assert not result.plan_faults
    assert len({decision.skill for r in found.records for p in r.planned for decision in [p.decision]}) > 1
