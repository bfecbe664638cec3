"""Damaged manifests: whatever stands in the place of a value, whoever reads the run says so in one line, or can do without."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from compass.errors import InputError
from compass.evaluate.manifest import Manifest
from compass.evaluate.replay import settings_of
from compass.evaluate.report import load_report
from compass.evaluate.run_folder import RunFolder
from compass.inspect import InspectedEpisode
from tests.compass.planned_run import SEED, make_run

VALUES: tuple[Any, ...] = (None, True, 0, 7, -7, 0.5, 10**18, "", "text", [], [7], {}, {"a": 1})
ENDPOINT = {"base_url": "http://localhost:9/v1", "timeout": 1.0, "concurrency": 1, "requests_per_minute": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run by a model, and a price that is known."""
    return RunFolder(make_run(tmp_path_factory.mktemp("runs") / "run"))


@pytest.fixture
def copy(whole: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(whole.path, tmp_path / "copy")))


def write(folder: RunFolder, manifest: Manifest) -> None:
    (folder.path / "manifest.json").write_bytes(orjson.dumps(manifest))


def look(folder: RunFolder) -> None:
    episode = InspectedEpisode(folder.path, SEED)
    episode.inspect(episode.plan_at(0, 0))


def readings(folder: RunFolder, now: Manifest) -> list[Callable[[], object]]:
    """The ways to read a run; the last changes its manifest."""
    return [
        lambda: settings_of(folder),
        lambda: load_report(folder.path).summary(),
        lambda: look(folder),
        lambda: RunFolder.resume(folder.path, now).close(),
    ]


def same_kind(one: object, other: object) -> bool:
    return type(one) is type(other) or {type(one), type(other)} == {int, float}


def fault(read: Callable[[], object]) -> str | None:
    try:
        read()
    except InputError as error:
        assert "\n" not in str(error)
        return str(error)
    return None


def test_a_value_of_another_kind_is_one_clear_line_to_everyone(whole: RunFolder, copy: RunFolder) -> None:
    manifest = whole.manifest()
    for key, was in manifest.items():
        for value in VALUES:
            if key == "format" or was is None or value is None or same_kind(was, value):
                continue
            write(copy, manifest | {key: value})
            for read in readings(copy, manifest):
                assert f"manifest.json is damaged: {key} must be" in (fault(read) or ""), (key, value)


def test_whatever_stands_there_nobody_meets_it_unprepared(whole: RunFolder, copy: RunFolder) -> None:
    manifest = whole.manifest()
    for key in [*manifest, "earlier"]:
        for value in VALUES:
            if manifest.get(key) is None or value is None or same_kind(manifest[key], value):  # the rest: see above
                write(copy, manifest | {key: value})
                for read in readings(copy, manifest):
                    fault(read)
        write(copy, {name: value for name, value in manifest.items() if name != key})
        for read in readings(copy, manifest)[::2]:
            fault(read)


@pytest.mark.parametrize("key", ["scenario_content", "endpoint", "price", "skills"])
def test_nor_any_part_of_it(whole: RunFolder, copy: RunFolder, key: str) -> None:
    manifest = whole.manifest()
    for part in manifest[key]:
        for value in VALUES:
            if value == manifest[key][part] and type(value) is type(manifest[key][part]):
                continue
            write(copy, manifest | {key: manifest[key] | {part: value}})
            said = [fault(read) for read in readings(copy, manifest)]
            if (
                key == "scenario_content" and part != "name" and value
            ):  # a name says nothing of battles, nor do empty lists
                assert said[0] and "manifest.json is damaged" in said[0], (part, value)
        write(copy, manifest | {key: {name: value for name, value in manifest[key].items() if name != part}})
        for read in readings(copy, manifest):
            fault(read)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": 5}, "model must be text"),
        ({"model": None}, "model must be text"),
        ({"endpoint": ENDPOINT | {"base_url": 5}}, r"endpoint\.base_url must be text"),
        ({"endpoint": ENDPOINT | {"zeal": 5}}, "its endpoint has an unknown part 'zeal'"),
        ({"hops": "3"}, "hops must be a whole number"),
        ({"hops": -3}, "hops must be a whole number"),
        ({"clock": 7}, "clock must be text"),
        ({"price": {}}, "its price lacks input"),
        ({"frames": "4"}, "frames must be a whole number"),
        ({"prompts": 3}, "prompts must be text"),
        ({"plan_every": None}, "plan_every must be a whole number"),
        ({"top_k": "ten"}, "top_k must be a whole number"),
        ({"merits": 3}, "merits must be text or null"),
        ({"price": [1]}, "price must be an object or null"),
    ],
)
def test_the_line_names_the_value_and_the_way_out(copy: RunFolder, change: Manifest, said: str) -> None:
    write(copy, copy.manifest() | change)
    with pytest.raises(InputError, match=rf"copy/manifest\.json is damaged: {said}; put the file back as it was"):
        copy.manifest()


def test_an_edited_scenario_is_told(copy: RunFolder) -> None:
    manifest = copy.manifest()
    manifest["scenario_content"]["n_enemies"] = 6
    write(copy, manifest)
    with pytest.raises(InputError, match="its scenario is not the one that its hash tells of"):
        settings_of(copy)
