"""What the parity proof compares: the traces of seeded episodes, and the seeded drivers that play them.

An episode's trace is everything a user of the environment is given, as bytes: after the reset and after every step the
observations, the state and the masks, and after a step the reward (float64), the ends and the info. The bytes are hashed as a
chain, one link a step, so that two traces that differ also tell where they part.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from envs.draws import stream_key, uniform
from envs.layout import N_ACTIONS_NO_ATTACK, Layout
from envs.scenario import Scenario
from envs.scenario_file import load_scenario, scenario_names
from envs.smac.options import Options
from envs.teams import draw_battle
from tests.envs.parity.combinations import combination

POLICIES = ("random", "aggressive", "targets", "idle")
EPISODES = 4  # of each of the first two policies, with the benchmark's options
COMBINATIONS = 2  # of options, of each scenario, numbered from
FIRST_COMBINATION = 100
_OF_THE_SCENARIO = {entry.name for entry in fields(Scenario)}
LINK = 2  # hexadecimal digits kept of each step's link


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


@dataclass(frozen=True, eq=False)
class Rules:
    """What is played: a scenario (its name, or the path of its file) under options, those not named as in the benchmark.

    What is a field of `Scenario` (such as `mask_probability`) changes the scenario, everything else is an option of either side.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario with its changes."""
        return replace(load_scenario(self.name), **{k: v for k, v in self.changes.items() if k in _OF_THE_SCENARIO})

    @cached_property
    def options(self) -> dict[str, Any]:
        """The keyword arguments for either side."""
        return {name: value for name, value in self.changes.items() if name not in _OF_THE_SCENARIO}

    def __str__(self) -> str:
        return f"{self.name} {self.label}".rstrip()


def numbered(scenario: str, number: int) -> Rules:
    """A scenario under the options of a combination's number."""
    return Rules(scenario, combination(number), f"options {number}")


@dataclass(frozen=True)
class Case:
    """One episode of the proof."""

    rules: Rules
    policy: str
    seed: int

    @property
    def name(self) -> str:
        """How the file of hashes calls it."""
        return f"{self.rules} {self.policy} {self.seed}"


