"""Replays: a run played again is the same to the byte, and where it is not, the first difference is named."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pytest

from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.manifest import build_manifest
from compass.evaluate.replay import Comparison, compare_runs, default_replay_path, replay, settings_of
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.settings import EvaluateSettings
from compass.models.cassette import Cassette, MissingCall
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from envs.scenario_file import load_scenario
from tests.compass.planner.vlm.playing import scripted_server

SETTINGS = EvaluateSettings(load_scenario("protoss_5_vs_5_epo"), episodes=2, seed=5, workers=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two episodes by the team. To be copied before anything in it is changed."""
    path = tmp_path_factory.mktemp("runs") / "team"
    evaluate(SETTINGS, path)
    return path


@pytest.fixture
def pair(run: Path, tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    """The run and a copy of it."""
    return RunFolder(run), RunFolder(Path(shutil.copytree(run, tmp_path / "copy")))


def rewrite(record: Path, name: str, content: bytes) -> None:
    """Another content of one member of a record."""
    with zipfile.ZipFile(record) as members:
        kept = {each: members.read(each) for each in members.namelist()} | {name: content}
    with zipfile.ZipFile(record, "w") as members:
        for each, data in kept.items():
            members.writestr(each, data)


def set_number(record: Path, name: str, place: tuple[int, ...], value: float) -> None:
    with np.load(record) as arrays:
        array = arrays[name]
    array[place] = value
    changed = record.with_name("changed.npy")
    np.save(changed, array)
    rewrite(record, f"{name}.npy", changed.read_bytes())
    changed.unlink()


def set_lines(record: Path, name: str, change) -> None:
    with zipfile.ZipFile(record) as members:
        lines = [orjson.loads(line) for line in members.read(f"{name}.jsonl").splitlines()]
    rewrite(record, f"{name}.jsonl", b"".join(orjson.dumps(line) + b"\n" for line in change(lines)))


def set_results(folder: RunFolder, change) -> None:
    lines = [orjson.loads(line) for line in folder.episodes.read_bytes().splitlines()]
    folder.episodes.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in change(lines)))


def test_settings_are_those_of_the_run(run: Path) -> None:
    folder = RunFolder(run)
    assert settings_of(folder) == replace(SETTINGS, skills=folder.skills, workers=None)


@pytest.mark.parametrize("policy", ["random", "nearest"])
def test_policies_without_skills_have_settings_too(policy: str, tmp_path: Path) -> None:
    settings = replace(SETTINGS, policy=policy, observation="upstream")
    RunFolder.create(tmp_path / "run", build_manifest(settings, None, None, "now"), None).close()
    found = settings_of(RunFolder(tmp_path / "run"))
    assert (found.policy, found.observation, found.skills) == (policy, "upstream", None)


