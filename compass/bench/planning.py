"""What planning is worth: the scripted planner beside the best skill that never changes, random skills, and `nearest`.

The best fixed skill per unit type is searched for on other battles than those that count, one unit type at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.evaluate.player import PlayerSpec, compile_kernels, skirmish_player
from compass.evaluate.report import RunReport, load_report
from compass.evaluate.settings import MOST_EPISODES, EvaluateSettings, check_seeds
from compass.evaluate.statistics import PairedDifference, Statistics, paired_difference, statistics_of
from compass.evaluate.workers import Play, cores, play_all
from compass.planner import FixedPlanner, Planner, RandomPlanner, ScriptedPlanner
from compass.policies import PlanningTeam
from compass.skills.library import Library, default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult, Outcome, StepRecord
from envs.engine import rules_hash
from envs.jit import announce_compile
from envs.scenario import Scenario
from envs.skirmish import Skirmish

EPISODES = 200
SEARCH_EPISODES = 200
"""Battles that each candidate plays in the search."""
SEARCH_AWAY = MOST_EPISODES
"""How far the search's seeds are from those that count: no battle is in both."""
MOST_SWEEPS = 3
_START_EPISODES = 10
NEAREST, RANDOM, FIXED, SCRIPTED = "nearest", "random skill", "best fixed skill", "scripted planner"

SkillByType = Mapping[str, str]
"""A skill for each unit type."""


@dataclass(frozen=True)
class Trial:
    """A candidate of the search: the skill of each unit type, and how many of the search's battles were won with them."""

    skills: SkillByType
    wins: int


@dataclass(frozen=True)
class Row:
    """How one way to play did; `beyond_fixed` is its win rate minus that of the best fixed skill, None for that itself."""

    player: str
    statistics: Statistics
    plans_per_episode: float
    beyond_fixed: PairedDifference | None


@dataclass(frozen=True)
class Worth:
    """What was measured of one scenario. `trials`: the whole search, in order; `best`: the skills that it ended with."""

    scenario: str
    setting: str
    observation: str
    library: str
    seed: int
    episodes: int
    search_seed: int
    search_episodes: int
    trials: tuple[Trial, ...]
    best: SkillByType
    rows: tuple[Row, ...]


def measure(scenario: Scenario, observation: str, episodes: int, seed: int, beside: Sequence[Path] = ()) -> Worth:
    """Search, then play the battles `seed` ... `seed + episodes - 1` in every way.

    beside: runs of the same battles, as by a model, that are set beside; each of this scenario is paired on the seeds it has.

    Raises:
        InputError: the battles do not exist, this system cannot confine skills, or a run is of this scenario under other settings.
    """
    runs = [report for report in map(load_report, beside) if report.manifest["scenario"] == scenario.name]
    for report in runs:
        _check_beside(report, scenario, observation)
        seeds_of(report, range(seed, seed + episodes))
    EvaluateSettings(scenario, episodes, seed, observation=observation)  # refuses what cannot be played
    search_seed = seed + SEARCH_AWAY
    check_seeds(search_seed, SEARCH_EPISODES)
    library = load_library(default_library_folder())
    if announce_compile():  # here, so that it is not done in every worker
        compile_kernels(scenario, observation, EpisodeSettings())
    with TemporaryDirectory(prefix="compass-bench-") as folder:
        spec = PlayerSpec(
            scenario=scenario,
            observation=observation,
            policy="team",
            episode=EpisodeSettings(),
            skills=library.folder,
            unsafe_skills=False,
            records=Path(folder),
        )
        field = _Field(spec)
        search_seeds = range(search_seed, search_seed + SEARCH_EPISODES)
        search = Search(_shelves(scenario, library), partial(_count_wins, field, search_seeds))
        best = search.best(_most_chosen(spec, library, search_seeds[:_START_EPISODES]))
        rows = _rows(field, best, range(seed, seed + episodes), runs)
    return Worth(
        scenario=scenario.name,
        setting=scenario.setting,
        observation=observation,
        library=library.content_hash,
        seed=seed,
        episodes=episodes,
        search_seed=search_seed,
        search_episodes=SEARCH_EPISODES,
        trials=tuple(search.trials),
        best=best,
        rows=rows,
    )


@dataclass(frozen=True)
class _Field:
    """Where everybody plays the same battles: in each worker all of them side by side, so that workers start once."""

    spec: PlayerSpec

    def play(self, makers: Sequence[Callable[[], Planner] | None], seeds: Sequence[int]) -> list[list[EpisodeResult]]:
        """The results of each planner by seed; None stands for `nearest`."""
        specs = []
        for at, make_planner in enumerate(makers):
            records = self.spec.records / str(at)
            records.mkdir(exist_ok=True)
            if make_planner is None:
                specs.append(replace(self.spec, policy=NEAREST, skills=None, records=records))
            else:
                specs.append(replace(self.spec, make_planner=make_planner, records=records))
        found = {}
        with closing(play_all(seeds, partial(_side_by_side, specs), min(cores(), len(seeds)))) as played:
            for each in played:
                if each.value is None:
                    raise RuntimeError(f"seed {each.seed} crashed: {each.died}")
                found[each.seed] = each.value
        return [[found[seed][at] for seed in seeds] for at in range(len(specs))]


