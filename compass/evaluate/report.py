"""A run as people and programs read it: its figures, its title, its row in a table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table

from compass.episode import FULL
from compass.errors import InputError
from compass.evaluate.cost import Cost
from compass.evaluate.live import LiveFolder
from compass.evaluate.manifest import Manifest, price_of
from compass.evaluate.records import read_list
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.statistics import PairedDifference, Statistics, paired_difference, statistics_of
from compass.jsonl import whole_lines
from compass.models.budget import Spent, spent_on
from compass.models.cassette import Cassette
from compass.skills.faults import Fault
from compass.types import EpisodeResult, Outcome

_SAME_BATTLES = ("scenario_hash", "setting", "observation", "backend", "stream", "rules")

_COUNTED = {
    "won": Outcome.WIN,
    "lost": Outcome.LOSS,
    "draw": Outcome.DRAW,
    "timeout": Outcome.TIMEOUT,
    "crash": Outcome.ENV_CRASH,
}
_ORIGIN = (
    *(
        "scenario",
        "setting",
        "observation",
        "information",
        "backend",
        "policy",
        "trained",
        "planner",
        "plan_every",
        "plan_on_change",
        "top_k",
        "hops",
    ),
    *(
        "skills",
        "merits",
        "live_skills",
        "model",
        "calls",
        "image",
        "reflection",
        "frames",
        "image_size",
        "clock",
        "game_speed",
        "played_back",
    ),
)
_SKILLS_NAMED = 5  # of those that made mistakes
_HEADINGS = ("n", "win rate (95 %)", *_COUNTED, "return", "length", "steps/s")


@dataclass(frozen=True)
class RunReport:
    """The finished episodes of a run, their statistics, and what they cost.

    `steps_per_second` counts environment steps over all workers. `stopped_by`: the limit that ended the run early.
    `models_served`: who answered, as the servers said. `wants`: how many distinct things planners wanted of the skill library.
    """

    path: Path
    manifest: Manifest
    results: Sequence[EpisodeResult]
    statistics: Statistics
    steps_per_second: float | None
    cost: Cost
    stopped_by: str | None = None
    models_served: tuple[str, ...] = ()
    wants: int = 0

    @property
    def title(self) -> str:
        """Scenario, setting, observation, back end: what its figures must never be shown without."""
        m = self.manifest
        return f"{m['scenario']}, {m['setting']} setting, {m['observation']} observation, {m['backend']} engine"

    @property
    def player(self) -> str:
        """Who played: the policy, with its planner where it has one, full information, and of a model what sets it apart."""
        m = self.manifest
        apart = (
            "full information" if m.get("information") == FULL else None,
            *_apart(m),
            "live skills" if m.get("live_skills") else None,
            m.get("model"),
            "no image" if m.get("image") is False else None,
            "no reflection" if m.get("reflection") is False else None,
            f"realtime x{m['game_speed']:g}" if m.get("clock") == "realtime" else None,
            "played back" if m.get("played_back") and m.get("model") else None,
        )
        return ", ".join(filter(None, (m["policy"], m["planner"], *apart)))

    @property
    def library(self) -> str:
        """The beginning of the library's hash, "none" where no skills were played."""
        skills = self.manifest["skills"]
        return skills["hash"][:8] if skills else "none"

    def summary(self) -> dict[str, Any]:
        """The run's figures for programs."""
        origin = {key: self.manifest.get(key) for key in _ORIGIN}
        s = self.statistics
        return origin | {
            "episodes": s.episodes,
            "win_rate": s.win_rate,
            "win_rate_ci": s.win_rate_ci,
            "outcomes": s.outcomes,
            "return_mean": s.return_mean,
            "length_mean": s.length_mean,
            "steps_per_second": self.steps_per_second,
            "skill_faults": _by_kind(result.faults for result in self.results),
            "plans": sum(result.plans for result in self.results),
            "unanswered": sum(result.unanswered for result in self.results),
            "plan_faults": _by_kind(result.plan_faults for result in self.results),
            "models_served": list(self.models_served),
            "wants": self.wants,
            "cost": self.cost.content(),
            "stopped_by": self.stopped_by,
            "run": os.fsencode(self.path).decode(errors="replace"),  # JSON has no word for a name that is no UTF-8
        }


