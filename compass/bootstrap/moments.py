"""Moments of demonstrations, sampled for a model to look at: what an agent knew, what it did, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compass.bootstrap.evidence import looked_at
from compass.demos.file import Demonstrations
from compass.observation.text import action_words, describe
from compass.types import Observation, Outcome

MOMENTS = 4
"""Of each unit type."""
_AHEAD = 4  # steps that are told of what followed


@dataclass(frozen=True)
class Moment:
    """One agent at one step. frames: its last observations, oldest first, this moment's the last of them."""

    seed: int
    won: bool
    frames: tuple[Observation, ...]
    actions: tuple[int, ...]
    after: Observation | None

    def text(self) -> str:
        """For a prompt."""
        obs = self.frames[-1]
        did = ", then ".join(action_words(action, obs.own.unit_type) for action in self.actions)
        end = "the agent was dead" if self.after is None else f"its health was {self.after.own.health:.0%}"
        return f"{describe(obs)}\nIt did: {did}. After that {end}; the battle was {'won' if self.won else 'not won'}."


def sample(files: Sequence[Demonstrations], unit_type: str, frames: int) -> list[Moment]:
    """Moments of agents of this type with enemies known, evenly spread over the battles that count as evidence."""
    lives = []
    for demos in files:
        for episode in demos.episodes(looked_at(demos)):
            for agent in range(demos.constants.n_agents):
                first = episode.observation(0, agent)
                if first is not None and first.own.unit_type == unit_type:
                    lives.append((episode, agent))
    picked = [lives[at * len(lives) // MOMENTS] for at in range(MOMENTS)] if len(lives) >= MOMENTS else lives
    moments = []
    for number, (episode, agent) in enumerate(picked, 1):
        life = list(episode.life(agent))
        steps = [step for step, (obs, _) in enumerate(life) if obs.enemies or unit_type == "medivac"]
        if not steps:
            continue
        step = steps[number * (len(steps) - 1) // (len(picked) + 1)]
        past = tuple(obs for obs, _ in life[max(0, step + 1 - frames) : step + 1])
        ahead = life[step : step + _AHEAD]
        after = life[step + len(ahead)][0] if step + len(ahead) < len(life) else None
        won = episode.result.outcome is Outcome.WIN
        moments.append(Moment(episode.result.seed, won, past, tuple(action for _, action in ahead), after))
    return moments
