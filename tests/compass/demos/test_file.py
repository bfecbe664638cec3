"""Files of demonstrations hold what agents knew and did, and nothing that runs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import orjson
import pytest

from compass import wire
from compass.demos.file import Demonstrations
from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.policies import NearestTeam
from compass.types import StepRecord
from envs.draws import DEMONSTRATIONS
from envs.skirmish import Skirmish
from tests.compass.demos.recording import record_here


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    return record_here(tmp_path_factory.mktemp("demos"), "protoss_5_vs_5_epo", "nearest", 3)


class Kept:
    """A listener that keeps every step."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []

    def on_step(self, record: StepRecord) -> None:
        self.steps.append(record)


def played(stream: str) -> list[StepRecord]:
    kept = Kept()
    run_episode(Skirmish("protoss_5_vs_5_epo"), NearestTeam(), 2, EpisodeSettings(), [kept], stream)
    return kept.steps


def test_what_agents_knew_and_did_is_read_back(demos: Demonstrations) -> None:
    episode, steps = demos.episode(2), played(DEMONSTRATIONS)
    assert len(steps) == episode.result.length == len(episode.actions)
    for step in steps:
        assert tuple(episode.actions[step.step]) == step.actions
        assert episode.rewards[step.step] == step.after.reward
        for agent in range(5):
            alive = agent in step.exchange.alive
            expected = step.exchange.observation(agent) if alive else None
            assert episode.observation(step.step, agent) == expected
            assert episode.alive[step.step, agent] == alive


def test_battles_are_none_that_are_counted(demos: Demonstrations) -> None:
    counted = played("evaluation")[0].exchange.observation(0)
    assert demos.episode(2).observation(0, 0) != counted
    assert demos.manifest["stream"] == DEMONSTRATIONS


def test_numpy_alone_reads_it(demos: Demonstrations) -> None:
    with np.load(demos.path, allow_pickle=False) as arrays:
        starts, payloads = arrays["1/starts"], arrays["1/payloads"]
        assert arrays["1/actions"].dtype == np.uint8 and b"protoss" in arrays["manifest.json"]
    first = wire.unpack(payloads[starts[0] : starts[1]].tobytes(), demos.constants)
    assert first == demos.episode(1).observation(0, 0)


def test_equal_battles_give_equal_bytes(demos: Demonstrations, tmp_path: Path) -> None:
    assert record_here(tmp_path, "protoss_5_vs_5_epo", "nearest", 3).digest == demos.digest


def test_an_unknown_episode_is_told(demos: Demonstrations) -> None:
    with pytest.raises(InputError, match="has no episode 7; it has 0 to 2"):
        demos.episode(7)


def test_a_file_that_is_missing_or_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the demonstrations"):
        Demonstrations(tmp_path / "none.npz")
    (tmp_path / "record.npz").write_bytes(_archive({"manifest.json": b"{}"}))
    with pytest.raises(InputError):
        Demonstrations(tmp_path / "record.npz")


@pytest.mark.parametrize("name", ["2/starts.npy", "2/payloads.npy", "2/actions.npy", "manifest.json", "episodes.jsonl"])
@pytest.mark.parametrize("content", [b"", b"[1]", None])
def test_a_damaged_member_is_told_in_one_line(
    demos: Demonstrations, tmp_path: Path, name: str, content: bytes | None
) -> None:
    with zipfile.ZipFile(demos.path) as members:
        parts = {each: members.read(each) for each in members.namelist()}
    if content is None:
        del parts[name]
    else:
        parts[name] = content
    (tmp_path / "damaged.npz").write_bytes(_archive(parts))
    with pytest.raises(InputError):
        Demonstrations(tmp_path / "damaged.npz").episode(2)


def test_a_manifest_that_lacks_something_is_told(demos: Demonstrations, tmp_path: Path) -> None:
    manifest = {key: value for key, value in demos.manifest.items() if key != "policy"}
    (tmp_path / "lacking.npz").write_bytes(_archive({"manifest.json": orjson.dumps(manifest), "episodes.jsonl": b""}))
    with pytest.raises(InputError, match="its manifest lacks policy"):
        Demonstrations(tmp_path / "lacking.npz")


def test_arrays_that_do_not_fit_are_told(demos: Demonstrations, tmp_path: Path) -> None:
    with zipfile.ZipFile(demos.path) as members:
        parts = {each: members.read(each) for each in members.namelist()}
    parts["2/actions.npy"] = parts["1/actions.npy"]
    (tmp_path / "mixed.npz").write_bytes(_archive(parts))
    with pytest.raises(InputError, match="episode 2 do not fit one another"):
        Demonstrations(tmp_path / "mixed.npz").episode(2)


def test_pickles_are_not_read(demos: Demonstrations, tmp_path: Path) -> None:
    with zipfile.ZipFile(demos.path) as members:
        parts = {each: members.read(each) for each in members.namelist()}
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    parts["2/actions.npy"] = pickled.getvalue()
    (tmp_path / "pickled.npz").write_bytes(_archive(parts))
    with pytest.raises(InputError, match="allow_pickle"):
        Demonstrations(tmp_path / "pickled.npz").episode(2)


def _archive(parts: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name, content in parts.items():
            members.writestr(name, content)
    return archive.getvalue()
