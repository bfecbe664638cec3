"""What skills' processes are, seen from outside, and that none outlives its evaluator."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import compass
import envs
from compass.skills import zygote
from compass.skills.library import Library
from compass.skills.sandbox import Sandbox, TeamSandbox
from compass.types import Constants
from envs.errors import InputError

Payload = Callable[..., bytes]

EVALUATOR = """
import sys, time
from pathlib import Path
from compass.skills.library import load_library
from compass.skills.sandbox import Sandbox
from compass.types import Constants

made = Sandbox(load_library(Path(sys.argv[1])))
team = made.open_team(Constants("s", "protoss", "epo", 2, 2, 8, ("stalker", "zealot", "colossus"), (32.0, 32.0), 200), [1, 2])
print(made.nursery.pid, *team.pids(), flush=True)
time.sleep(60)
"""
OTHERS = """
import sys
from pathlib import Path
from compass.skills.library import load_library
from compass.skills.sandbox import Sandbox

Sandbox(load_library(Path(sys.argv[1]))).close()
"""
LOOP = '''"""Loop: never end.

unit_types: any
"""


def score_target(unit, obs):
    return 0.0


def control_logic(obs, memory):
    while True:
        pass
'''


def gone(pids: list[int], within: float = 3.0) -> bool:
    """Whether all these processes end in time; those that only wait to be buried count as ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(running(pid) for pid in pids):
            return True
        time.sleep(0.01)
    return False


def running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "loop.py").write_text(LOOP)
    return tmp_path


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_evaluator(library: Path, end: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", EVALUATOR, str(library)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as evaluator:
        assert evaluator.stdout is not None
        pids = [int(pid) for pid in evaluator.stdout.readline().split()]
        assert len(pids) == 3 and all(running(pid) for pid in pids)
        evaluator.send_signal(end)
    assert gone(pids)


def test_the_sandbox_runs_the_sources_that_the_evaluator_runs(library: Path, tmp_path_factory) -> None:
    """And no other copy that is installed."""
    copy = tmp_path_factory.mktemp("copy")
    for package in (compass, envs):
        source = Path(package.__file__).parent
        shutil.copytree(source, copy / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "compass" / "skills" / "worker.py").open("a") as worker:
        worker.write(f"\nopen({str(copy / 'loaded')!r}, 'w').write(__file__)\n")
    command = [sys.executable, "-c", OTHERS, str(library)]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(copy)}, cwd=library, check=True)
    assert (copy / "loaded").read_text() == str(copy / "compass" / "skills" / "worker.py")


def test_a_process_has_no_rights(raw_library: Callable[..., Library], constants: Constants) -> None:
    with Sandbox(raw_library()) as made:
        team = made.open_team(constants, [1])
        (pid,) = team.pids()
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
        if os.geteuid() == 0:
            assert status["Uid"].split() == ["65534"] * 4 and status["CapEff"] == "0" * 16
            assert os.listdir(f"/proc/{pid}/fd") == ["0"]
            assert "rwx" not in Path(f"/proc/{pid}/maps").read_text()
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name in ("Max core file size", "Max file size", "Max processes", "Max open files"):
            assert f"{name:<25} 0 " in limits
        team.close()
        assert gone([pid])


def test_ended_teams_and_sandboxes_leave_nothing(raw_library: Callable[..., Library], constants: Constants) -> None:
    before = set(os.listdir("/proc/self/fd"))
    pids: list[int] = []
    with Sandbox(raw_library()) as made:
        for _ in range(3):
            team = made.open_team(constants, [1, 2, 3])
            pids += team.pids()
            team.close()
        open_team: TeamSandbox = made.open_team(constants, [1])
        pids += [*open_team.pids(), made.nursery.pid]
        open_team.close()
    assert gone(pids)
    assert set(os.listdir("/proc/self/fd")) == before


def test_the_end_of_the_forking_process_is_an_error_not_a_fault(
    raw_library: Callable[..., Library], constants: Constants, payload: Payload
) -> None:
    with Sandbox(raw_library()) as made:
        team = made.open_team(constants, [1])
        team.assign(0, "hold")
        os.kill(made.nursery.pid, signal.SIGKILL)
        assert gone(team.pids())
        with pytest.raises(RuntimeError, match="has ended"):
            team.act([(0, payload())])
            made.open_team(constants, [1] * 20)


def test_too_few_open_files_are_told_in_one_line(raw_library: Callable[..., Library], constants: Constants) -> None:
    with Sandbox(raw_library()) as made:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (50, hard))
        before = set(os.listdir("/proc/self/fd"))
        try:
            with pytest.raises(InputError, match=r"no channel left for a skill's process .*; raise `ulimit -n`$"):
                made.open_team(constants, range(40))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert set(os.listdir("/proc/self/fd")) == before


def test_too_few_processes_are_told_in_one_line(
    raw_library: Callable[..., Library], constants: Constants, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    setup = {"codes": {}, "filter": b"", "cpu_seconds": 1}
    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", refuse)
        refused = zygote.Zygote(setup).spawn([os.dup(0)], 1)
    with Sandbox(raw_library()) as made:
        monkeypatch.setattr(made.nursery, "_exactly", lambda _: refused)
        with pytest.raises(InputError, match=r"no process left for a skill .*; raise `ulimit -u`"):
            made.open_team(constants, [1])


def test_a_kernel_without_process_descriptors_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert zygote._watch(os.getppid()) is None
