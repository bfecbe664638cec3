"""The gate: shipped skills pass, and what can never win costs no battle."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from compass.skills.library import Skill, check_source, default_library_folder, load_library
from compass.trial import gate as gates
from compass.trial.gate import gate
from compass.trial.recordings import recordings
from envs.units import RACES
from tests.compass.trial.libraries import FIGHT, library_of, skill_source

SHIPPED = load_library(default_library_folder())


def made(body: str, unit_types: tuple[str, ...] = ("any",)) -> Skill:
    return replace(library_of(made=body).skills["made"], unit_types=unit_types)


@pytest.mark.parametrize("name", ["focus_fire", "heal_weakest", "burst_with_banelings"])
def test_shipped_skills_pass(name: str) -> None:
    result = gate(SHIPPED.skills[name])
    assert result.passed and not result.problems
    assert (
        result.calls > 50 and result.seconds_per_call is not None and 0 < result.seconds_per_call < gates.MOST_SECONDS
    )
    assert orjson.loads(orjson.dumps(asdict(result)))["calls"] == result.calls


def test_recordings_hold_every_unit_type_in_both_settings() -> None:
    for race, kinds in RACES.items():
        found = {(each.unit_type, each.constants.setting) for each in recordings(race)}
        assert found == {(kind, setting) for kind in kinds for setting in ("default", "epo")}


def test_what_the_checker_refuses_fails_with_its_lines() -> None:
    broken = check_source(skill_source("made", "return nobody"), Path("made.py"))
    assert isinstance(broken, list)
    result = gate(broken)
    assert not result.passed and result.calls == 0 and result.seconds_per_call is None
    assert result.problems == (str(broken[0]),) and "'nobody' is not defined" in result.problems[0]


def test_what_the_made_up_moments_show_costs_no_recording() -> None:
    result = gate(made("return obs.nothing"))
    assert not result.passed and result.calls == 0 and "no attribute 'nothing'" in result.problems[0]


def test_only_recorded_observations_show_late_mistakes() -> None:
    result = gate(made("if obs.step == 9:\n    return 99\n" + FIGHT, ("stalker", "marine")))
    assert not result.passed and result.calls > 0
    assert sorted(line.split("when tried as a ")[1] for line in result.problems) == ["marine)", "stalker)"]
    assert "answered 99" in result.problems[0]


def test_a_slow_skill_and_an_endless_one_fail() -> None:
    slow = gate(made("sum(range(600_000))\n" + FIGHT, ("baneling",)))
    assert not slow.passed and "ms on average" in slow.problems[0] and slow.seconds_per_call is not None
    endless = gate(made("if obs.step == 9:\n    while True:\n        pass\n" + FIGHT, ("baneling",)))
    assert not endless.passed and "deadline" in endless.problems[0]
