"""The embedded engine where pysc2 starts StarCraft II."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")

from absl import flags
from pysc2 import run_configs
from pysc2.lib import protocol, remote_controller
from s2clientprotocol import common_pb2, debug_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs.sc2api import inprocess
from envs.sc2api.ids import COPY_IDS

flags.FLAGS(["test"], known_only=True)  # as every program that uses pysc2 must


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[inprocess.EmbeddedController]:
    monkeypatch.delenv("SC2PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    inprocess.install()
    with run_configs.get().start(window_size=(640, 480), want_rgb=False) as started:
        yield started
    inprocess.uninstall()


def join(controller: inprocess.EmbeddedController) -> None:
    players = [api.PlayerSetup(type=api.Participant), api.PlayerSetup(type=api.Computer)]
    local_map = api.LocalMap(map_path="SMAC_Maps/32x32_flat.SC2Map")
    controller.create_game(api.RequestCreateGame(local_map=local_map, player_setup=players, random_seed=1))
    controller.join_game(api.RequestJoinGame(race=common_pb2.Protoss, options=api.InterfaceOptions(raw=True)))


def test_only_an_installed_engine_takes_the_place_of_the_game() -> None:
    inprocess.uninstall()
    assert inprocess.EmbeddedRunConfig.priority() is None
    inprocess.install()
    assert isinstance(run_configs.get(version="4.10"), inprocess.EmbeddedRunConfig)
    inprocess.uninstall()


def test_a_game_through_pysc2s_controller(controller: inprocess.EmbeddedController) -> None:
    assert controller.status == protocol.Status.launched
    join(controller)
    assert controller.status == protocol.Status.in_game
    assert len(controller.data().units) == len(controller.data_raw().units)
    unit = debug_pb2.DebugCreateUnit(unit_type=COPY_IDS[7], owner=1, pos=common_pb2.Point2D(x=8, y=9), quantity=2)
    controller.debug(debug_pb2.DebugCommand(create_unit=unit))
    controller.step(3)
    seen = controller.observe().observation
    assert (seen.game_loop, len(seen.raw_data.units)) == (3, 2)
    assert controller.game_info().start_raw.map_size.x == 32
    assert controller.ping().game_version == "4.10.0"


def test_errors_come_as_pysc2s_own(controller: inprocess.EmbeddedController) -> None:
    with pytest.raises(protocol.ProtocolError, match="valid"):  # pysc2 itself refuses, by the status
        controller.observe()
    with pytest.raises(remote_controller.RequestError, match="InvalidMapPath"):
        controller.create_game(api.RequestCreateGame(local_map=api.LocalMap(map_path="3m.SC2Map")))
    join(controller)
    with pytest.raises(protocol.ProtocolError, match="count is 0"):
        controller.step(0)


def test_replays_are_written_where_pysc2_writes_them(controller: inprocess.EmbeddedController, tmp_path: Path) -> None:
    join(controller)
    written = Path(run_configs.get().save_replay(controller.save_replay(), replay_dir="", prefix="duel"))
    assert written.parent == tmp_path / "Replays"
    assert json.loads(written.read_bytes())["random_seed"] == 1


def test_quit(controller: inprocess.EmbeddedController) -> None:
    controller.quit()
    assert controller.status == protocol.Status.quit
    controller.quit()  # as pysc2 does: nothing happens
