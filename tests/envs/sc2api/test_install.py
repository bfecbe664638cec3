"""The folder that programs take for StarCraft II, and its binary's command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")
pytest.importorskip("websockets", reason="websockets is not installed: make sc2")

from s2clientprotocol import sc2api_pb2 as api
from websockets.sync.client import connect

from envs.errors import InputError
from envs.sc2api.install import install
from envs.sc2api.server import listen
from tests.envs.sc2api.served import ask, compiled, is_alive, wait_for
from tests.launching import Launch, launching


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiled()
    return install(tmp_path_factory.mktemp("place with blanks") / "it's StarCraftII")


@pytest.fixture
def launch(binary: Path, tmp_path: Path) -> Iterator[Launch]:
    """Starts the binary as programs do, in an unfriendly folder: one that has a package `envs` of its own."""
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "__init__.py").write_text("raise RuntimeError('the wrong envs')\n")
    with launching(binary, cwd=tmp_path, python_path=tmp_path) as begin:
        yield begin


def free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_tree_has_what_clients_look_for(binary: Path) -> None:
    root = binary.parents[2]
    assert [path.name for path in (root / "Versions").iterdir()] == ["Base75689"]
    assert binary.name == "SC2_x64" and os.access(binary, os.X_OK)
    assert (root / "Maps" / "SMAC_Maps" / "32x32_flat.SC2Map").is_file()
    assert install(root) == binary  # once more, over the first


def test_a_real_installation_is_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "Versions" / "Base75689" / "SC2_x64"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"\x7fELF and so on")
    with pytest.raises(InputError, match="holds a StarCraft II already"):
        install(tmp_path)
    assert real.read_bytes() == b"\x7fELF and so on"
    other = tmp_path / "other"
    (other / "Versions" / "Base60000").mkdir(parents=True)
    with pytest.raises(InputError, match="holds a StarCraft II already"):
        install(other)


def test_a_map_that_is_there_is_left_alone(tmp_path: Path) -> None:
    arena = tmp_path / "Maps" / "SMAC_Maps" / "32x32_flat.SC2Map"
    arena.parent.mkdir(parents=True)
    arena.write_bytes(b"MPQ and so on")
    install(tmp_path)
    assert arena.read_bytes() == b"MPQ and so on"


def test_an_installation_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    base = tmp_path / "Versions" / "Base75689"
    base.mkdir(parents=True)
    for left in (None, "SC2_x64", ".compass-a1b2c3"):  # nothing yet, an empty binary, a file that was to become it
        if left is not None:
            (base / left).write_text("")
        assert "serve-sc2 --install" in install(tmp_path).read_text()
        (base / "SC2_x64").unlink()
    (base / "Support64").mkdir()
    with pytest.raises(InputError, match="holds a StarCraft II already"):
        install(tmp_path)


def test_installations_at_the_same_time_stay_whole(tmp_path: Path) -> None:
    whole = install(tmp_path).read_text()

    def renew(_: int) -> str:
        return install(tmp_path).read_text()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(renew, range(400))) == {whole}
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["32x32_flat.SC2Map", "SC2_x64"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*Not a directory"):
        install(tmp_path / "file" / "sc2")


def test_the_binary_takes_the_games_command_line(launch: Launch, tmp_path: Path) -> None:
    port = free_port()
    words = [
        "-listen",
        "127.0.0.1",
        "-port",
        port,
        "-dataDir",
        f"{tmp_path}/",
        "-tempDir",
        "/tmp/x/",
        "-displayMode",
        "0",
    ]
    game = launch(*words, "-dataVersion", "B89B5D6F", "-verbose")
    wait_for(lambda: listens(port))
    with connect(f"ws://127.0.0.1:{port}/sc2api") as client:
        assert ask(client, ping=api.RequestPing()).ping.base_build == 75689
    game.send_signal(signal.SIGTERM)
    assert game.communicate(timeout=20) == ("", "")
    assert game.returncode == 0


def test_the_binary_refuses_what_it_cannot_do_in_one_line(launch: Launch) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        for words, error in (
            (
                ("-listen", "0.0.0.0", "-port", free_port()),
                "cannot listen on 0.0.0.0: the server is for this machine alone",
            ),
            (("-listen", "127.0.0.1", "-port", port), f"cannot listen on port {port}: Address already in use"),
        ):
            out, err = launch(*words).communicate(timeout=30)
            assert (out, err.count("\n")) == ("", 1)
            assert err.startswith(f"SC2_x64: {error}")
    out, err = launch("-port", "many").communicate(timeout=30)
    assert "argument -port: invalid int value: 'many'" in err


@pytest.fixture
def launcher(binary: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A program that has launched the game and does nothing more; the game's process; its port."""
    port = free_port()
    code = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); input()"
    program = (sys.executable, "-c", code, str(binary), "-listen", "127.0.0.1", "-port", str(port))
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        yield process, pid, port
        process.kill()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_game_does_not_outlive_who_launched_it(launcher: tuple[subprocess.Popen[str], int, int]) -> None:
    process, pid, port = launcher
    wait_for(lambda: listens(port))
    with connect(f"ws://127.0.0.1:{port}/sc2api") as client:
        ask(client, ping=api.RequestPing())
        process.kill()
        process.wait()
        assert not ask(client, ping=api.RequestPing()).error  # somebody plays still
        assert is_alive(pid)
    wait_for(lambda: not is_alive(pid))


def test_the_game_ends_when_its_launcher_is_gone_before_it_listens(
    launcher: tuple[subprocess.Popen[str], int, int],
) -> None:
    process, pid, port = launcher
    wait_for(lambda: b"envs.sc2api" in Path(f"/proc/{pid}/cmdline").read_bytes())  # the shell has become Python
    process.kill()
    assert not listens(port)
    wait_for(lambda: not is_alive(pid))


def test_ctrl_c_ends_a_game_that_starts_without_a_word(launch: Launch) -> None:
    game = launch("-listen", "127.0.0.1", "-port", free_port())
    wait_for(lambda: "llvmlite" in Path(f"/proc/{game.pid}/maps").read_text())  # in the midst of its imports
    game.send_signal(signal.SIGINT)
    assert game.communicate(timeout=20) == ("", "")
    assert game.returncode == 130
