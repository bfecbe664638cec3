"""A run by a model that was recorded earlier, on another machine perhaps, is played again to the byte."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from compass.bench.scripted_model import ScriptedModel
from compass.evaluate.evaluator import evaluate
from compass.evaluate.replay import replay
from compass.evaluate.settings import EvaluateSettings
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from envs.scenario_file import load_scenario

RUN = Path(__file__).with_name("recorded")


def test_the_recorded_run_is_played_again(tmp_path: Path) -> None:
    """`python -m tests.compass.evaluate.test_recorded` records it anew after a wanted change of prompts, rules or skills."""
    comparison = replay(RUN, tmp_path / "again")
    assert comparison.identical == (5,), comparison
    assert not comparison.differing and not comparison.not_reproducible


def record() -> None:
    """Play one battle of three against three by the scripted model, pictures and all."""
    shutil.rmtree(RUN, ignore_errors=True)
    with ScriptedModel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        evaluate(
            EvaluateSettings(
                load_scenario("3m"),
                episodes=1,
                seed=5,
                planner="vlm",
                model=ModelSettings("scripted", server.base_url),
                vlm=VlmSettings(calls="fused", frames=2, image_size=256),
            ),
            RUN,
        )
        server.shutdown()
    for file in ("timings.jsonl", "summary.json"):
        (RUN / file).unlink()


if __name__ == "__main__":
    record()