def load_report(path: Path) -> RunReport:
    """The report of the run in a folder, finished or not.

    Raises:
        InputError: the folder holds no readable run.
    """
    folder = RunFolder(path)
    results, manifest, speed = folder.results(), folder.manifest(), folder.speed()
    wins = sum(result.outcome is Outcome.WIN for result in results)
    spent, served = Spent(), set()
    for entry in Cassette(folder.cassette).all_entries():
        spent += spent_on(entry.reply)
        served.add(entry.reply.model)
    cost = Cost(spent, spent.dollars(price_of(manifest)), speed.seconds, len(results), wins)
    return RunReport(
        path=path,
        manifest=manifest,
        results=results,
        statistics=statistics_of(results),
        steps_per_second=speed.steps_per_second,
        cost=cost,
        models_served=tuple(sorted(served - {""})),
        wants=len(whole_lines(folder.wants)),
    )


def _by_kind(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Faults by kind, summed over episodes."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def table_of(reports: Sequence[RunReport]) -> Group:
    """A table with a title and one row per run. All must be of the same battles.

    Raises:
        InputError: the runs differ in scenario, setting, observation, back end or engine rules.
    """
    first = reports[0]
    for report in reports[1:]:
        _check_same_battles(first, report)
    table = Table(box=box.HORIZONTALS, padding=0, show_edge=False)  # fits 80 columns
    table.add_column("policy")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for report, label in zip(reports, _labels(reports), strict=True):
        table.add_row(label, *_row(report))
    return Group(first.title, table)


def _labels(reports: Sequence[RunReport]) -> list[str]:
    """Who played each, and with which skills where nothing else tells two runs apart."""
    libraries: dict[str, set[str]] = {}
    for report in reports:
        libraries.setdefault(report.player, set()).add(report.library)
    return [
        f"{report.player}, library {report.library}" if len(libraries[report.player]) > 1 else report.player
        for report in reports
    ]


def notes_of(report: RunReport) -> list[str]:
    """What a reader of the run's figures must also know, one line each: crashes, skills' mistakes and who was played."""
    crashed = [result for result in report.results if result.outcome is Outcome.ENV_CRASH]
    notes = [f"seed {result.seed} crashed: {result.detail}" for result in crashed]
    if faults := _by_kind(result.faults for result in report.results):
        notes.append(f"mistakes of skills, each of which cost an agent the fallback action: {_counted(faults)}")
        notes += _commonest_faults(report)
    if faults := _by_kind(result.plan_faults for result in report.results):
        notes.append(f"mistakes of the model and failed calls: {_counted(faults)}")
    if unanswered := sum(result.unanswered for result in report.results):
        plans = sum(result.plans for result in report.results)
        notes.append(
            f"NO USABLE ANSWER to {unanswered} of {plans} plans: there the agent kept its skill, or took the first it has"
        )
    if report.cost.spent.calls:
        notes.append(report.cost.line())
    if trained := report.manifest.get("trained"):
        notes.append(_training(trained))
    if report.manifest["skills"]:
        notes.append(_plans_by_skill(report))
    if report.manifest.get("live_skills"):
        notes.append(LiveFolder(RunFolder(report.path).live).line())
    if report.wants:
        file = RunFolder(report.path).wants
        notes.append(f"planners found {report.wants} things wanting in the skill library: {file}")
    if fragile := sum(not result.reproducible for result in report.results if result not in crashed):
        cause = (
            "an edit or the speed of this machine"
            if report.manifest.get("live_skills")
            else "the speed of this machine"
        )
        notes.append(f"{fragile} episodes are not reproducible: {cause} decided an action")
    return [f"{report.player}: {note}" for note in notes]


def _training(trained: Mapping[str, Any]) -> str:
    """What a trained policy is, as every comparison must say."""
    parts = (
        f"trained for {trained['steps']:,} environment steps on {trained['scenario']}",
        f"{trained['observation']} observation",
        "recurrent" if trained["recurrent"] else "without memory",
        "reads its agent id" if trained["agent_ids"] else "without agent id",
        _told(trained),
        f"{trained['actions']} actions",
        f"seed {trained['seed']}",
    )
    return "; ".join(parts)


def _apart(manifest: Manifest) -> Iterator[str]:
    """What sets a trained policy apart from others of its algorithm, in a table."""
    trained = manifest.get("trained")
    if not trained:
        return
    if trained.get("open_loop"):
        yield "open loop"
    if trained.get("hops"):
        yield f"told over {manifest['hops']} hops"
    yield f"{trained['steps']:,} steps"


def _told(trained: Mapping[str, Any]) -> str:
    if trained["open_loop"]:
        return "open loop: sees the time step alone"
    return f"trained to hear over {trained['hops']} hops" if trained["hops"] else "without communication"


def _counted(faults: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in faults.items())


def _lists(report: RunReport, name: str, results: Sequence[EpisodeResult]) -> list[Mapping[str, Any]]:
    """The decisions or faults of all steps of these episodes, as far as they were recorded."""
    paths = [report.path / "records" / f"{result.seed}.npz" for result in results]
    return [each for path in paths if path.is_file() for each in read_list(path, name)]


def _commonest_faults(report: RunReport) -> list[str]:
    """Each skill's commonest mistake, the worst skills first."""
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for fault in _lists(report, "faults", [result for result in report.results if result.faults]):
        if fault["kind"] != Fault.RETIRED:  # that only follows from others
            counts.setdefault(fault["skill"], Counter())[fault["kind"], fault["detail"]] += 1
    worst = sorted(counts, key=lambda skill: (-counts[skill].total(), skill))
    lines = []
    for skill in worst[:_SKILLS_NAMED]:
        (kind, detail), count = min(counts[skill].items(), key=lambda item: (-item[1], item[0]))
        lines.append(f"{skill}: {detail} ({count} times, {kind})")
    if len(worst) > _SKILLS_NAMED:
        lines.append(f"and mistakes of {', '.join(worst[_SKILLS_NAMED:])}")
    return lines


def _plans_by_skill(report: RunReport) -> str:
    counts = Counter(decision["skill"] for decision in _lists(report, "decisions", report.results))
    order = sorted(counts, key=lambda skill: (-counts[skill], skill))
    return f"plans by skill: {', '.join(f'{skill} {counts[skill]}' for skill in order) or 'none'}"


def difference_of(first: RunReport, second: RunReport) -> PairedDifference | None:
    """Win rate of the first run minus the second's on their common seeds, None without any.

    Raises:
        InputError: the runs are not of the same battles.
    """
    _check_same_battles(first, second)
    return paired_difference(first.results, second.results)


def difference_line(first: RunReport, second: RunReport, among: Sequence[RunReport] = ()) -> str:
    """The paired difference in one line for people. among: all reports that it is shown with, which it must tell apart."""
    difference = difference_of(first, second)
    one, other = _labels([first, second, *among])[:2]
    if difference is None:
        return f"{one} and {other} have no seed in common"
    low, high = difference.interval
    return (
        f"{one} minus {other} on the same {difference.pairs} seeds: {100 * difference.difference:+.1f} points, "
        f"95 % interval {100 * low:+.1f} to {100 * high:+.1f}"
    )


def _check_same_battles(first: RunReport, second: RunReport) -> None:
    for key in _SAME_BATTLES:
        mine, yours = first.manifest[key], second.manifest[key]
        if mine != yours:
            raise InputError(
                f"{first.path} and {second.path} cannot be compared: {key} is {mine} there and {yours} here"
            )


def _row(report: RunReport) -> tuple[str, ...]:
    s = report.statistics
    counts = [str(s.outcomes[outcome]) for outcome in _COUNTED.values()]
    rate, returned, length = "-", "-", "-"
    if s.win_rate is not None and s.win_rate_ci is not None and s.return_mean is not None and s.length_mean is not None:
        low, high = s.win_rate_ci
        rate = f"{100 * s.win_rate:.1f} % ({100 * low:.0f}-{100 * high:.0f})"
        returned, length = f"{s.return_mean:.2f}", f"{s.length_mean:.1f}"
    speed = "-" if report.steps_per_second is None else f"{report.steps_per_second:,.0f}"
    return (str(s.episodes), rate, *counts, returned, length, speed)
