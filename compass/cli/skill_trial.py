"""`compass skills try`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from compass.cli.evaluate import Information, Skills
from compass.cli.output import Json, err, out, print_json
from compass.cli.skill_history import looked_at
from compass.episode import COMMUNICATED, FULL, EpisodeSettings
from compass.errors import InputError
from compass.skills.library import Skill, default_library_folder, load_skill
from compass.skills.merits import known_library
from compass.skills.store import Version
from compass.trial.arena import Arena
from compass.trial.edits import TriedEdit, try_edits
from compass.trial.gate import GateResult, gate
from compass.trial.sequential import CAP, PairedTest, Verdict
from compass.trial.trial import TrialResult, try_candidate, with_skill
from envs.scenario_file import load_scenario


def try_command(
    scenario: Annotated[
        str, typer.Option(help="A scenario that ships (compass scenarios list) or the path of a YAML file.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A skill file; its name says which skill it replaces, if any.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    edited: Annotated[
        bool, typer.Option("--edited", help="Try every edit by hand that was never tried, and record what came of it.")
    ] = False,
    skills: Skills = None,
    information: Information = COMMUNICATED,
    episodes: Annotated[int, typer.Option(min=2, help="The most battles to play, both sides together.")] = 2 * CAP,
    seed: Annotated[int, typer.Option(help="Of the first battle, in the stream of trials.")] = 0,
    json: Json = False,
) -> None:
    """Tell whether a library plays better with a skill file than without; changes nothing.

    The file must pass the gate: the checker's rules, and legal and quick answers to recorded observations. Then the library plays
    the same battles with it and without it until the difference is clear. With --edited it is each version of the library that was
    made by hand, against the version before it; what you edited stays live whatever comes of it. Exit code 2 when something does
    not pass the gate.
    """
    if (file is None) != edited:
        raise InputError("name one skill file to try, or take --edited for the library's own edits")
    how = _How(skills, scenario, EpisodeSettings(information=information), episodes // 2, seed)
    passed = _edited(how, json) if file is None else _one(file, how, json)
    if not passed:
        raise typer.Exit(2)


@dataclass(frozen=True)
class _How:
    """Which library plays what, in at most so many pairs of battles."""

    skills: Path | None
    scenario: str
    episode: EpisodeSettings
    cap: int
    seed: int

    def arena(self) -> Arena:
        return Arena(load_scenario(self.scenario), episode=self.episode)


def _one(file: Path, how: _How, json: bool) -> bool:
    """Try one file and tell; whether it passed the gate."""
    library = known_library(how.skills or default_library_folder())
    test = PairedTest(cap=how.cap)
    skill = load_skill(file)
    passed = gate(skill)
    result = None
    if isinstance(skill, Skill) and passed.passed:
        with err().status("trying") as status, how.arena() as arena:

            def told(test: PairedTest) -> None:
                status.update(_standing(file.stem, test))

            result = try_candidate(arena, library, with_skill(library, skill), test, how.seed, told)
    if json:
        verdict = result.verdict if result else Verdict.REJECTED
        print_json(
            {
                "skill": file.stem,
                "verdict": verdict,
                "gate": asdict(passed),
                "trial": asdict(result) if result else None,
            }
        )
    else:
        _print(lines_of(passed, result))
    return passed.passed


def _edited(how: _How, json: bool) -> bool:
    """Try the edits by hand and tell; whether all passed the gate."""
    store = looked_at(how.skills)
    tried: list[TriedEdit] = []
    with err().status("trying") as status, how.arena() as arena:

        def told(version: Version, test: PairedTest) -> None:
            status.update(_standing(f"{version.skill} {version.number}", test))

        for each in try_edits(store, arena, how.cap, how.seed, told):
            tried.append(each)
            if not json:
                _print([f"{each.version.skill}: version {each.version.number} against version {each.before.number}"])
                _print(
                    lines_of(each.gate, each.trial)
                    if each.trial
                    else [f"{each.judgement.verdict}: {each.judgement.reason}"]
                )
    if json:
        print_json(
            {"folder": str(store.folder), "scenario": arena.scenario.name, "edits": [_fields(each) for each in tried]}
        )
    elif tried:
        _print(["This is recorded, and changes nothing: what was edited by hand stays live."])
    else:
        _print([f"no edit by hand in {store.folder} waits for a trial"])
    return all(each.gate.passed for each in tried)


def _fields(each: TriedEdit) -> dict[str, Any]:
    return {
        "skill": each.version.skill,
        "version": each.version.number,
        "against": each.before.number,
        "verdict": each.judgement.verdict,
        "reason": each.judgement.reason,
        "gate": asdict(each.gate),
        "trial": asdict(each.trial) if each.trial else None,
    }


def _standing(name: str, test: PairedTest) -> str:
    alone = f"only it won {test.candidate_only}, only the library without it {test.parent_only}"
    return f"trying {name}: {test.pairs} pairs of battles, {alone}"


def _print(lines: list[str]) -> None:
    for line in lines:
        out().print(line, markup=False, soft_wrap=True)


def lines_of(passed: GateResult, result: TrialResult | None) -> list[str]:
    """What people read of a gate and a trial, the verdict last."""
    if result is None:
        return [*passed.problems, "rejected at the gate"]
    assert passed.seconds_per_call is not None  # it passed
    speed = f"{1000 * passed.seconds_per_call:.2f} ms a call"
    lines = [f"gate: passed on {passed.calls} recorded observations, {speed}"]
    named = f"{result.scenario}, {result.observation} observation, embedded engine"
    if result.information == FULL:
        named += ", full information"
    if result.pairs:
        low, high = (100 * end for end in result.interval)
        won = [100 * wins / result.pairs for wins in (result.candidate_wins, result.parent_wins)]
        lines += [
            f"trial: {result.pairs} battles of {named}, each played with it and without it",
            f"won: {won[0]:.1f} % with it, {won[1]:.1f} % without; "
            f"difference {100 * result.difference:+.1f} points (95 % each end: {low:+.1f} to {high:+.1f})",
            f"won by one side alone: {result.candidate_only} with it, {result.parent_only} without",
        ]
    lines.append(
        f"spent: {result.episodes} episodes, {result.steps} steps; chosen in {result.chosen} of {result.plans} plans"
    )
    if result.faults:
        counts = ", ".join(f"{count} {kind}" for kind, count in result.faults.items())
        lines.append(f"its mistakes: {counts}; the first: {result.first_fault}")
    return [*lines, f"{result.verdict}: {result.reason}"]