@pytest.mark.parametrize("key", ["policy", "hops", "scenario_content", "plan_every"])
def test_a_damaged_manifest_is_bad_input(pair: tuple[RunFolder, RunFolder], key: str) -> None:
    manifest = {name: value for name, value in pair[1].manifest().items() if name != key}
    (pair[1].path / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(InputError, match=r"manifest\.json is damaged"):
        settings_of(pair[1])


@pytest.fixture(scope="module")
def replayed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """A replay of the run as it was before its first episode was finished."""
    folder = tmp_path_factory.mktemp("replayed")
    copy = RunFolder(Path(shutil.copytree(run, folder / "copy")))
    set_results(copy, lambda lines: [line for line in lines if line["seed"] == 6])
    before = contents(copy.path)
    return Replayed(replay(copy.path, folder / "again"), copy.path, before, folder / "again")


class Replayed(NamedTuple):
    comparison: Comparison
    run: Path
    before: dict[Path, bytes]
    again: Path


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_replay_is_the_same_to_the_byte_and_leaves_the_run_alone(replayed: Replayed) -> None:
    comparison, run, before, again = replayed
    assert comparison == Comparison((6,), (), ())
    assert contents(run) == before
    assert (run / "records" / "6.npz").read_bytes() == (again / "records" / "6.npz").read_bytes()


def test_only_finished_and_reproducible_episodes_are_played_again(
    replayed: Replayed, run: Path, tmp_path: Path
) -> None:
    assert [result.seed for result in RunFolder(replayed.again).results()] == [6]
    copy = RunFolder(Path(shutil.copytree(run, tmp_path / "copy")))
    set_results(copy, lambda lines: [line | {"reproducible": False} for line in lines])
    with pytest.raises(InputError, match="none of its episodes is reproducible"):
        replay(copy.path, tmp_path / "none")
    copy.episodes.write_bytes(b"")
    with pytest.raises(InputError, match="no episode of it is finished yet"):
        replay(copy.path, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_runs_own_skills_are_played(tmp_path: Path) -> None:
    evaluate(EvaluateSettings(load_scenario("3m"), episodes=1, workers=1), tmp_path / "run")
    for skill in (tmp_path / "run" / "skills").glob("*.py"):
        if skill.stem != "hold_formation":
            skill.unlink()
    (difference,) = replay(tmp_path / "run", tmp_path / "again").differing
    assert difference.step == 0 and difference.agent == 0
    assert difference.what.startswith("the plan: ") and "hold_formation now" in difference.what


def test_equal_runs_are_identical_however_compressed(pair: tuple[RunFolder, RunFolder]) -> None:
    assert compare_runs(*pair).identical == (5, 6)
    with zipfile.ZipFile(pair[1].record_path(5)) as members:
        state = members.read("state.npy")
    rewrite(pair[1].record_path(5), "state.npy", state)
    assert pair[1].record_path(5).read_bytes() != pair[0].record_path(5).read_bytes()
    assert compare_runs(*pair).identical == (5, 6)


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("obs", (3, 2, 7), (3, 2, "what it observed")),
        ("available", (4, 1, 0), (4, 1, "its legal actions")),
        ("state", (2, 5), (2, None, "the state of the battle")),
        ("rewards", (6,), (6, None, "the reward")),
    ],
)
def test_the_first_difference_is_named(pair: tuple[RunFolder, RunFolder], name, place, expected) -> None:
    set_number(pair[1].record_path(6), name, place, 77)
    set_number(pair[1].record_path(6), "actions", (8, 0), 5)  # later: an effect
    comparison = compare_runs(*pair)
    (found,) = comparison.differing
    assert (found.seed, found.step, found.agent, found.what) == (6, *expected)
    assert comparison.identical == (5,)


def test_a_zero_of_another_sign_is_a_difference(pair: tuple[RunFolder, RunFolder]) -> None:
    for folder, zero in zip(pair, (0.0, -0.0), strict=True):
        if folder is pair[0]:
            continue
        with np.load(folder.record_path(5)) as arrays:
            place = tuple(np.argwhere(arrays["state"] == 0)[0])
        set_number(folder.record_path(5), "state", place, zero)
    (found,) = compare_runs(*pair).differing
    assert (found.step, found.what) == (int(place[0]), "the state of the battle")


def test_a_differing_action_is_named_with_both_values(pair: tuple[RunFolder, RunFolder]) -> None:
    with np.load(pair[0].record_path(5)) as arrays:
        was = arrays["actions"][4, 3]
    set_number(pair[1].record_path(5), "actions", (4, 3), 9)
    (found,) = compare_runs(*pair).differing
    assert str(found) == f"seed 5, step 4, agent 3: the action: {was} there, 9 now"


def test_differing_plans_are_named(pair: tuple[RunFolder, RunFolder]) -> None:
    record = pair[1].record_path(5)
    set_lines(record, "decisions", lambda lines: [*lines[:-1], lines[-1] | {"skill": "dance"}])
    (found,) = compare_runs(*pair).differing
    assert found.what.startswith("the plan: skill ") and found.what.endswith(" there, dance now")
    set_lines(record, "decisions", lambda lines: lines[:-1])
    (found,) = compare_runs(*pair).differing
    assert found.what == "the plan, which only one of the runs has"
    set_lines(record, "decisions", lambda lines: lines[1:])
    (found,) = compare_runs(*pair).differing
    assert (found.step, found.agent, found.what) == (0, 0, "the plan, which only one of the runs has")


