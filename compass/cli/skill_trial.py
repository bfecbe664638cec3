"""`compass skills try`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from compass.cli.evaluate import Information, Skills
from compass.cli.output import Json, err, out, print_json
from compass.episode import COMMUNICATED, FULL, EpisodeSettings
from compass.skills.library import Skill, default_library_folder, load_skill
from compass.skills.merits import known_library
from compass.trial.arena import Arena
from compass.trial.gate import GateResult, gate
from compass.trial.sequential import CAP, PairedTest, Verdict
from compass.trial.trial import TrialResult, try_candidate, with_skill
from envs.scenario_file import load_scenario


def try_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="A skill file; its name says which skill it replaces, if any.", exists=True, dir_okay=False
        ),
    ],
    scenario: Annotated[
        str, typer.Option(help="A scenario that ships (compass scenarios list) or the path of a YAML file.")
    ],
    skills: Skills = None,
    information: Information = COMMUNICATED,
    episodes: Annotated[int, typer.Option(min=2, help="The most battles to play, both sides together.")] = 2 * CAP,
    json: Json = False,
) -> None:
    """Tell whether a library plays better with a skill file than without; changes nothing.

    The file must pass the gate: the checker's rules, and legal and quick answers to recorded observations. Then the library plays
    the same battles with it and without it until the difference is clear. Exit code 2 when the file does not pass the gate.
    """
    settings = EpisodeSettings(information=information)
    library = known_library(skills or default_library_folder())
    found = load_scenario(scenario)
    test = PairedTest(cap=episodes // 2)
    skill = load_skill(file)
    passed = gate(skill)
    result = None
    if isinstance(skill, Skill) and passed.passed:
        with err().status("trying") as status, Arena(found, episode=settings) as arena:

            def told(test: PairedTest) -> None:
                alone = f"only it won {test.candidate_only}, only the library without it {test.parent_only}"
                status.update(f"trying: {test.pairs} battles, {alone}")

            result = try_candidate(arena, library, with_skill(library, skill), test, progress=told)
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
        for line in lines_of(passed, result):
            out().print(line, markup=False, soft_wrap=True)
    if not passed.passed:
        raise typer.Exit(2)


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
