"""What the planner can be asked to do."""

from __future__ import annotations

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
        ({"game_speed": 0.0}, "game_speed is 0.0"),
        ({"game_speed": float("nan")}, "game_speed is nan"),
        ({"game_speed": float("inf")}, "game_speed is inf"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        VlmSettings(**values)
