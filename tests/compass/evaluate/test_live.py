"""Live skills: edits are taken up between planning rounds by every worker, broken ones are refused, and the run is labelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.live import LiveFolder, LiveReader, Watch, versions_of
from compass.evaluate.records import read_list, read_record
from compass.evaluate.replay import replay
from compass.evaluate.report import difference_line, load_report, notes_of
from compass.evaluate.settings import EvaluateSettings
from compass.planner import Known, Planner, PlanRequest, ScriptedPlanner, Thinking
from compass.policies import PlanningTeam
from compass.skills.library import Library, Skill, check_source, load_library
from compass.skills.sandbox import Sandbox
from compass.skills.store import Store
from compass.types import Decision, EpisodeResult, Plan, Planned, StepRecord
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from tests.compass.trial.libraries import FIGHT, library_of, skill_source

SCENARIO = load_scenario("3m")
STAND = "return stop()"


def write(folder: Path, name: str, body: str, **more: Any) -> None:
    """As an editor does it: the new text is there at once."""
    part = folder / f".{name}.swp"
    part.write_text(skill_source(name, body, **more))
    part.replace(folder / f"{name}.py")


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def edits(live: Path) -> list[dict[str, Any]]:
    path = LiveFolder(live).edits
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "skills"
    made.mkdir()
    write(made, "fight", FIGHT)
    write(made, "stand", STAND, tasks=())
    return made


@contextmanager
def watching(folder: Path, live: Path, said: list[str]) -> Iterator[Watch]:
    with Watch(Store(folder).live(), live, ("marine",), said.append) as watch:
        yield watch


def test_an_edit_is_published_and_a_broken_one_refused_once(folder: Path, tmp_path: Path) -> None:
    live, said = tmp_path / "live", []
    with watching(folder, live, said):
        reader = LiveReader(live)
        first = reader.news()
        assert first is not None and versions_of(first) == versions_of(load_library(folder))
        assert reader.news() is None

        write(folder, "fight", "return stop()  # tired")
        until(lambda: edits(live))
        second = reader.news()
        assert second is not None and second.skills["fight"].source == (folder / "fight.py").read_text()
        assert second.skills["stand"] == replace(first.skills["stand"])
        sha256 = second.skills["fight"].sha256
        assert edits(live)[0]["taken_up"] == {"fight": {"version": sha256, "by": "human"}}

        (folder / "fight.py").write_text("import os\n")
        until(lambda: len(edits(live)) == 2)
        assert edits(live)[1]["refused"].startswith("fight.py:1: ")
        write(folder, "third", FIGHT)  # while the other is still broken
        until(lambda: len(edits(live)) == 3)
        third = reader.news()
        assert third is not None and set(third.skills) == {"fight", "stand", "third"}
        assert third.skills["fight"].sha256 == sha256
        (folder / "third.py").unlink()
        until(lambda: len(edits(live)) == 4)
        assert edits(live)[3]["taken_up"] == {"third": {"version": None, "by": "human"}}
    assert sum("refused" in line for line in said) == 1
    assert "fight.py:1" in next(line for line in said if "refused" in line)
    assert not Store(folder).exists  # a plain folder stays plain


def test_a_change_that_leaves_a_unit_without_skills_is_refused(folder: Path, tmp_path: Path) -> None:
    live, said = tmp_path / "live", []
    with watching(folder, live, said):
        reader = LiveReader(live)
        reader.news()
        for name in ("fight", "stand"):
            (folder / f"{name}.py").unlink()
        until(
            lambda: any(
                "no skill for a marine would be left" in line["refused"] for line in edits(live) if "refused" in line
            )
        )
        write(folder, "other", FIGHT)
        until(lambda: "other" in edits(live)[-1].get("taken_up", {}))
        news = reader.news()
        assert news is not None and set(news.skills) == {"other"}


def test_edits_are_a_humans_in_a_library_that_keeps_its_history(folder: Path, tmp_path: Path) -> None:
    store = Store(folder)
    store.notice()
    (folder / "fight.py").write_text("broken already")
    store.notice()
    live, said = tmp_path / "live", []
    with watching(folder, live, said) as watch:
        assert set(watch.library.skills) == {"fight", "stand"}  # its last good version plays
        assert edits(live)[0]["refused"].startswith("fight.py:1: ") and "fight.py:1: " in said[0]
        write(folder, "stand", "return stop()  # still")
        until(lambda: any("taken_up" in line for line in edits(live)))
    last = Store(folder).history("stand")[-1]
    assert (last.number, last.by, last.event) == (2, "human", "edited")
    assert edits(live)[-1]["taken_up"]["stand"] == {"version": last.sha256, "by": "human"}


class Witness:
    def __init__(self) -> None:
        self.planned: list[tuple[int, Planned]] = []
        self.actions: list[tuple[int, ...]] = []
        self.faults: list[str] = []

    def on_step(self, record: StepRecord) -> None:
        self.planned += [(record.step, planned) for planned in record.planned]
        self.actions.append(record.actions)
        self.faults += [fault.kind for fault in record.faults]


COUNT = "memory['n'] = memory.get('n', 0) + 1\n"


class Keeping(ScriptedPlanner):
    """Keeps to its decision, as a model does that gives no usable answer."""

    def ask(self, request: PlanRequest) -> Known:
        return Known(Plan(request.current)) if request.current else super().ask(request)


def edited_in_battle(
    before: Library, after: Library, at: int, planner: Planner | None = None
) -> tuple[EpisodeResult, Witness]:
    """One battle whose library is edited before its planning round number `at`."""
    witness, rounds = Witness(), iter(range(1000))
    with Sandbox(before) as sandbox:

        def renewed() -> Library | None:
            if next(rounds) != at:
                return None
            sandbox.take_up(after)
            return after

        team = PlanningTeam(planner or ScriptedPlanner(), before, sandbox, renewed)
        settings = EpisodeSettings(plan_every=5, plan_on_change=False)
        return run_episode(Skirmish(SCENARIO), team, 0, settings, [witness]), witness


def test_an_edited_skill_acts_from_an_agents_next_plan_on_with_a_new_memory() -> None:
    before = library_of(fight=COUNT + "return stop() if memory['n'] < 9 else move('north')")
    after = library_of(fight=COUNT + "return move('south') if memory['n'] < 4 else stop()")
    result, witness = edited_in_battle(before, after, at=3)  # before the battle, then its rounds at steps 0, 5, 10
    versions = {step: planned.version for step, planned in witness.planned}
    old, new = before.skills["fight"].sha256, after.skills["fight"].sha256
    assert [versions[step] for step in (0, 5, 10, 15)] == [old, old, new, new]
    actions = [step[0] for step in witness.actions[:16]]
    assert (
        actions == [1] * 8 + [2, 2] + [3] * 3 + [1] * 3
    )  # memory counts from 1 again at step 10, and no more at step 15
    assert not result.reproducible and not witness.faults


def test_an_agent_whose_skill_was_not_edited_keeps_its_process_and_memory() -> None:
    same = COUNT + "return move('north') if memory['n'] in (13, 14) else stop()"
    before = library_of(fight=same, zz=STAND)
    after = library_of(fight=same, zz="return stop()  # edited", zzz=STAND)
    result, witness = edited_in_battle(before, after, at=2)
    assert [step[0] for step in witness.actions[:14]] == [1] * 12 + [2] * 2
    assert result.reproducible and not witness.faults


def test_an_agent_that_loses_its_process_after_an_edit_waits_for_its_next_plan() -> None:
    before = library_of(fight=COUNT + "while memory['n'] == 8:\n    pass\nreturn stop()")
    after = library_of(fight="return move('north')")
    with Sandbox(before) as sandbox:
        witness = Witness()
        team = PlanningTeam(ScriptedPlanner(), before, sandbox)

        class Edit:
            def on_step(self, record: StepRecord) -> None:
                if record.step == 5:
                    sandbox.take_up(after)

        settings = EpisodeSettings(plan_every=10, plan_on_change=False)
        run_episode(Skirmish(SCENARIO), team, 0, settings, [Edit(), witness])
    agents = SCENARIO.n_units
    assert witness.faults[:agents] == ["deadline"] * agents
    assert witness.faults[agents : 3 * agents] == ["retired"] * 2 * agents  # steps 8 and 9
    assert witness.actions[10][0] == 2


class Slow(Thinking):
    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def arrived(self, steps: int) -> bool:
        return steps >= 4

    def plan(self) -> Plan:
        return self._plan

    def drop(self) -> None:
        pass


class SlowPlanner(ScriptedPlanner):
    def ask(self, request: PlanRequest) -> Slow:
        return Slow(super().ask(request).plan())


def test_an_edit_waits_while_somebody_thinks() -> None:
    before, after = library_of(fight=STAND), library_of(other=STAND)
    news = iter([None, None, after])
    witness = Witness()
    with Sandbox(before) as sandbox:

        def renewed() -> Library | None:
            library = next(news, None)
            if library is not None:
                sandbox.take_up(library)
            return library

        team = PlanningTeam(SlowPlanner(), before, sandbox, renewed)
        settings = EpisodeSettings(plan_every=2, plan_on_change=False)
        run_episode(Skirmish(SCENARIO), team, 0, settings, [witness])
    decided = [(step, planned.decision.skill) for step, planned in witness.planned if planned.agent_id == 0]
    assert decided[:2] == [
        (4, "fight"),
        (8, "fight"),
    ]  # asked at 0 and 4, while every step from 2 on is somebody's turn
    assert not witness.faults


def test_a_skill_that_an_edit_took_away_is_not_kept() -> None:
    before, after = library_of(fight=FIGHT), library_of(other=FIGHT)
    for planner in (ScriptedPlanner(), Keeping()):
        _, witness = edited_in_battle(before, after, 2, planner)
        assert {planned.decision.skill for step, planned in witness.planned if step >= 5} == {"other"}
        assert not witness.faults


def test_a_parameter_that_an_edit_took_away_is_not_kept() -> None:
    wide, narrow = (
        checked(skill_source("fight", STAND).replace("BOX = []", text)) for text in ("N = 3  # 1..9", "N = 3  # 1..4")
    )

    class Set(Keeping):
        def decide(self, request: PlanRequest) -> Decision:
            return Decision(
                "engage", "fight", {"N": 8} if request.skills[0].sha256 == wide.skills["fight"].sha256 else {}
            )

    _, witness = edited_in_battle(wide, narrow, 2, Set())
    parameters = {step: dict(planned.decision.parameters) for step, planned in witness.planned}
    assert parameters[0] == {"N": 8} and parameters[5] == parameters[10] == {} and not witness.faults


def checked(source: str) -> Library:
    skill = check_source(source, Path("fight.py"))
    assert isinstance(skill, Skill), skill
    return Library(Path("made"), {"fight": skill})


def test_a_run_goes_on_with_edited_skills_in_every_worker_and_says_so(folder: Path, tmp_path: Path) -> None:
    settings = EvaluateSettings(SCENARIO, episodes=12, skills=folder, live_skills=True, workers=2)
    run, said = tmp_path / "run", []
    finished: list[int] = []

    def edit(result: EpisodeResult) -> None:
        finished.append(result.seed)
        if len(finished) == 1:
            write(folder, "fight", STAND)
            until(lambda: edits(run / "live"))

    report = evaluate(settings, run, progress=edit, tell=said.append)
    old, new = load_library(run / "skills").skills["fight"].sha256, load_library(folder).skills["fight"].sha256
    assert (run / "live" / "versions" / f"{new}.py").read_text() == (folder / "fight.py").read_text()
    played = {
        seed: {line["version"] for line in read_list(run / "records" / f"{seed}.npz", "decisions")} for seed in finished
    }
    assert played[finished[0]] == {old} and sum(versions == {new} for versions in played.values()) >= 6
    stood = [read_record(run / "records" / f"{seed}.npz") for seed, versions in played.items() if versions == {new}]
    assert all((record.actions <= 1).all() for record in stood)  # nothing but stops, and what the dead do
    assert "picked up between plans" in said[0] and "taken up from the next plans on: fight" in said[1]

    assert report.player == "team, scripted, live skills" and report.summary()["live_skills"] is True
    assert any(
        "edits taken up: 1, refused: 0" in note and "cannot be played again" in note for note in notes_of(report)
    )
    with pytest.raises(InputError, match=r"live skills.*cannot be reproduced"):
        replay(run, tmp_path / "again")

    more = evaluate(replace(settings, episodes=13), run, resume=True, tell=said.append)
    assert len(more.results) == 13 and sum("cannot be played again" in line for line in said) == 2
    last = read_list(run / "records" / "12.npz", "decisions")
    assert {line["version"] for line in last} == {new}
    with pytest.raises(InputError, match="--live-skills: on there, off now"):
        evaluate(replace(settings, live_skills=False), run, resume=True)

    frozen = evaluate(replace(settings, live_skills=False, episodes=1), tmp_path / "frozen")
    assert "live skills minus team, scripted on" in difference_line(load_report(run), frozen)


def test_only_a_team_has_live_skills() -> None:
    with pytest.raises(InputError, match="leave out --live-skills"):
        EvaluateSettings(SCENARIO, policy="nearest", live_skills=True)
