"""How a vision-language model is asked to plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from compass.errors import InputError, unknown
from compass.observation.picture import SIZE
from envs.drawing import Chart

CALLS = ("separate", "fused")
CLOCKS = ("paused", "realtime")
MOST_FRAMES = 16
SLOWEST, FASTEST = 0.01, 1000.0  # game seconds per second


@dataclass(frozen=True)
class Pace:
    """What prompts tell of how the team plays: messages a record may take, steps between plans, and whether sharp change brings one
    sooner; `compass.episode.EpisodeSettings`, whose module a planner cannot import.
    """

    hops: int = 3
    plan_every: int = 20
    plan_on_change: bool = True


USUAL = Pace()


@dataclass(frozen=True)
class VlmSettings:
    """How the planner asks its model.

    calls: `separate` (one call each to perceive, reflect, reason and act) or `fused` (one call for all). image: send the agent's
    last `frames` pictures, `image_size` pixels square. reflection: judge the last decision before the next. prompts: folder of the
    prompt files, None for the shipped ones. clock: `paused` (the game waits for the model) or `realtime` (it runs on meanwhile, at
    `game_speed` game seconds per second). answer_tokens: how long an answer may be, what a model thinks in writing included.
    embedding_model: the model of the same server whose embeddings say which skills fit a sub-task; None to count words.

    Raises:
        InputError: a value that none of this allows.
    """

    calls: str = "separate"
    image: bool = True
    reflection: bool = True
    frames: int = 4
    image_size: int = SIZE
    prompts: Path | None = None
    clock: str = "paused"
    game_speed: float = 1.0
    answer_tokens: int = 2048
    embedding_model: str | None = None

    def __post_init__(self) -> None:
        for kind, name, known in (("calls", self.calls, CALLS), ("clock", self.clock, CLOCKS)):
            if name not in known:
                raise unknown(kind, name, known)
        if not 1 <= self.frames <= MOST_FRAMES:
            raise InputError(f"frames is {self.frames}; give 1 to {MOST_FRAMES}")
        if self.embedding_model is not None and self.calls == "fused":
            raise InputError(
                "--embedding-model finds skills for a sub-task, which fused calls name too late: leave out one of the two"
            )
        if self.embedding_model is not None and not self.embedding_model.strip():
            raise InputError("--embedding-model is empty: give its name as the server lists it, or leave it out")
        Chart(self.image_size, (1.0, 1.0))  # which knows what sizes can be drawn
        if self.answer_tokens < 1:
            raise InputError(f"answer_tokens is {self.answer_tokens}; give 1 or more")
        if not SLOWEST <= self.game_speed <= FASTEST:
            raise InputError(
                f"game_speed is {self.game_speed}; give {SLOWEST:g} to {FASTEST:g} (1: as fast as people play)"
            )
