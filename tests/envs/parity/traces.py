"""What the parity proof compares: the traces of seeded episodes, and the seeded drivers that play them.

An episode's trace is everything a user of the environment is given, as bytes: after the reset and after every step the
observations, the state and the masks, and after a step the reward (float64), the ends and the info. The bytes are hashed as a
chain, one link a step, so that two traces that differ also tell where they part.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.draws import stream_key, uniform
from envs.layout import DIRECTIONS, N_ACTIONS_NO_ATTACK, Layout
from envs.scenario import Scenario, load_scenario, scenario_names
from envs.teams import draw_battle

POLICIES = ("random", "aggressive")
EPISODES = 3
LINK = 4  # hexadecimal digits kept of each step's link


@dataclass(frozen=True)
class Turn:
    """What one reset or step gives: obs float32[A, obs_size], state float32[S], available uint8[A, n_actions], and the outcome."""

    obs: NDArray[np.float32]
    state: NDArray[np.float32]
    available: NDArray[np.uint8]
    reward: float = 0.0
    terminated: bool = False
    info: dict[str, Any] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The bytes that are hashed, the same on every processor."""
        info = self.info
        end = (self.terminated, bool(info.get("battle_won", False)), bool(info.get("episode_limit", False)))
        counts = (info.get("dead_allies", 0), info.get("dead_enemies", 0))
        arrays = ((self.obs, "<f4"), (self.state, "<f4"), (self.available, "u1"))
        content = b"".join(np.ascontiguousarray(array, dtype=kind).tobytes() for array, kind in arrays)
        return content + struct.pack("<d3?2i", self.reward, *end, *counts)


class Environment(Protocol):
    """One side of the comparison."""

    def reset(self, seed: int) -> Turn:
        """Begin the battle of that seed (of the stream `evaluation`)."""

    def step(self, actions: NDArray[np.int64]) -> Turn:
        """Play one step; actions int64[A]."""


@dataclass(frozen=True)
class Case:
    """One episode of the proof."""

    scenario: str
    policy: str
    seed: int

    @property
    def name(self) -> str:
        """How the file of hashes calls it."""
        return f"{self.scenario} {self.policy} {self.seed}"


def cases(scenario: str) -> Iterator[Case]:
    """The episodes of one scenario."""
    for policy in POLICIES:
        for seed in range(EPISODES):
            yield Case(scenario, policy, seed)


def all_cases() -> list[Case]:
    """The episodes of the whole proof."""
    return [case for scenario in scenario_names() for case in cases(scenario)]


@dataclass(frozen=True)
class Trace:
    """The fingerprint of an episode: the last link of its chain, and `LINK` digits of every link."""

    hash: str
    links: str

    @property
    def steps(self) -> int:
        """How many steps the episode has."""
        return len(self.links) // LINK - 1

    def parting(self, other: Trace) -> str:
        """Where two traces part, in words."""
        for at in range(0, min(len(self.links), len(other.links)), LINK):
            if self.links[at : at + LINK] != other.links[at : at + LINK]:
                return f"step {at // LINK} of {self.steps}" if at else "the reset"
        return f"the end: {self.steps} steps against {other.steps}"


def battle_hash(case: Case) -> str:
    """Fingerprint of what is handed over to both sides: the units, their places and the battle's key (16 digits)."""
    setup = draw_battle(load_scenario(case.scenario), case.seed)
    content = setup.types.astype("<i8").tobytes() + setup.positions.astype("<f4").tobytes()
    content += struct.pack("<Q", stream_key("evaluation", case.seed))
    return hashlib.sha256(content).hexdigest()[:16]


def play(environment: Environment, case: Case) -> Iterator[tuple[Turn, NDArray[np.int64] | None]]:
    """Play the episode: every turn, with the actions that led to it (None for the reset)."""
    scenario = load_scenario(case.scenario)
    driver = Driver(scenario, case.policy, case.seed)
    turn = environment.reset(case.seed)
    yield turn, None
    step = 0
    while not turn.terminated:
        actions = driver.actions(turn, step)
        turn = environment.step(actions)
        yield turn, actions
        step += 1


def trace(environment: Environment, case: Case) -> Trace:
    """Play the episode and take its fingerprint."""
    link, links = b"", []
    for turn, _ in play(environment, case):
        link = hashlib.sha256(link + turn.pack()).digest()
        links.append(link.hex()[:LINK])
    return Trace(link.hex(), "".join(links))


class Driver:
    """Chooses actions from masks and observations and from counter-based draws, hence the same for equal turns.

    `random` plays any available action. `aggressive` heals or attacks what is available and in range (in observations: the
    first feature of an enemy's row, which the masks of EPO do not tell), else walks towards the first enemy seen, else east.
    """

    def __init__(self, scenario: Scenario, policy: str, seed: int) -> None:
        self.layout = Layout.of(scenario)
        self.policy = policy
        self.mask_tells_range = scenario.action_mask
        self.key = np.uint64(stream_key(f"driver {policy}", seed))

    def actions(self, turn: Turn, step: int) -> NDArray[np.int64]:
        """Actions int64[A] for the step that follows this turn."""
        choose = self._aggressive if self.policy == "aggressive" else self._random
        chosen = [choose(agent, turn, uniform(self.key, step, agent)) for agent in range(self.layout.n_agents)]
        return np.array(chosen, dtype=np.int64)

    def _random(self, agent: int, turn: Turn, draw: float) -> int:
        legal = np.flatnonzero(turn.available[agent])
        return int(legal[int(draw * len(legal))])

    def _aggressive(self, agent: int, turn: Turn, draw: float) -> int:
        available = turn.available[agent]
        if available[0]:
            return 0
        layout = self.layout
        rows = turn.obs[agent, layout.enemies_at : layout.allies_at].reshape(layout.n_enemies, layout.row)
        targets = np.flatnonzero(available[N_ACTIONS_NO_ATTACK:])
        if not self.mask_tells_range and draw < 0.75:
            seen = [target for target in targets if target < layout.n_enemies and rows[target, 0]]
            targets = np.array(seen, dtype=np.int64)
        if len(targets):
            return N_ACTIONS_NO_ATTACK + int(targets[int(draw * 4.0 % 1.0 * len(targets))])
        return self._approach(available, rows, draw)

    def _approach(self, available: NDArray[np.uint8], rows: NDArray[np.float32], draw: float) -> int:
        """Walk towards the nearest enemy seen, mostly along the longer axis; else any free way."""
        near = np.flatnonzero(rows[:, 1])
        legal = [move for move in range(2, 2 + len(DIRECTIONS)) if available[move]]
        if len(near):
            dx, dy = rows[near[np.argmin(rows[near, 1])], 2:4]
            ways = [4 if dx > 0 else 5, 2 if dy > 0 else 3]
            if (abs(dx) < abs(dy)) != (draw < 0.125):
                ways.reverse()
            legal = [way for way in ways if available[way]] + legal
            return legal[0] if legal else 1
        return legal[int(draw * len(legal))] if legal else 1
