"""Real observations for the gate: what agents knew in a few battles of every race, recorded in memory when first asked for."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache

from compass.episode import EpisodeSettings, run_episode
from compass.observation.decode import constants_of
from compass.policies import NearestTeam
from compass.types import Constants, StepRecord
from envs.draws import TRIAL
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

_SCENARIOS = ("{race}_5_vs_5", "{race}_5_vs_6_epo")  # one of each setting
_EACH = 2  # agents of one type kept in each setting


@dataclass(frozen=True)
class Recording:
    """All that one agent knew in one battle: payloads of `compass.wire` by step, up to its death or the end."""

    constants: Constants
    unit_type: str
    payloads: tuple[bytes, ...]


class _Recorder:
    """A listener that keeps what each agent of a battle knew."""

    def __init__(self) -> None:
        self.unit_types: dict[int, str] = {}
        self.payloads: dict[int, list[bytes]] = defaultdict(list)

    def on_step(self, record: StepRecord) -> None:
        """Keep one step."""
        for agent in record.exchange.alive:
            if agent not in self.unit_types:
                self.unit_types[agent] = record.exchange.observation(agent).own.unit_type
            self.payloads[agent].append(record.exchange.payloads[agent])


@cache
def recordings(race: str) -> tuple[Recording, ...]:
    """What agents of each of the race's unit types knew, in both settings, when `nearest` played."""
    kept: list[Recording] = []
    for pattern in _SCENARIOS:
        scenario = load_scenario(pattern.format(race=race))
        env, constants = Skirmish(scenario), constants_of(scenario)
        count = Counter(dict.fromkeys(scenario.unit_types, 0))
        for seed in itertools.count():
            if min(count.values()) >= _EACH:
                break
            recorder = _Recorder()
            run_episode(env, NearestTeam(), seed, EpisodeSettings(), [recorder], TRIAL)
            for agent, unit_type in recorder.unit_types.items():
                count[unit_type] += 1
                if count[unit_type] <= _EACH:
                    kept.append(Recording(constants, unit_type, tuple(recorder.payloads[agent])))
    return tuple(kept)
