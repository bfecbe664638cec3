"""The folder of a training: a curve without holes or repetitions, whatever stopped it, and a checkpoint that can be played."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

pytest.importorskip("benchmarl", reason="the extra `baselines` is not installed")

from compass.baselines.folder import TrainFolder
from compass.baselines.measure import measure
from compass.baselines.run import default_train_path, train
from compass.baselines.settings import PpoSettings, TrainSettings, hyper_parameters
from compass.episode import EpisodeSettings, run_episode
from compass.errors import InputError
from compass.evaluate.evaluator import evaluate
from compass.evaluate.settings import EvaluateSettings
from compass.policies.checkpoint import load_policy
from compass.policies.rows import Reading
from compass.policies.trained import TrainedTeam
from envs.draws import HELD_OUT
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

SCENARIO = load_scenario("protoss_5_vs_5")
HYPER = PpoSettings(battles=4, batch=200, minibatch=100, epochs=1)
SETTINGS = TrainSettings("mappo", SCENARIO, 600, every=400, held_out=8, hyper=HYPER)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trainings") / "run"
    told = []
    points = train(SETTINGS, path, progress=lambda steps, point: told.append((steps, point)))
    assert [steps for steps, point in told if point is None] == [200, 400, 600]
    assert [point for _, point in told if point is not None] == points
    return TrainFolder(path)


def test_the_curve_holds_every_measurement(trained):
    points = trained.points()
    assert [point["steps"] for point in points] == [0, 400, 600]
    for point in points:
        assert 0 <= point["win_rate"] <= 1 and point["battles"] == 8
        assert point["seconds"] == pytest.approx(sum(point["timings"].values()), abs=0.01)
    assert points[0]["seconds"] < points[1]["seconds"] < points[2]["seconds"]
    assert list(trained.tensorboard.glob("events.*"))


def test_the_manifest_and_the_checkpoint_say_what_it_is(trained):
    manifest = orjson.loads(trained.manifest.read_bytes())
    about = load_policy(trained.policy).about
    assert about == manifest | {"steps": 600}
    assert (manifest["stream"], manifest["held_out_stream"]) == ("training", "held-out")
    assert manifest["hyper_parameters"]["clip"] == HYPER.clip
    assert trained.policy.stat().st_size < 300_000


def test_the_last_point_is_that_of_the_checkpoint(trained):
    trial = measure(load_policy(trained.policy), SCENARIO, "repaired", 8)
    point = trained.points()[-1]
    assert (trial.win_rate, trial.length_mean) == (point["win_rate"], point["length"])
    assert trial.return_mean == pytest.approx(point["return"])


def test_the_evaluator_plays_the_checkpoint(trained, tmp_path):
    report = evaluate(EvaluateSettings(SCENARIO, 2, policy=str(trained.policy), workers=1), tmp_path / "run")
    assert report.player == "mappo, 600 steps" and len(report.results) == 2


_NUMBERS = dict.fromkeys(("win_rate", "battles", "seconds", "return", "length"), 1)
LOST = orjson.dumps(_NUMBERS | {"steps": 800, "timings": {}}) + b"\n"


@pytest.mark.parametrize("lost", [b"", LOST, LOST + b'{"ste', b'{"ste'])
def test_a_training_goes_on_to_more_steps_and_drops_what_it_lost(tmp_path, lost):
    folder = TrainFolder(tmp_path / "run")
    train(SETTINGS, folder.path)
    kept = folder.curve.read_bytes()
    folder.curve.write_bytes(kept + lost)
    points = train(replace(SETTINGS, steps=1_000), folder.path, resume=True)
    assert folder.curve.read_bytes().startswith(kept)
    assert [point["steps"] for point in points] == [0, 400, 600, 800, 1_000]
    assert points[-1]["seconds"] > points[2]["seconds"]
    assert orjson.loads(folder.manifest.read_bytes())["steps"] == 1_000


def test_a_training_that_was_stopped_before_its_first_measurement_begins_again(tmp_path):
    folder = TrainFolder(tmp_path / "run")
    train(SETTINGS, folder.path)
    folder.state.unlink()
    with pytest.raises(InputError, match="is missing"):  # nothing of a curve is thrown away
        train(SETTINGS, folder.path, resume=True)
    assert len(folder.points()) == 3
    folder.curve.write_bytes(folder.curve.read_bytes().splitlines(keepends=True)[0])
    (folder.path / ".state.pt.123").touch()
    assert [point["steps"] for point in train(SETTINGS, folder.path, resume=True)] == [0, 400, 600]
    assert not list(folder.path.glob(".*"))


def test_a_training_that_diverges_says_so_and_one_without_a_measurement_leaves_nothing(tmp_path, monkeypatch):
    wild = replace(SETTINGS, steps=4_000, hyper=replace(HYPER, lr=10.0, entropy=1e6))
    folder = TrainFolder(tmp_path / "run")
    with pytest.raises(InputError, match=r"diverged before step \d+: .* lower lr"):
        train(wild, folder.path)
    assert folder.points()[0]["steps"] == 0 and load_policy(folder.policy)
    monkeypatch.setattr("compass.baselines.run.measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(SETTINGS, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def interrupted(*given: object) -> None:
    raise KeyboardInterrupt


def test_what_cannot_be_trained_or_gone_on_with_is_refused(trained, tmp_path):
    with pytest.raises(InputError, match="--resume continues it"):
        train(SETTINGS, trained.path)
    with pytest.raises(InputError, match=r"another algorithm \(mappo, not ippo\), another seed \(0, not 1\)"):
        train(replace(SETTINGS, algorithm="ippo", seed=1), trained.path, resume=True)
    with pytest.raises(InputError, match="give --steps 600 or more"):
        train(replace(SETTINGS, steps=400), trained.path, resume=True)
    with pytest.raises(InputError, match="holds no training"):
        train(SETTINGS, tmp_path, resume=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is not empty"):
        train(SETTINGS, tmp_path)
    assert default_train_path(SETTINGS, tmp_path).name.startswith("train-mappo-protoss_5_vs_5-0-")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"algorithm": "mapo"}, "did you mean mappo"),
        ({"steps": 0}, "give 1 or more"),
        ({"held_out": 0}, "give 1 or more"),
        ({"seed": -1}, "not allowed"),
        ({"device": "gpu"}, "unknown device"),
        ({"observation": "repared"}, "did you mean repaired"),
    ],
)
def test_bad_settings_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        replace(SETTINGS, **wrong)


@pytest.mark.parametrize("reading", [Reading(hops=3), Reading(open_loop=True)])
def test_the_evaluator_plays_what_was_trained_to_read_otherwise(tmp_path, reading):
    """And hears there what it heard in training: the last measurement, played again by the episode loop."""
    settings = replace(SETTINGS, steps=200, held_out=6, reading=reading)
    folder = TrainFolder(tmp_path / "run")
    last = train(settings, folder.path)[-1]
    team, env = TrainedTeam(load_policy(folder.policy), SCENARIO), Skirmish(SCENARIO)
    results = [run_episode(env, team, seed, EpisodeSettings(), stream=HELD_OUT) for seed in range(6)]
    assert sum(result.length for result in results) / 6 == pytest.approx(last["length"])
    assert sum(result.returned for result in results) / 6 == pytest.approx(last["return"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lr=fast",), "lr=fast is not allowed; give it as lr=0.0005"),
        (("epochs=2.5",), "epochs=2.5 is not allowed"),
        (("rate=1",), "unknown hyper-parameter"),
        (("lr",), "lr= is not allowed"),
        (("lr=-1",), "give a number above 0"),
        (("lr=nan",), "give a number above 0"),
        (("lmbda=1.5",), "at most 1"),
        (("batch=100",), "a multiple of battles times chunk"),
        (("minibatch=75",), "a multiple of batch / battles, 50, at most batch, 3200"),
        (("minibatch=6400",), "at most batch, 3200"),
    ],
)
def test_bad_hyper_parameters_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        hyper_parameters("mappo", words)


def test_hyper_parameters_are_given_by_name():
    assert hyper_parameters("mappo", ()) is None
    given = hyper_parameters("mappo", ("lr=1e-3", "agent_ids=false", "entropy=0"))
    assert given == PpoSettings(lr=0.001, agent_ids=False, entropy=0.0)
    with pytest.raises(InputError, match="a multiple of battles, 16"):
        hyper_parameters("qmix", ("batch=100",))
    with pytest.raises(InputError, match="minibatch is 20; give a multiple of batch / battles, 40"):
        hyper_parameters("qmix", ("minibatch=20",))
    with pytest.raises(InputError, match="memory is 100; give at least"):
        hyper_parameters("qmix", ("memory=100",))
    with pytest.raises(InputError, match="did you mean mappo"):
        hyper_parameters("mapo", ())
