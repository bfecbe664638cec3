"""What the planner can be asked to do."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from compass.errors import InputError
from compass.planner.vlm.settings import VlmSettings


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"calls": "both"}, "unknown calls 'both'"),
        ({"clock": "wall"}, "unknown clock 'wall'"),
        ({"frames": 0}, "frames is 0; give 1 to 16"),
        ({"frames": 17}, "frames is 17"),
        ({"image_size": 100}, "choose 256 to 2048"),
        ({"game_speed": 0.0}, "game_speed is 0.0; give 0.01 to 1000"),
        ({"game_speed": 1e-11}, "game_speed is 1e-11"),
        ({"game_speed": 1001.0}, "game_speed is 1001.0"),
        ({"game_speed": float("nan")}, "game_speed is nan"),
        ({"game_speed": float("inf")}, "game_speed is inf"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        VlmSettings(**values)


def test_commands_and_settings_load_neither_the_sdk_nor_pydantic() -> None:
    """They cost a second, which every command and every worker would pay."""
    modules = "compass.cli.main, compass.planner.vlm.settings, compass.planner.vlm.prompts, compass.evaluate.player"
    check = f"import sys, {modules}; sys.exit(str({{'openai', 'pydantic'}} & set(sys.modules) or ''))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).stderr.strip() == b""
