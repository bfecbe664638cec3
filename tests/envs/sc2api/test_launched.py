"""pysc2 and unmodified smacv2 launch the server as they launch StarCraft II, and play whole games on it."""

from __future__ import annotations

import os
import random
import runpy
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("websockets", reason="websockets is not installed: make sc2")

from absl import flags
from absl.testing import flagsaver
from pysc2 import run_configs
from pysc2.lib import protocol
from s2clientprotocol import common_pb2, debug_pb2, raw_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs import load_scenario
from envs.sc2api import inprocess
from envs.sc2api.ids import COPY_IDS, STOCK_IDS
from envs.sc2api.install import install
from envs.teams import draw_battle
from tests.envs.sc2api.served import compiled, is_alive, serving, wait_for

flags.FLAGS(["test"], known_only=True)  # as every program that uses pysc2 must


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    compiled()
    inprocess.uninstall()
    install(tmp_path / "sc2")
    monkeypatch.setenv("SC2PATH", str(tmp_path / "sc2"))
    yield
    assert not children(), "a game was left behind"


def children() -> list[int]:
    """The games that this process has launched and that still run."""
    found = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [
        int(pid) for pid in found if is_alive(int(pid)) and b"envs.sc2api" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_whole_game_through_pysc2s_controller() -> None:
    config = run_configs.get()
    with config.start(want_rgb=False) as controller:
        assert controller.status == protocol.Status.launched
        players = [api.PlayerSetup(type=api.Participant), api.PlayerSetup(type=api.Computer)]
        data = config.map_data("SMAC_Maps/32x32_flat.SC2Map")
        local_map = api.LocalMap(map_path="SMAC_Maps/32x32_flat.SC2Map", map_data=data)
        controller.create_game(api.RequestCreateGame(local_map=local_map, player_setup=players, random_seed=1))
        controller.join_game(api.RequestJoinGame(race=common_pb2.Protoss, options=api.InterfaceOptions(raw=True)))
        assert len(controller.data().units) == len(controller.data_raw().units)
        for unit_type, owner, x in ((COPY_IDS[6], 1, 10.0), (STOCK_IDS[8], 2, 22.0)):
            position = common_pb2.Point2D(x=x, y=16.0)
            unit = debug_pb2.DebugCreateUnit(unit_type=unit_type, owner=owner, pos=position, quantity=3)
            controller.debug(debug_pb2.DebugCommand(create_unit=unit))
        controller.step(1)
        controller.chat("good luck")
        assert [message.message for message in controller.observe().chat] == ["good luck"]
        while len(owners := {unit.owner for unit in controller.observe().observation.raw_data.units}) == 2:
            order_to_attack(controller)
            controller.step(8)
        assert owners == {1}  # three stalkers against three zerglings
        controller.leave()
        assert controller.status == protocol.Status.launched


def order_to_attack(controller: Any) -> None:
    """Every unit of the player at the first of the enemy."""
    units = controller.observe().observation.raw_data.units
    target = next(unit.tag for unit in units if unit.owner == 2)
    command = raw_pb2.ActionRawUnitCommand(ability_id=3674, target_unit_tag=target)
    command.unit_tags.extend(unit.tag for unit in units if unit.owner == 1)
    (result,) = controller.act(api.Action(action_raw=raw_pb2.ActionRaw(unit_command=command))).result
    assert result == 1


def test_many_games_one_after_the_other() -> None:
    for _ in range(3):
        with run_configs.get(version="4.10").start(want_rgb=False) as controller:
            assert controller.ping().game_version == "4.10.0"
        assert not children()


def test_a_server_that_runs_already() -> None:
    with serving() as server, flagsaver.flagsaver(sc2_port=server.port):
        for _ in range(2):  # pysc2 sends quit each time, which ends its game but not the server
            with run_configs.get().start(want_rgb=False) as controller:
                assert controller.ping().game_version == "4.10.0"
        assert server.end() == (0, "")


class TestSmacv2:
    """Unmodified smacv2 over the socket."""

    @pytest.fixture(autouse=True)
    def smacv2(self) -> None:
        pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

    def make(self, scenario: str, **changes: Any) -> Any:
        from smacv2.env import StarCraftCapabilityEnvWrapper

        from tests.envs.parity.oracle import options

        return StarCraftCapabilityEnvWrapper(**(options(load_scenario(scenario)) | changes))

    def trace(self, scenario: str, episodes: int) -> list[bytes]:
        """All that an environment gives in random play, with the draws of its global generators seeded."""
        env, rng = self.make(scenario, seed=11), np.random.default_rng(5)
        random.seed(1)
        np.random.seed(2)
        seen: list[bytes] = []
        for episode in range(episodes):
            env.env.reset(draw_battle(load_scenario(scenario), episode).episode_config())
            terminated = False
            while not terminated:
                masks = env.get_avail_actions()
                actions = [int(rng.choice(np.flatnonzero(mask))) for mask in masks]
                reward, terminated, info = env.step(actions)
                step = (np.stack(env.get_obs()), env.get_state(), np.array(masks), np.float64(reward))
                seen.append(b"".join(each.tobytes() for each in step) + repr(sorted(info.items())).encode())
        env.close()
        return seen

    @pytest.mark.parametrize("scenario", ["protoss_5_vs_5", "terran_10_vs_11_epo", "zerg_5_vs_6"])
    def test_the_socket_changes_no_byte(self, scenario: str) -> None:
        over_the_socket = self.trace(scenario, episodes=2)
        inprocess.install()
        try:
            in_process = self.trace(scenario, episodes=2)
        finally:
            inprocess.uninstall()
        assert len(over_the_socket) > 20
        assert over_the_socket == in_process

    def test_its_own_example_runs(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        import smacv2

        (package,) = smacv2.__path__
        monkeypatch.setattr(time, "sleep", nap)
        runpy.run_path(str(Path(package) / "examples" / "random_agents.py"), run_name="__main__")
        assert "Obs size: (170,)" in capsys.readouterr().out
        for pid in children():  # the example closes nothing: the game goes with its program, here with the test
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not children())

    def episode(self, env: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Random play from where the environment is to the end; the last info."""
        terminated = False
        while not terminated:
            actions = [int(rng.choice(np.flatnonzero(mask))) for mask in env.get_avail_actions()]
            _, terminated, info = env.step(actions)
        return info

    def test_it_launches_the_game_anew_after_a_kill(self) -> None:
        env, rng = self.make("terran_5_vs_5"), np.random.default_rng(0)
        env.reset()
        self.episode(env, rng)
        env.reset()
        (first,) = children()
        os.kill(first, signal.SIGKILL)
        assert self.episode(env, rng) == {}  # the step that meets the dead game ends the episode
        (second,) = children()
        assert (second != first, env.get_stats()["restarts"]) == (True, 1)
        env.reset()
        assert set(self.episode(env, rng)) == {"battle_won", "dead_allies", "dead_enemies"}
        env.close()


_sleep = time.sleep


def nap(seconds: float) -> None:
    """Sleep, but not for the example's pause after each step, which is there for people who watch."""
    if seconds != 0.15:
        _sleep(seconds)