def cases(scenario: str) -> dict[Rules, list[Case]]:
    """The episodes of one scenario, by the rules they are played under."""
    usual = Rules(scenario)
    played = {usual: [Case(usual, policy, seed) for policy in POLICIES[:2] for seed in range(EPISODES)]}
    first = FIRST_COMBINATION + COMBINATIONS * scenario_names().index(scenario)
    for number in range(first, first + COMBINATIONS):
        rules = numbered(scenario, number)
        if number % COMBINATIONS:  # against half as many enemies, or hardly any battle would be won
            rules = replace(rules, changes={**rules.changes, "n_enemies": usual.scenario.n_enemies // 2})
        played[rules] = [Case(rules, POLICIES[number // COMBINATIONS % 2 + number % 2 * 2], number)]
    return played


def all_cases() -> list[Case]:
    """The episodes of the whole proof."""
    return [case for scenario in scenario_names() for played in cases(scenario).values() for case in played]


@dataclass(frozen=True)
class Trace:
    """The fingerprint of an episode: how it ended, the last link of its chain, and `LINK` digits of every link."""

    end: str
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
    """Fingerprint of what both sides are given: options, units, places, enemy mask and the battle's key (16 digits)."""
    setup = draw_battle(case.rules.scenario, case.seed)
    content = setup.types.astype("<i8").tobytes() + setup.positions.astype("<f4").tobytes()
    content += struct.pack("<Q", stream_key("evaluation", case.seed))
    if setup.enemy_mask is not None:
        content += setup.enemy_mask.tobytes()
    if case.rules.options:
        content += json.dumps(case.rules.options, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def play(environment: Environment, case: Case) -> Iterator[tuple[Turn, NDArray[np.int64] | None]]:
    """Play the episode: every turn, with the actions that led to it (None for the reset)."""
    driver = Driver(case)
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
    link, links, info = b"", [], {}
    for turn, _ in play(environment, case):
        link = hashlib.sha256(link + turn.pack()).digest()
        links.append(link.hex()[:LINK])
        info = turn.info
    end = f"{'won' if info['battle_won'] else 'not won'}, dead {info['dead_allies']} against {info['dead_enemies']}"
    return Trace(end, link.hex(), "".join(links))


class Driver:
    """Chooses actions from masks and observations and from counter-based draws, hence the same for equal turns.

    `random` plays any available action. `aggressive` attacks the nearest target in range, now and then any legal one (heals
    likewise; under EPO, whose masks do not tell the range, by the first feature of the rows seen); without a target it walks to
    the nearest enemy seen, else to the centre of the map. `targets` attacks or heals any legal target nearly always. `idle` mostly
    stops.
    """

    def __init__(self, case: Case) -> None:
        scenario, options = case.rules.scenario, case.rules.options
        self.layout: Layout = Options.of(options).layout(scenario)
        self.policy = case.policy
        self.masks_hide_range = not options.get("action_mask", scenario.action_mask)
        self.key = np.uint64(stream_key(f"driver {case.policy}", case.seed))

    def actions(self, turn: Turn, step: int) -> NDArray[np.int64]:
        """Actions int64[A] for the step that follows this turn."""
        choose = getattr(self, f"_{self.policy}")
        chosen = [choose(agent, turn, uniform(self.key, step, agent)) for agent in range(self.layout.n_agents)]
        return np.array(chosen, dtype=np.int64)

    def _random(self, agent: int, turn: Turn, draw: float) -> int:
        legal = np.flatnonzero(turn.available[agent])
        return int(legal[int(draw * len(legal))])

    def _targets(self, agent: int, turn: Turn, draw: float) -> int:
        legal = np.flatnonzero(turn.available[agent, N_ACTIONS_NO_ATTACK:])
        if not len(legal) or draw < 0.125:
            return self._aggressive(agent, turn, draw)
        return N_ACTIONS_NO_ATTACK + int(legal[int(draw * 4096) % len(legal)])

    def _idle(self, agent: int, turn: Turn, draw: float) -> int:
        return 1 if draw < 0.6 and turn.available[agent, 1] else self._random(agent, turn, (draw * 4096) % 1)

    def _aggressive(self, agent: int, turn: Turn, draw: float) -> int:
        available, layout = turn.available[agent], self.layout
        if available[0]:
            return 0
        rows = turn.obs[agent, layout.enemies_at : layout.allies_at].reshape(layout.n_enemies, layout.enemy_row)
        legal = np.flatnonzero(available[N_ACTIONS_NO_ATTACK:])
        if len(legal) and draw < 0.125:
            return N_ACTIONS_NO_ATTACK + int(legal[int(draw * 8.0 * len(legal))])
        targets = [k for k in legal if k < layout.n_enemies and rows[k, 0]] if self.masks_hide_range else list(legal)
        if targets:
            return N_ACTIONS_NO_ATTACK + int(min(targets, key=lambda k: rows[k, 1] if k < layout.n_enemies else 2.0))
        seen = np.flatnonzero(rows[:, 1])
        if len(seen):
            dx, dy = rows[seen[np.argmin(rows[seen, 1])], 2:4]
        elif layout.obs_own_pos:
            at = layout.own_at + layout.obs_own_health * (1 + layout.ally_shield)
            dx, dy = 0.5 - turn.obs[agent, at : at + 2]
        else:
            dx, dy = draw - 0.5, draw * 8 % 1 - 0.5
        return self._walk(available, dx, dy, sideways=draw > 0.9)

    @staticmethod
    def _walk(available: NDArray[np.uint8], dx: float, dy: float, sideways: bool) -> int:
        """Walk that way, mostly along the longer axis; else any free way, else stop."""
        ways = [4 if dx > 0 else 5, 2 if dy > 0 else 3]
        if (abs(dx) < abs(dy)) != sideways:
            ways.reverse()
        return next((way for way in [*ways, 2, 3, 4, 5] if available[way]), 1)