def test_a_differing_line_is_named(pair: tuple[RunFolder, RunFolder]) -> None:
    set_results(pair[1], lambda lines: [line | {"messages": -1} for line in lines])
    first, _ = compare_runs(*pair).differing
    assert (first.step, first.agent) == (None, None)
    assert "episodes.jsonl: messages " in first.what and first.what.endswith("-1 now")


def test_what_the_speed_of_a_machine_decided_is_told_apart(pair: tuple[RunFolder, RunFolder]) -> None:
    set_results(pair[1], lambda lines: [line | {"reproducible": line["seed"] != 5} for line in lines])
    comparison = compare_runs(*pair)
    assert (comparison.identical, comparison.differing, comparison.not_reproducible) == ((6,), (), (5,))


def test_a_missing_episode_or_record_is_bad_input(pair: tuple[RunFolder, RunFolder]) -> None:
    pair[1].record_path(5).write_bytes(b"torn")
    with pytest.raises(InputError, match=r"cannot read the record"):
        compare_runs(*pair)
    set_results(pair[1], lambda lines: lines[:1])
    with pytest.raises(InputError):
        compare_runs(*pair)


def test_a_replay_has_a_new_folder_beside_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    assert default_replay_path(run) == tmp_path / "run-replay"
    (tmp_path / "run-replay").mkdir()
    assert default_replay_path(run) == tmp_path / "run-replay-2"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run planned by a model whose server is gone."""
    path = tmp_path_factory.mktemp("runs") / "asked"
    with scripted_server() as server:
        model = ModelSettings("scripted", server.base_url)
        how = VlmSettings(frames=2, image_size=256)
        evaluate(replace(SETTINGS, planner="vlm", model=model, vlm=how, workers=None), path)
    return RunFolder(path)


def test_settings_of_a_run_by_a_model(asked: RunFolder) -> None:
    found = settings_of(asked)
    assert (found.planner, found.model and found.model.model) == ("vlm", "scripted")
    assert found.vlm == VlmSettings(frames=2, image_size=256, prompts=asked.prompts)


def test_a_run_by_a_model_is_played_again_without_it(asked: RunFolder, tmp_path: Path) -> None:
    comparison = replay(asked.path, tmp_path / "again")
    assert (comparison.identical, comparison.differing, comparison.not_reproducible) == ((5, 6), (), ())
    assert Cassette(asked.cassette).entries(5) and not (tmp_path / "again" / "cassette").exists()


def test_a_run_that_was_played_back_is_not_played_again(asked: RunFolder, tmp_path: Path) -> None:
    replay(asked.path, tmp_path / "again")
    with pytest.raises(InputError, match=r"was itself played back .*; replay the run that it was played back from"):
        replay(tmp_path / "again", tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_a_call_that_was_given_up_is_an_error_where_the_game_waited(asked: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(asked.path, tmp_path / "copy")))
    tape = copy.cassette / "6.jsonl"
    tape.write_bytes(tape.read_bytes().replace(b'"cancelled":false', b'"cancelled":true', 1))
    with pytest.raises(MissingCall, match="was given up when it was recorded"):
        replay(copy.path, tmp_path / "again")


def test_a_missing_call_is_an_error(asked: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(asked.path, tmp_path / "copy")))
    tape = copy.cassette / "6.jsonl"
    lines = tape.read_bytes().splitlines(keepends=True)
    tape.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(MissingCall, match="is not on the tape; no call was made"):
        replay(copy.path, tmp_path / "again")


def test_edited_prompts_are_an_error(asked: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(asked.path, tmp_path / "copy")))
    perceive = copy.prompts / "perceive.md"
    perceive.write_text("Hello!\n" + perceive.read_text())
    with pytest.raises(MissingCall, match="differs from the recorded one in message 2: prompts"):
        replay(copy.path, tmp_path / "again")
