"""Recorded episodes as pictures: what one agent knew step by step, or the whole battle, as frames and as an animated GIF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from compass.errors import InputError
from compass.evaluate.recall import check_fits, knowledge
from compass.evaluate.records import EpisodeRecord
from compass.observation import picture
from envs.scenario import Scenario
from envs.spectator import Spectator

STEP_MILLISECONDS = 200
END_MILLISECONDS = 2000  # the last picture stays, so that the end can be seen before it begins again
SIZE = 512
_COLOURS = 256
_SAMPLES = 6  # frames that the palette is made from; more change nothing that can be seen


def agent_frames(
    record: EpisodeRecord, scenario: Scenario, agent: int, hops: int, observation: str, size: int = SIZE
) -> Iterator[Image.Image]:
    """The agent-eye picture of each step of an agent's life. Arguments and errors: `knowledge`."""
    for known in knowledge(record, scenario, agent, hops, observation):
        yield picture.draw(known, size)


def spectator_frames(record: EpisodeRecord, scenario: Scenario, title: str, size: int = SIZE) -> Iterator[Image.Image]:
    """The whole battle, one picture per step and one of its end; the caption is the title, the step and the return so far."""
    check_fits(record, scenario)
    spectator = Spectator(scenario, size)
    returns = np.concatenate(([0.0], np.cumsum(record.rewards)))
    for step, state in enumerate(record.state):
        actions = record.actions[step].tolist() if step < len(record.actions) else ()
        yield spectator.draw(state, actions, f"{title}   step {step}   return {returns[step]:.2f}")


def write_gif(frames: Iterable[Image.Image], path: Path) -> int:
    """Write frames as an endless animation, one step every 200 ms; returns how many there are.

    Raises:
        InputError: no frames, or the file cannot be written.
    """
    pictures = list(frames)
    if not pictures:
        raise InputError("there is nothing to show: the episode has no steps")
    palette = _palette(pictures)
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in pictures]
    durations = [STEP_MILLISECONDS] * len(others) + [END_MILLISECONDS]
    try:
        first.save(path, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    return len(pictures)


def _palette(frames: list[Image.Image]) -> Image.Image:
    """One palette for all frames, so that nothing flickers."""
    chosen = frames[:: max(1, len(frames) // _SAMPLES)]
    strip = Image.new("RGB", (frames[0].width, frames[0].height * len(chosen)))
    for at, frame in enumerate(chosen):
        strip.paste(frame, (0, at * frame.height))
    return strip.quantize(_COLOURS, dither=Image.Dither.NONE)
