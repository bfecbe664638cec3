"""Trainings beside the published curves: which figures are compared, and where each comes from."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from compass.baselines.folder import TrainFolder
from compass.bench.training import AT, SHIPPED, by_seeds, published_curves, read_training, win_rate
from compass.errors import InputError

TIMINGS = {"collect": 1.0, "update": 2.0, "measure": 1.0}


def training(path: Path, rates: list[float], every: int = 100_000, **manifest: object) -> TrainFolder:
    """A training whose curve has these win rates; a second for every measurement."""
    path.mkdir()
    earlier = orjson.loads((SHIPPED / "mappo-protoss_5_vs_5-1" / "manifest.json").read_bytes())
    (path / "manifest.json").write_bytes(orjson.dumps(earlier | manifest))
    points = [
        {"steps": i * every, "win_rate": rate, "battles": 200, "return": 1.0, "length": 9.0}
        | {"seconds": float(i), "timings": TIMINGS}
        for i, rate in enumerate(rates)
    ]
    (path / "curve.jsonl").write_bytes(b"".join(orjson.dumps(point) + b"\n" for point in points))
    return TrainFolder(path)


def test_win_rates_are_means_of_the_measurements_near_the_mark(tmp_path):
    rates = [i / 100 for i in range(21)]
    found = read_training(training(tmp_path / "a", [*rates[:9], 0.3, 0.1, 0.05, *rates[12:]]))
    assert found.win_rates == (pytest.approx(0.15), pytest.approx(0.195))
    assert found.published == (0.243, 0.336)
    assert found.until_published is None and found.seconds == 20.0
    assert found.shares == {"collect": 0.25, "update": 0.5, "measure": 0.25}
    assert found.learnt_from == 5


def test_a_curve_that_ends_before_the_mark_has_no_figure_there(tmp_path):
    found = read_training(training(tmp_path / "a", [0.5] * 12))
    assert found.win_rates == (0.5, None)
    assert found.until_published == 0.0


def test_the_published_rate_must_be_reached_by_the_mean(tmp_path):
    found = read_training(training(tmp_path / "a", [0.0, 0.4, 0.0, 0.0, 0.4, 0.4, 0.4]))
    assert found.until_published == 5.0


@pytest.mark.parametrize(
    ("manifest", "published"),
    [
        ({"algorithm": "qmix"}, (0.342, 0.554)),
        ({"open_loop": True}, (0.036, 0.031)),
        ({"hops": 3}, (None, None)),
        ({"observation": "upstream"}, (None, None)),
        ({"scenario": "protoss_5_vs_5_epo"}, (None, None)),
        ({"algorithm": "ippo"}, (None, None)),
    ],
)
def test_only_like_is_compared_with_like(tmp_path, manifest, published):
    assert read_training(training(tmp_path / "a", [0.1, 0.2], **manifest)).published == published


def test_seeds_are_summed_up_and_nothing_else(tmp_path):
    folders = [
        training(tmp_path / "a", [0.3] * 21, seed=1),
        training(tmp_path / "b", [0.5] * 21, seed=2),
        training(tmp_path / "c", [0.7] * 12, seed=3),  # ends after 1.1 M
        training(tmp_path / "d", [0.9] * 21, seed=4, hops=3),
    ]
    (found,) = by_seeds(map(read_training, folders))
    assert (found.name, found.seeds) == ("mappo, protoss_5_vs_5", (1, 2, 3))
    assert found.means == (pytest.approx(0.5), pytest.approx(0.4))
    assert found.ranges == ((pytest.approx(0.3), pytest.approx(0.7)), (pytest.approx(0.3), pytest.approx(0.5)))


def test_how_often_a_step_was_learnt_from(tmp_path):
    hyper = {"updates": 16, "minibatch": 800, "batch": 640}
    assert read_training(training(tmp_path / "a", [0.1, 0.2], hyper_parameters=hyper)).learnt_from == 20


def test_a_folder_without_a_training_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no training"):
        read_training(TrainFolder(tmp_path))


def test_every_published_curve_has_its_marks():
    assert len(published_curves()) == 6
    for curves in published_curves().values():
        assert set(curves) == {"mappo", "qmix", "open loop"}
        assert all(len(rates) == len(AT) and 0 < min(rates) <= max(rates) < 0.7 for rates in curves.values())
    assert win_rate([{"steps": 0, "win_rate": 0.1}], 0) == 0.1
