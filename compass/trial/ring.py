"""Where one worker of the arena plays: many battles side by side, the skills of all of them in one confined process per agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from compass.communication import Exchange
from compass.episode import EpisodeSettings, episode_steps, run_episode
from compass.evaluate.player import compile_kernels
from compass.planner import ScriptedPlanner
from compass.policies import Choice, PlanningTeam
from compass.skills.library import Library
from compass.skills.lockstep import Lockstep, Lost
from compass.skills.retrieval import Shelves
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult, StepRecord
from envs.scenario import Scenario
from envs.skirmish import Skirmish

TOGETHER = 64
"""Battles at once: more share each message's cost between them, and keep longer what they were shared out for."""


@dataclass(frozen=True)
class Episode:
    """One battle of the arena.

    chosen: how often the planner chose each skill. faults: each skill's mistakes by kind; first_faults: its first one in words.
    """

    result: EpisodeResult
    chosen: Mapping[str, int]
    faults: Mapping[str, Mapping[str, int]]
    first_faults: Mapping[str, str]


class _Witness:
    """A listener that counts what became of the skills."""

    def __init__(self) -> None:
        self.chosen: Counter[str] = Counter()
        self.faults: dict[str, Counter[str]] = {}
        self.first_faults: dict[str, str] = {}

    def on_step(self, record: StepRecord) -> None:
        """Count the step's decisions and mistakes."""
        for planned in record.planned:
            self.chosen[planned.decision.skill] += 1
        for fault in record.faults:
            self.faults.setdefault(fault.skill, Counter())[fault.kind] += 1
            self.first_faults.setdefault(fault.skill, f"{fault.kind}: {fault.detail}")

    def episode(self, result: EpisodeResult) -> Episode:
        """The battle as seen."""
        faults = {skill: dict(kinds) for skill, kinds in self.faults.items()}
        return Episode(result, dict(self.chosen), faults, dict(self.first_faults))


class _Battle:
    """One battle under way: what its team knows now, until it has a result."""

    def __init__(
        self, env: Skirmish, team: PlanningTeam, seed: int, settings: EpisodeSettings, stream: str, number: int
    ) -> None:
        self.number = number
        self.team = team
        self.result: EpisodeResult | None = None
        self.witness = _Witness()
        self._steps: Generator[Exchange, Choice, EpisodeResult]
        self._steps = episode_steps(env, team, seed, settings, [self.witness], stream)
        self.exchange = next(self._steps)

    def go_on(self, choice: Choice) -> None:
        """Play a step."""
        try:
            self.exchange = self._steps.send(choice)
        except StopIteration as end:
            self.result = end.value

    def close(self) -> None:
        """Leave it, finished or not."""
        self._steps.close()


class Ring:
    """Plays battles of one scenario for any library. A context manager."""

    def __init__(self, scenario: Scenario, observation: str, settings: EpisodeSettings) -> None:
        self._settings = settings
        self._scenario, self._observation = scenario, observation
        self._envs = [compile_kernels(scenario, observation, settings)]
        self._planner = ScriptedPlanner()
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> Ring:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sandbox is not None:
            self._sandbox.close()

    def play(self, library: Library, seeds: Sequence[int], stream: str, alone: bool = False) -> list[Episode]:
        """The battles in the order of `seeds`: side by side, and what a misbehaving skill leaves unfinished one by one.

        alone: all of them one by one, as `evaluate` plays them, each agent of each battle in a process of its own.

        Raises:
            InputError: see `compass.trial.arena.Arena.watch`.
            NurseryEnded: somebody killed the process that forks skills' processes.
        """
        sandbox, shelves = self._running(library), Shelves(library, self._settings.top_k)
        found: dict[int, Episode] = {}
        for at in range(0, 0 if alone else len(seeds), TOGETHER):
            try:
                self._side_by_side(sandbox, shelves, seeds[at : at + TOGETHER], stream, found)
            except Lost:
                break
        for seed in seeds:
            if seed not in found:
                witness = _Witness()
                team = PlanningTeam(self._planner, shelves, sandbox)
                result = run_episode(self._envs[0], team, seed, self._settings, [witness], stream)
                found[seed] = witness.episode(result)
        return [found[seed] for seed in seeds]

    def _running(self, library: Library) -> Sandbox:
        """The sandbox, with this library's skills in it."""
        if self._sandbox is None:
            self._sandbox = Sandbox(library)
        elif self._sandbox.library.content_hash != library.content_hash:
            self._sandbox.take_up(library)
        return self._sandbox

    def _side_by_side(
        self, sandbox: Sandbox, shelves: Shelves, seeds: Sequence[int], stream: str, found: dict[int, Episode]
    ) -> None:
        """Put into `found` every battle that ends in good order."""
        while len(self._envs) < len(seeds):
            self._envs.append(Skirmish(self._scenario, self._observation))
        battles: list[_Battle] = []
        with Lockstep(sandbox, self._scenario.n_units) as lockstep:
            try:
                for number, (env, seed) in enumerate(zip(self._envs, seeds, strict=False)):
                    team = PlanningTeam(self._planner, shelves, lockstep)
                    battles.append(_Battle(env, team, seed, self._settings, stream, number))
                running = battles
                while running:
                    _step(lockstep, running)
                    for battle in running:
                        if battle.result is not None:
                            found[battle.result.seed] = battle.witness.episode(battle.result)
                    running = [battle for battle in running if battle.result is None]
            finally:
                for battle in battles:
                    battle.close()


def _step(lockstep: Lockstep, battles: Sequence[_Battle]) -> None:
    """One step of every battle."""
    asked = [battle.team.calls(battle.exchange) for battle in battles]
    calls = [(battle.number, *call) for battle, part in zip(battles, asked, strict=True) for call in part]
    replies = iter(lockstep.act(calls))
    for battle, part in zip(battles, asked, strict=True):
        battle.go_on(battle.team.choose(battle.exchange, [next(replies) for _ in part]))
