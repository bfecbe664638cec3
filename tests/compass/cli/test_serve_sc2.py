"""`compass serve-sc2` as its users run it."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import socket
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "server.md"
NEEDED = ("s2clientprotocol", "websockets")


@pytest.mark.parametrize("missing", NEEDED)
def test_what_is_missing_is_named_with_the_way_out(compass, monkeypatch, missing):
    for name in list(sys.modules):
        if name.startswith(("envs.sc2api", missing)):
            monkeypatch.delitem(sys.modules, name)
    import envs

    monkeypatch.delattr(envs, "sc2api", raising=False)
    if missing != "s2clientprotocol":
        pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")
    monkeypatch.setitem(sys.modules, missing, None)
    ran = compass("serve-sc2")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"compass: serve-sc2 needs {missing}: make sc2, or pip install -c constraints.txt '.[sc2]'\n"


@pytest.fixture
def extra():
    for name in NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed: make sc2")


@pytest.mark.usefixtures("extra")
class TestServing:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_server_until_it_is_stopped(self, start, number):
        from s2clientprotocol import sc2api_pb2
        from websockets.sync.client import connect

        server = start("serve-sc2", "--json")
        told = json.loads(server.stdout.readline())
        assert told["engine"] == "embedded"
        with connect(told["url"], compression=None, open_timeout=120) as client:
            client.send(sc2api_pb2.Request(ping=sc2api_pb2.RequestPing()).SerializeToString())
            response = sc2api_pb2.Response.FromString(client.recv(timeout=120))
            assert response.status == sc2api_pb2.launched
            os.killpg(server.pid, number)  # as Ctrl-C does, to the whole group
            out, err = server.communicate(timeout=30)
        assert (server.returncode, out) == (0, "")
        assert err in ("", "compiling the battle engine, once (about half a minute)...\n")

    def test_where_it_listens_is_said(self, start):
        server = start("serve-sc2", "--port", 0)
        line = server.stdout.readline()
        assert line.startswith("the embedded engine listens on ws://127.0.0.1:")
        assert line.endswith("/sc2api; Ctrl-C ends it\n")

    def test_a_port_that_is_taken(self, compass):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = compass("serve-sc2", "--port", port)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            f"compass: cannot listen on port {port}: Address already in use; give another, or 0 for any free one\n"
        )

    def test_an_impossible_port(self, compass):
        assert "there is no port 70000" in compass("serve-sc2", "--port", 70000).err

    def test_it_tells_where_it_listens_when_it_can_play(self, start, tmp_path, monkeypatch):
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "nothing compiled yet"))
        server = start("serve-sc2")
        assert server.stderr.readline() == "compiling the battle engine, once (about half a minute)...\n"
        assert not select.select([server.stdout], [], [], 0)[0]
        os.killpg(server.pid, signal.SIGINT)
        assert server.communicate(timeout=30) == ("", "")
        assert server.returncode == 130

    def test_a_port_means_nothing_to_an_installation(self, compass, tmp_path):
        ran = compass("serve-sc2", "--install", tmp_path / "sc2", "--port", 5)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "compass: --install writes a folder and --port starts a server: give one of them\n"
        assert not (tmp_path / "sc2").exists()

    def test_installing(self, compass, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        ran = compass("serve-sc2", "--install", "sc2", "--json")
        told = json.loads(ran.out)
        assert told["sc2path"] == str(tmp_path / "sc2")
        assert os.access(Path(told["binary"]), os.X_OK)
        again = compass("serve-sc2", "--install", "sc2")
        assert again.out.endswith(f"to have programs use it: export SC2PATH={tmp_path / 'sc2'}\n")
        assert "the name is empty" in compass("serve-sc2", "--install", "").err

    def test_the_commands_of_the_page(self, compass, start, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        install, export, serve = [line for block in blocks for line in block.splitlines()]
        assert compass(*shlex.split(install)[1:]).code == 0
        path = export.partition("=")[2].replace("$PWD", str(tmp_path))
        assert (Path(path) / "Versions" / "Base75689" / "SC2_x64").is_file()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        words = [port if word == "5000" else word for word in shlex.split(serve)[1:]]
        assert f"ws://127.0.0.1:{port}/sc2api" in start(*words).stdout.readline()
