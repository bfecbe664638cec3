"""The options of whatever asks a model: which one, how it is asked, and where its run ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from compass.errors import InputError, unknown
from compass.evaluate.settings import PLANNERS
from compass.models.budget import Limits
from compass.models.settings import ModelSettings, default_base_url
from compass.planner.vlm.settings import CALLS, CLOCKS, VlmSettings

PANEL = "With a model (vlm)"
_MODEL, _VLM = ModelSettings("model", "http://localhost"), VlmSettings()


def _option(*names: str, help: str, shown: object) -> Any:
    return typer.Option(
        *names, help=help, show_default=str(shown) if shown is not None else False, rich_help_panel=PANEL
    )


Model = Annotated[str | None, _option("--model", help="The model, as its server calls it.", shown=None)]
BaseUrl = Annotated[
    str | None,
    _option(
        "--base-url",
        help="Its server, OpenAI-compatible. A key comes from OPENAI_API_KEY.",
        shown="OPENAI_BASE_URL, else OpenAI",
    ),
]
Calls = Annotated[
    str | None, _option("--calls", help=f"Of the modules: {' or '.join(CALLS)} into one.", shown=_VLM.calls)
]
NoImage = Annotated[bool, _option("--no-image", help="Send no pictures.", shown=None)]
NoReflection = Annotated[bool, _option("--no-reflection", help="Judge no earlier plan.", shown=None)]
Frames = Annotated[int | None, _option("--frames", help="Pictures of the last so many steps.", shown=_VLM.frames)]
ImageSize = Annotated[int | None, _option("--image-size", help="Their width in pixels.", shown=_VLM.image_size)]
Prompts = Annotated[
    Path | None,
    _option("--prompts", help="Folder of the prompt files (compass prompts init).", shown="the shipped ones"),
]
Clock = Annotated[
    str | None, _option("--clock", help=f"The game while a model thinks: {' or '.join(CLOCKS)}.", shown=_VLM.clock)
]
GameSpeed = Annotated[
    float | None,
    _option(
        "--game-speed",
        help="Game seconds per second of thought, in realtime; the ladder's is 1.4.",
        shown=_VLM.game_speed,
    ),
]
AnswerTokens = Annotated[
    int | None,
    _option("--answer-tokens", help="Length of an answer at most, thinking included.", shown=_VLM.answer_tokens),
]
EmbeddingModel = Annotated[
    str | None,
    _option("--embedding-model", help="Find the skills for a sub-task by its embeddings.", shown="by words"),
]
Concurrency = Annotated[int | None, _option("--concurrency", help="Calls under way at once.", shown=_MODEL.concurrency)]
Rate = Annotated[
    float | None, _option("--requests-per-minute", help="Calls begun in a minute at most.", shown="no limit")
]
Timeout = Annotated[
    float | None, _option("--timeout", help="Seconds that one attempt at a call may take.", shown=_MODEL.timeout)
]
MaxTokens = Annotated[int | None, _option("--max-tokens", help="End the run before it takes more.", shown="no limit")]
MaxDollars = Annotated[
    float | None, _option("--max-dollars", help="End the run before it costs more.", shown="no limit")
]
MaxMinutes = Annotated[float | None, _option("--max-minutes", help="Begin no episode after them.", shown="no limit")]
Prices = Annotated[Path | None, _option("--prices", help="A file of prices.", shown="the shipped one")]


_OPTIONS = (
    *("model", "base_url", "calls", "no_image", "no_reflection", "frames", "image_size", "prompts"),
    *("clock", "game_speed", "answer_tokens", "embedding_model"),
    *("concurrency", "requests_per_minute", "timeout", "max_tokens", "max_dollars", "max_minutes", "prices"),
)


def model_settings(options: Mapping[str, Any], switch: str = "--planner vlm") -> dict[str, Any]:
    """The parts of `EvaluateSettings` that a command's options of a model make; those left out are None, False or not there.

    switch: the option that asks for a model, whose value here is `options["planner"]`.

    Raises:
        InputError: options of a model without that switch, or bad values.
    """
    given = {name: options[name] for name in _OPTIONS if options.get(name) is not None and options[name] is not False}
    if options["planner"] not in PLANNERS:
        raise unknown("planner", options["planner"], PLANNERS)
    if options["planner"] != "vlm":
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise InputError(f"only a model reads {names}: add {switch}, or leave that out")
        return {}
    if "model" not in given:
        raise InputError(f"{switch} needs a model: name it with --model, and its server with --base-url")
    if "game_speed" in given and given.get("clock") != "realtime":
        raise InputError("--game-speed is for a game that runs on: add --clock realtime, or leave it out")
    model = _only(given, "timeout", "concurrency", "requests_per_minute")
    vlm = _only(given, "calls", "frames", "image_size", "clock", "game_speed", "answer_tokens", "embedding_model")
    return {
        "model": ModelSettings(given["model"], given.get("base_url", default_base_url()), **model),
        "vlm": VlmSettings(
            image="no_image" not in given,
            reflection="no_reflection" not in given,
            prompts=_path(given, "prompts"),
            **vlm,
        ),
        "limits": Limits(**_only(given, "max_tokens", "max_dollars", "max_minutes")),
        "prices": _path(given, "prices"),
    }


def _only(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _path(given: Mapping[str, Any], name: str) -> Path | None:
    return Path(given[name]) if name in given else None
