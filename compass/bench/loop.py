"""Speed of the whole loop: an evaluation as users run it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from envs.scenario_file import load_scenario


def loop_steps_per_second(scenario: str, episodes: int, observation: str) -> float:
    """Environment steps per second of an evaluation with one worker; the start of the worker is not counted."""
    settings = EvaluateSettings(load_scenario(scenario), episodes, observation=observation, workers=1)
    with TemporaryDirectory(prefix="compass-bench-") as folder:
        speed = evaluate(settings, Path(folder) / "run").steps_per_second
    assert speed is not None  # at least one episode was played
    return speed
