"""The dry run: shipped skills pass it, and a skill that can never work is named with its line before any battle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compass.observation.decode import constants_of
from compass.skills.library import Library, default_library_folder, load_library
from compass.skills.rehearsal import MOMENTS, payload, rehearse
from compass.types import FIRST_TARGET
from compass.wire import unpack
from envs.scenario_file import load_scenario
from envs.units import RACES
from tests.compass.skills.conftest import GOOD


def test_the_shipped_skills_pass() -> None:
    assert rehearse(load_library(default_library_folder())) == []


def test_what_can_never_work_is_named_with_line_and_reason(raw_library: Callable[..., Library]) -> None:
    found = rehearse(
        raw_library(
            loop="while True:\n    pass",
            typo="if obs.enemies:\n    return obs.enemys[0].id\nreturn 1",
            illegal="return 99",
            alone="return 1 if obs.allies else obs.nobody",
        )
    )
    assert [(each.file, each.line) for each in found] == [
        ("alone.py", 3),
        ("illegal.py", 1),
        ("loop.py", 1),
        ("typo.py", 4),
    ]
    alone, illegal, loop, typo = (each.reason for each in found)
    assert "no attribute 'nobody' (exception, when tried as a" in alone
    assert "answered 99" in illegal and "no answer within 0.1 s (deadline" in loop
    assert "no attribute 'enemys'" in typo


def test_a_module_that_takes_all_memory_is_named(tmp_path: Path) -> None:
    (tmp_path / "bomb.py").write_text(GOOD.replace("\n\n\ndef score", '\nHOARD = "x" * 10**9\n\n\ndef score'))
    (bomb,) = rehearse(load_library(tmp_path))
    assert bomb.file == "bomb.py" and "(memory, when tried as a" in bomb.reason


@pytest.mark.parametrize(("race", "kind"), [(race, kind) for race, kinds in RACES.items() for kind in kinds])
def test_the_moments_are_such_as_occur(race: str, kind: str) -> None:
    constants = constants_of(load_scenario(f"{race}_5_vs_5_epo"))
    for moment in MOMENTS:
        obs = unpack(payload(constants, kind, moment), constants)
        assert obs.own.unit_type == kind and obs.own.distance == 0.0
        assert [len(obs.allies), len(obs.enemies)] == [len(moment.allies), len(moment.enemies)]
        assert [name for name, free in obs.can_move.items() if free] == list(moment.moves)
        targets = obs.allies if kind == "medivac" else obs.enemies
        legal = {action - FIRST_TARGET for action in obs.available if action >= FIRST_TARGET}
        assert {each.id for each in targets if each.attackable} <= legal
        assert not any(each.attackable for each in obs.enemies if each.age or each.distance > obs.shoot_range)
        assert all(0 <= each.age <= obs.step for each in (*obs.allies, *obs.enemies))
