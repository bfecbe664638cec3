"""Recorded episodes as pictures: what one agent knew step by step, or the whole battle, as frames and as an animated GIF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from compass.communication import Channel
from compass.errors import InputError
from compass.evaluate.records import EpisodeRecord
from compass.observation import picture
from compass.types import Observation
from envs.layout import Layout
from envs.scenario import Scenario
from envs.spectator import Spectator

STEP_MILLISECONDS = 200
END_MILLISECONDS = 2000  # the last picture stays, so that the end can be seen before it begins again
SIZE = 512
_COLOURS = 256
_SAMPLES = 6  # frames that the palette is made from; more change nothing that can be seen


def knowledge(
    record: EpisodeRecord, scenario: Scenario, agent: int, hops: int, observation: str
) -> Iterator[Observation]:
    """What an agent knew at each step of its life, rebuilt from what all agents saw and the messages of a run with these `hops`.

    `observation` is the run's setting, `repaired` or `upstream`.

    Raises:
        InputError: the team has no such agent, or the record is of another scenario.
    """
    _check_fits(record, scenario)
    n_agents = record.obs.shape[1]
    if not 0 <= agent < n_agents:
        raise InputError(f"there is no agent {agent}: choose 0 to {n_agents - 1}")
    channel = Channel(scenario, hops, repaired=observation == "repaired")
    last_actions = np.full(n_agents, -1, dtype=np.int64)
    for step, (vectors, masks) in enumerate(zip(record.obs, record.available, strict=True)):
        exchange = channel.exchange(vectors, masks, last_actions, step)
        if agent not in exchange.alive:
            return
        yield exchange.observation(agent)
        if step < len(record.actions):
            last_actions = record.actions[step].astype(np.int64)


def agent_frames(
    record: EpisodeRecord, scenario: Scenario, agent: int, hops: int, observation: str, size: int = SIZE
) -> Iterator[Image.Image]:
    """The agent-eye picture of each step of an agent's life. Arguments and errors: `knowledge`."""
    for known in knowledge(record, scenario, agent, hops, observation):
        yield picture.draw(known, size)


def spectator_frames(record: EpisodeRecord, scenario: Scenario, title: str, size: int = SIZE) -> Iterator[Image.Image]:
    """The whole battle, one picture per step and one of its end; the caption is the title, the step and the return so far."""
    _check_fits(record, scenario)
    spectator = Spectator(scenario, size)
    returns = np.concatenate(([0.0], np.cumsum(record.rewards)))
    for step, state in enumerate(record.state):
        actions = record.actions[step].tolist() if step < len(record.actions) else ()
        yield spectator.draw(state, actions, f"{title}   step {step}   return {returns[step]:.2f}")


def _check_fits(record: EpisodeRecord, scenario: Scenario) -> None:
    layout = Layout.of(scenario)
    steps, agents = len(record.actions), layout.n_agents
    expected = {
        "obs": (steps + 1, agents, layout.obs_size),
        "state": (steps + 1, layout.state_size),
        "available": (steps + 1, agents, layout.n_actions),
        "actions": (steps, agents),
        "rewards": (steps,),
    }
    for name, shape in expected.items():
        found = getattr(record, name).shape
        if found != shape:
            raise InputError(f"the record is no episode of {scenario.name}: its {name} have shape {found}, not {shape}")


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
