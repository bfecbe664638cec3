"""The options of a model: what they become, and that none is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.cli.model_options import model_settings
from compass.errors import InputError
from compass.models.budget import Limits
from compass.planner.vlm.settings import VlmSettings

LEFT_OUT = {
    **dict.fromkeys(("base_url", "calls", "frames", "image_size", "prompts", "clock", "game_speed", "answer_tokens")),
    **dict.fromkeys(
        ("concurrency", "requests_per_minute", "timeout", "max_tokens", "max_dollars", "max_minutes", "prices")
    ),
    **{"planner": "vlm", "model": "m", "no_image": False, "no_reflection": False},
}


@pytest.mark.parametrize(
    "name",
    [
        *("frames", "image_size", "game_speed", "answer_tokens", "concurrency", "requests_per_minute", "timeout"),
        *("max_tokens", "max_dollars", "max_minutes"),
    ],
)
def test_zero_is_a_value_and_a_bad_one(name: str) -> None:
    with pytest.raises(InputError):
        model_settings(LEFT_OUT | {name: 0, "clock": "realtime"})


def test_what_is_given_arrives() -> None:
    given = {
        **{"base_url": "http://localhost:1/v1", "calls": "fused", "no_image": True, "frames": 2, "image_size": 256},
        **{"clock": "realtime", "game_speed": 1.4, "prompts": "mine", "answer_tokens": 900, "no_reflection": True},
        **{"timeout": 3.0, "concurrency": 2, "requests_per_minute": 9.0, "max_tokens": 5, "prices": "prices.yaml"},
    }
    made = model_settings(LEFT_OUT | given)
    assert made["vlm"] == VlmSettings("fused", False, False, 2, 256, Path("mine"), "realtime", 1.4, 900)
    model = made["model"]
    assert (model.timeout, model.concurrency, model.requests_per_minute) == (3.0, 2, 9.0)
    assert (made["limits"], made["prices"]) == (Limits(max_tokens=5), Path("prices.yaml"))


def test_options_of_a_model_are_for_a_model() -> None:
    with pytest.raises(InputError, match="only a model reads --model, --max-dollars: add --planner vlm"):
        model_settings(LEFT_OUT | {"planner": "scripted", "max_dollars": 0.0})
    assert model_settings(LEFT_OUT | {"planner": "scripted", "model": None}) == {}


def test_a_misspelt_planner_is_called_that() -> None:
    with pytest.raises(InputError, match="did you mean vlm"):
        model_settings(LEFT_OUT | {"planner": "vml"})


def test_a_game_speed_needs_a_game_that_runs_on() -> None:
    with pytest.raises(InputError, match="--clock realtime"):
        model_settings(LEFT_OUT | {"game_speed": 1.4})


def test_a_model_needs_a_name() -> None:
    with pytest.raises(InputError, match="name it with --model"):
        model_settings(LEFT_OUT | {"model": None})