@contextmanager
def _side_by_side(specs: Sequence[PlayerSpec]) -> Iterator[Play]:
    with ExitStack() as stack:
        players = [stack.enter_context(skirmish_player(spec)) for spec in specs]
        yield lambda seed: [play(seed)[0] for play in players]


def _shelves(scenario: Scenario, library: Library) -> dict[str, list[str]]:
    """The names of the skills for each unit type that the agents of a scenario can be."""
    kinds = [kind for kind in scenario.unit_types if kind in (scenario.teams.allies or scenario.unit_types)]
    shelves = {kind: [skill.name for skill in library.for_unit(kind)] for kind in kinds}
    for unit_type, names in shelves.items():
        if not names:
            raise InputError(f"the library has no skill for a {unit_type}: see `compass skills list`")
    return shelves


def _count_wins(field: _Field, seeds: range, candidates: Sequence[SkillByType]) -> list[int]:
    """How many of the battles `seeds` each candidate wins."""
    played = field.play([partial(FixedPlanner, skills) for skills in candidates], seeds)
    return [sum(result.outcome is Outcome.WIN for result in results) for results in played]


class Search:
    """Changes the skill of one unit type at a time and keeps what wins more battles, until nothing does.

    shelves: the skills to choose from for each unit type. count_wins: how many of the search's battles each candidate wins. A
    candidate is played once; `trials` holds all of them in order.
    """

    def __init__(
        self, shelves: Mapping[str, Sequence[str]], count_wins: Callable[[Sequence[SkillByType]], Sequence[int]]
    ) -> None:
        self._shelves = shelves
        self._count_wins = count_wins
        self.trials: list[Trial] = []

    def best(self, start: SkillByType) -> SkillByType:
        """The skills that win most, reached from `start` in at most `MOST_SWEEPS` rounds over the unit types."""
        best = start
        for _ in range(MOST_SWEEPS):
            before = best
            for unit_type, names in self._shelves.items():
                best = self._winner([best, *({**best, unit_type: name} for name in names if name != best[unit_type])])
            if best == before:
                break
        return best

    def _winner(self, candidates: Sequence[SkillByType]) -> SkillByType:
        """The candidate that wins most, the first of equals."""
        known = [trial.skills for trial in self.trials]
        new = [candidate for candidate in candidates if candidate not in known]
        if new:
            self.trials += [Trial(skills, wins) for skills, wins in zip(new, self._count_wins(new), strict=True)]
        return max(candidates, key=lambda skills: next(trial.wins for trial in self.trials if trial.skills == skills))


class _Chosen:
    """A listener that counts which skills each unit type was given."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def on_step(self, record: StepRecord) -> None:
        for planned in record.planned:
            unit_type = record.exchange.observation(planned.agent_id).own.unit_type
            self.counts.setdefault(unit_type, Counter())[planned.decision.skill] += 1


def _most_chosen(spec: PlayerSpec, library: Library, seeds: Sequence[int]) -> SkillByType:
    """The skill that the scripted planner chooses most for each unit type; the shelf's first for one that never came up."""
    chosen = _Chosen()
    env = Skirmish(spec.scenario, spec.observation)
    with Sandbox(library, spec.unsafe_skills) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        for seed in seeds:
            run_episode(env, team, seed, spec.episode, [chosen])
    shelves = _shelves(spec.scenario, library)
    return {
        unit_type: max(names, key=chosen.counts.get(unit_type, Counter()).__getitem__)
        for unit_type, names in shelves.items()
    }


def _check_beside(report: RunReport, scenario: Scenario, observation: str) -> None:
    expected = {
        "scenario_hash": scenario.content_hash,
        "observation": observation,
        "backend": "embedded",
        "rules": rules_hash(),
    }
    for key, value in expected.items():
        if report.manifest[key] != value:
            raise InputError(
                f"{report.path} cannot stand beside: its {key} is {report.manifest[key]}, here it is {value}"
            )


def seeds_of(report: RunReport, seeds: range) -> list[EpisodeResult]:
    """The episodes of a run that are among the battles `seeds`.

    Raises:
        InputError: none is.
    """
    common = [result for result in report.results if result.seed in seeds]
    if not common:
        raise InputError(
            f"{report.path} has none of the seeds {seeds[0]} to {seeds[-1]}: give its own with --seed and --episodes"
        )
    return common


def _rows(field: _Field, best: SkillByType, seeds: range, runs: Sequence[RunReport]) -> tuple[Row, ...]:
    makers = {NEAREST: None, RANDOM: RandomPlanner, FIXED: partial(FixedPlanner, best), SCRIPTED: ScriptedPlanner}
    results = dict(zip(makers, field.play(list(makers.values()), seeds), strict=True))
    for report in runs:
        common = seeds_of(report, seeds)
        results[f"{report.player} ({len(common)} of the battles)"] = common
    return tuple(
        Row(
            player=player,
            statistics=statistics_of(played),
            plans_per_episode=fmean(result.plans for result in played),
            beyond_fixed=None if player == FIXED else paired_difference(played, results[FIXED]),
        )
        for player, played in results.items()
    )
