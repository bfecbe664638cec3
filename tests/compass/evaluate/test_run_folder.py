"""The run folder: nothing finished is lost, nothing torn believed, and no two processes write at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from compass.errors import InputError
from compass.evaluate.manifest import FORMAT
from compass.evaluate.run_folder import RunFolder, write_record
from compass.types import EpisodeResult, Outcome

MANIFEST = {"format": FORMAT, "scenario": "a", "episodes": 3, "seed": 0, "created": "now", "git": None}
RESULT = EpisodeResult(0, Outcome.DRAW, 1.5, 75.0, 40, 5, 5, 10, 3, {"exception": 2}, True)
TIMING = {"seed": 0, "steps": 40, "seconds": 0.5, "workers": 2}


@pytest.fixture
def run(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", MANIFEST, None)
    yield folder
    folder.close()


def test_what_is_appended_is_read_back(run):
    results = [replace(RESULT, seed=seed, returned=0.1 + seed) for seed in (2, 0, 1)]
    for result in results:
        run.append(result, TIMING)
    assert RunFolder(run.path).results() == sorted(results, key=lambda result: result.seed)
    assert run.speed() == (1.5, 120 / (1.5 / 2), 0.5)


def test_a_torn_last_line_is_dropped(run):
    run.append(RESULT, TIMING)
    run.close()
    whole = run.episodes.read_bytes()
    run.episodes.write_bytes(whole + whole[: len(whole) // 2])
    assert RunFolder(run.path).results() == [RESULT]
    resumed = RunFolder.resume(run.path, MANIFEST)
    assert run.episodes.read_bytes() == whole
    resumed.append(replace(RESULT, seed=1), TIMING)
    assert [result.seed for result in resumed.results()] == [0, 1]
    resumed.close()


def test_a_broken_line_in_the_middle_is_named(run):
    run.append(RESULT, TIMING)
    run.episodes.write_bytes(b'{"seed": 7}\n' + run.episodes.read_bytes())
    with pytest.raises(InputError, match=r"episodes\.jsonl, line 1 is no episode"):
        run.results()


@pytest.mark.parametrize(
    "wrong", [b'"seed":0', b'"seed":3', b'"seed":-1', b'"seed":1,"length":"long"', b'"seed":1,"outcome":"won"']
)
def test_a_second_line_of_a_seed_and_lines_of_other_runs_are_named(run, wrong):
    run.append(RESULT, TIMING)
    run.episodes.write_bytes(run.episodes.read_bytes() + orjson.dumps(asdict(RESULT))[:-1] + b"," + wrong + b"}\n")
    with pytest.raises(InputError, match=r"episodes\.jsonl, line 2 is no episode of this run or repeats one"):
        run.results()


@pytest.mark.parametrize("line", [b"no json", b'{"seed": 1}', b'{"seconds": 1, "steps": 1, "workers": 0}'])
def test_a_broken_timing_is_named(run, line):
    run.timings.write_bytes(line + b"\n")
    with pytest.raises(InputError, match=r"timings\.jsonl, line 1 is no timing"):
        run.speed()


@pytest.mark.parametrize("lost", ["episodes", "timings", "records"])
def test_a_part_that_was_deleted_is_made_anew(run, lost):
    run.append(RESULT, TIMING)
    run.close()
    path = getattr(run, lost)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert RunFolder(run.path).results() == ([] if lost == "episodes" else [RESULT])
    resumed = RunFolder.resume(run.path, MANIFEST)
    resumed.append(replace(RESULT, seed=1), TIMING)
    write_record(resumed.record_path(1), b"bytes")
    assert resumed.speed().steps_per_second == 160.0
    resumed.close()


@pytest.mark.parametrize(("content", "message"), [("[]", "no JSON object"), ('{"format": 0}', "run of format 0")])
def test_a_damaged_manifest_is_named(run, content, message):
    (run.path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=message):
        run.manifest()


def test_a_name_that_is_too_long_is_bad_input(tmp_path):
    path = tmp_path / ("x" * 300)
    with pytest.raises(InputError, match="holds no run"):
        RunFolder(path)
    with pytest.raises(InputError, match="File name too long"):
        RunFolder.create(path, MANIFEST, None)


def test_of_two_that_begin_at_once_the_later_leaves_the_other_alone(tmp_path, monkeypatch):
    (tmp_path / "records").mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(()))  # it looked just before the other began
    with pytest.raises(InputError, match="File exists"):
        RunFolder.create(tmp_path, MANIFEST, None)
    assert (tmp_path / "records").is_dir()


def test_a_run_is_not_made_over_another(run):
    with pytest.raises(InputError, match="already holds a run; --resume continues it"):
        RunFolder.create(run.path, MANIFEST, None)


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "mine.py").write_text("precious")
    with pytest.raises(InputError, match="not empty and holds no run"):
        RunFolder.create(tmp_path, MANIFEST, None)
    assert (tmp_path / "skills" / "mine.py").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["skills"]


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        RunFolder.resume(tmp_path, MANIFEST)


def test_a_run_made_with_other_settings_is_not_resumed(run):
    run.close()
    with pytest.raises(InputError, match="scenario: a there, b now") as error:
        RunFolder.resume(run.path, MANIFEST | {"scenario": "b", "git": "another", "created": "later"})
    assert "git" not in str(error.value) and "\n" not in str(error.value)


def test_a_run_can_be_made_longer_but_not_shorter(run):
    run.close()
    with pytest.raises(InputError, match="a run of 3 episodes"):
        RunFolder.resume(run.path, MANIFEST | {"episodes": 2})
    longer = RunFolder.resume(run.path, MANIFEST | {"episodes": 5, "created": "later"})
    assert longer.manifest() == MANIFEST | {"episodes": 5, "earlier": [{"until": "later", "episodes": 3}]}
    longer.close()


def test_two_processes_cannot_write_one_run(run):
    with pytest.raises(InputError, match="another process is writing"):
        RunFolder.resume(run.path, MANIFEST)


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/run"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_else(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the run folder") as error:
        RunFolder.create(tmp_path / place, MANIFEST, None)
    assert "\n" not in str(error.value)


FULL_DISK = """
import resource, signal
from dataclasses import replace
from pathlib import Path
from compass.errors import InputError
from compass.evaluate.run_folder import RunFolder, write_record
from tests.compass.evaluate.test_run_folder import MANIFEST, RESULT, TIMING
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, resource.RLIM_INFINITY))  # a disk with less room than a run may begin with
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    RunFolder.create(Path("run"), MANIFEST, None)
except InputError as error:
    print(error)
assert not Path("run").exists()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
run = RunFolder.create(Path("run"), MANIFEST, None)
run.append(RESULT, TIMING)
size = run.episodes.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))  # a file can take 20 bytes more, as on a disk about to fill
for attempt in (lambda: run.append(replace(RESULT, seed=1), TIMING), lambda: write_record(run.record_path(1), bytes(5000))):
    try:
        attempt()
    except InputError as error:
        print(error)
assert [result.seed for result in run.results()] == [0] and run.episodes.read_bytes().endswith(b"\\n")
assert not list(run.records.iterdir())
"""


def test_a_disk_that_fills_keeps_what_is_finished(tmp_path):
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{FULL_DISK}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    for number, line in enumerate(done.stdout.splitlines()):
        assert "cannot write the run folder run" in line
        assert ("finished episodes are kept" in line) == (number > 0), "a run that never began has none"


def test_a_record_is_there_whole_or_not_at_all(run):
    write_record(run.record_path(4), b"bytes")
    assert run.record_path(4).read_bytes() == b"bytes"
    assert [path.name for path in run.records.iterdir()] == ["4.npz"]
