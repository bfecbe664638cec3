"""The proof that prompts hold what a decision needs: readers of text alone, and of pictures alone, know what the agent knows."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from compass.bench.scripted_model import prompt_text
from compass.episode import EpisodeSettings
from compass.planner import ScriptedPlanner
from compass.planner.vlm.render import read_observation
from compass.planner.vlm.scripted_answers import answer
from compass.planner.vlm.settings import VlmSettings
from compass.skills.sandbox import Sandbox
from tests.compass.observation.sights import expected, read, same
from tests.compass.planner.vlm.playing import asking, play, scripted_server, vlm
from tests.model_server import ModelServer, image_urls

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
    assert len({planned.decision.skill for record in found.records for planned in record.planned}) > 1


@pytest.mark.parametrize("size", [512, 256])
def test_a_reader_of_the_pictures_alone_finds_everybody_the_agent_knows_and_nobody_else(
    sandbox: Sandbox, tmp_path: Path, size: int
) -> None:
    """Every picture of every request, against what the agent knew at the step that the picture shows."""
    settings = VlmSettings(calls="fused", frames=3, image_size=size)
    every_five = EpisodeSettings(plan_every=5)
    with (
        ModelServer(lambda request: answer(prompt_text(request))) as server,
        asking(server.base_url) as (loop, client),
    ):
        _, found = play(vlm(settings, tmp_path, loop, client), sandbox, "protoss_5_vs_5_epo", 3, every_five)
    exchanges = {record.step: record.exchange for record in found.records}
    compared = heard = 0
    for request in server.requests:
        now = read_observation(prompt_text(request.body))
        pictures = [Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) for url in image_urls(request.body)]
        steps = range(max(0, now.step - 2), now.step + 1)
        for step, picture in zip(steps, pictures, strict=True):
            wanted = exchanges[step].observation(now.agent_id)
            assert picture.size == (size, size)
            found_there = read(picture.convert("RGB"))
            assert same(found_there, expected(wanted))
            compared, heard = compared + 1, heard + any(entity.hops for entity in wanted.enemies)
        assert same(found_there, expected(now))
    assert compared > 60
    assert heard > 5
