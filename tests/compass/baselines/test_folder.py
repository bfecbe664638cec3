"""The folder of a training: one writer, and nothing that does not fit together is gone on with."""

from __future__ import annotations

import io
import multiprocessing
import os
import time
from pathlib import Path

import orjson
import pytest

from compass.baselines.folder import FORMAT, TrainFolder, begun, continued, keep_until
from compass.errors import InputError

MANIFEST = {
    "format": FORMAT,
    "algorithm": "mappo",
    "held_out_stream": "held-out",
    "steps": 100,
    "seed": 1,
    "hyper": {"lr": 1},
}
POINT = {
    "steps": 0,
    "win_rate": 0.5,
    "battles": 9,
    "seconds": 1.0,
    "return": 1.0,
    "length": 9.0,
    "timings": {"update": 1.0},
}


def line(**changed: object) -> bytes:
    return orjson.dumps({**POINT, **changed}) + b"\n"


@pytest.fixture
def folder(tmp_path: Path) -> TrainFolder:
    made = TrainFolder(tmp_path / "run")
    with begun(made, MANIFEST) as curve:
        os.write(curve, line() + line(steps=50) + line(steps=100))
        made.state.touch()
    return made


def try_to_begin(path: Path, at: float, won: multiprocessing.Queue) -> None:
    time.sleep(max(0, at - time.time()))
    try:
        with begun(TrainFolder(path), MANIFEST):
            TrainFolder(path).state.touch()
            won.put(os.getpid())
    except InputError:
        pass


def test_of_two_that_begin_at_once_one_trains(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(10):
        won = context.Queue()
        at = time.time() + 0.1
        pair = [context.Process(target=try_to_begin, args=(tmp_path / str(attempt), at, won)) for _ in range(2)]
        for process in pair:
            process.start()
        for process in pair:
            process.join()
        assert won.get(timeout=5) and won.empty()


def test_who_may_not_write_changes_nothing(folder):
    before = folder.manifest.read_bytes()
    with (
        continued(folder, MANIFEST),
        pytest.raises(InputError, match="another process trains"),
        continued(folder, MANIFEST | {"steps": 999}),
    ):
        pass
    assert folder.manifest.read_bytes() == before
    with continued(folder, MANIFEST | {"steps": 200}):
        pass
    assert folder.content()["steps"] == 200


def test_what_differs_is_told_with_both_values(folder):
    with (
        pytest.raises(InputError, match=r"another seed \(1, not 2\), another hyper \(lr \(1, not 3\)\); give the same"),
        continued(folder, MANIFEST | {"seed": 2, "hyper": {"lr": 3}}),
    ):
        pass
    with pytest.raises(InputError, match="give --steps 100 or more"), continued(folder, MANIFEST | {"steps": 50}):
        pass


def test_the_curve_is_cut_back_to_the_state(folder):
    keep_until(folder, 50)
    assert [point["steps"] for point in folder.points()] == [0, 50]
    for steps in (70, 100):
        with pytest.raises(InputError, match="does not fit state"):
            keep_until(folder, steps)
    with pytest.raises(InputError, match="is missing"):
        keep_until(folder, None)
    assert len(folder.points()) == 2


@pytest.mark.parametrize(
    "damaged",
    [
        b"5\n",
        b"{}\n",
        b"null\n",
        b"[]\n",
        b"{\n",
        line(steps="x"),
        line(steps=-1),
        line(steps=100),
        line(steps=101, win_rate="x"),
    ],
)
def test_a_damaged_line_is_named(folder, damaged):
    folder.curve.write_bytes(folder.curve.read_bytes() + damaged)
    with pytest.raises(InputError, match="is damaged: line 4"):
        folder.points()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no training"),
        (b"5", "holds no training"),
        (b"{}", "holds no training"),
        (orjson.dumps(MANIFEST | {"steps": "x"}), "is damaged: steps"),
        (orjson.dumps(MANIFEST | {"format": 1}), "of format 1; this version reads"),
    ],
)
def test_a_damaged_manifest_is_refused(folder, content, message):
    folder.manifest.write_bytes(content)
    with pytest.raises(InputError, match=message):
        folder.content()


def test_a_damaged_state_is_refused(folder):
    pytest.importorskip("benchmarl", reason="the extra `baselines` is not installed")
    import torch

    from compass.baselines.learner import Learner
    from compass.baselines.settings import PpoSettings, TrainSettings
    from envs.scenario_file import load_scenario

    hyper = PpoSettings(battles=4, batch=200, minibatch=100, epochs=1)
    settings = TrainSettings("mappo", load_scenario("3m"), 200, hyper=hyper)
    learner = Learner(settings)
    good = learner.state()
    learner.close()
    content = torch.load(io.BytesIO(good), weights_only=True)

    def saved(**changed: object) -> bytes:
        file = io.BytesIO()
        torch.save({**content, **changed}, file)
        return file.getvalue()

    bad = (
        b"",
        b"zero",
        good[:999],
        saved(steps=-5),
        saved(steps=1.5),
        saved(begun="x"),
        saved(loss={}),
        saved(timings=3),
    )
    for state in (*bad, saved(optimizers={}), saved(optimizers=[])):
        with pytest.raises(InputError, match="is damaged"):
            Learner(settings, state)
