"""Bots of burnysc2 launch the server as the game and play on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sc2", reason="burnysc2 is not installed: make sc2")
pytest.importorskip("websockets", reason="websockets is not installed: make sc2")

from sc2 import maps, paths
from sc2.bot_ai import BotAI
from sc2.data import ActionResult, Difficulty, Race, Result
from sc2.ids.ability_id import AbilityId
from sc2.ids.unit_typeid import UnitTypeId
from sc2.main import run_game
from sc2.player import Bot, Computer
from sc2.position import Point2

from envs.sc2api.install import install
from tests.envs.sc2api.served import compiled
from tests.envs.sc2api.test_launched import children

OWN, FOES = Point2((8, 16)), Point2((24, 16))


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    compiled()
    install(tmp_path / "sc2")
    monkeypatch.setenv("SC2PATH", str(tmp_path / "sc2"))
    for name in ("BASE", "EXECUTABLE", "CWD", "REPLAYS", "MAPS"):  # found once and kept
        if name in vars(paths.Paths):
            monkeypatch.delattr(paths.Paths, name)
    yield
    assert not children(), "a game was left behind"


def play(bot: BotAI, **options: Any) -> Result:
    players = [Bot(Race.Terran, bot), Computer(Race.Zerg, Difficulty.VeryHard)]
    result = run_game(maps.get("32x32_flat"), players, realtime=False, **options)
    assert isinstance(result, Result)
    return result


class Marines(BotAI):
    """Sends its marines at the enemy by an attack-move, and declares itself the winner when it is."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.ended: Result | None = None

    async def on_start(self) -> None:
        assert (self.race, self.enemy_race, self.game_info.map_size) == (Race.Terran, Race.Zerg, (32, 32))
        await self.client.debug_create_unit(
            [[UnitTypeId.MARINE, 6, OWN, 1], [UnitTypeId.MEDIVAC, 1, OWN, 1], [UnitTypeId.ZERGLING, 5, FOES, 2]]
        )

    async def on_unit_created(self, unit: Any) -> None:
        self.events.append(f"created {unit.name}")

    async def on_enemy_unit_entered_vision(self, unit: Any) -> None:
        self.events.append(f"seen {unit.name}")

    async def on_unit_destroyed(self, unit_tag: int) -> None:
        self.events.append("destroyed")

    async def on_end(self, game_result: Result) -> None:
        self.ended = game_result

    async def on_step(self, iteration: int) -> None:
        self.client.debug_text_screen("on the march", (0.1, 0.1))
        self.client.debug_sphere_out(OWN.to3, 2)
        if iteration == 1:
            for unit in self.units:
                unit.attack(FOES)
        if iteration > 1 and not self.enemy_units:
            await self.client._execute(debug=victory())
        assert iteration < 500, "nobody wins"


def victory() -> Any:
    from s2clientprotocol import debug_pb2, sc2api_pb2

    end = debug_pb2.DebugEndGame(end_result=debug_pb2.DebugEndGame.DeclareVictory)
    return sc2api_pb2.RequestDebug(debug=[debug_pb2.DebugCommand(end_game=end)])


def test_a_bot_wins_a_whole_game(tmp_path: Path) -> None:
    bot = Marines()
    assert play(bot, random_seed=5, save_replay_as=str(tmp_path / "game.SC2Replay")) == Result.Victory
    assert bot.ended == Result.Victory
    assert [bot.events.count(f"created {name}") for name in ("Marine", "Medivac")] == [6, 1]
    assert bot.events.count("seen Zergling") == 5
    assert bot.events.count("destroyed") >= 5
    assert b'"random_seed": 5' in (tmp_path / "game.SC2Replay").read_bytes()


class Curious(BotAI):
    """Asks what can be asked and orders what can be ordered, then leaves."""

    async def on_start(self) -> None:
        await self.client.debug_create_unit(
            [
                [UnitTypeId.MARINE, 1, OWN, 1],
                [UnitTypeId.MEDIVAC, 1, Point2((5, 5)), 1],
                [UnitTypeId.MEDIVAC, 1, FOES, 2],
            ]
        )

    async def on_step(self, iteration: int) -> None:
        if iteration == 0:
            return
        marine = self.units(UnitTypeId.MARINE).first
        if iteration == 1:
            await self.ask(marine)
            await self.chat_send("gl hf")
            marine.move(Point2((8, 18)))
            marine.attack(self.enemy_units.first, queue=True)
            self.units(UnitTypeId.MEDIVAC).first.smart(Point2((4, 4)))
            marine.hold_position(queue=True)  # there is no such order
        if iteration == 2:
            assert [message.message for message in self.state.chat] == ["gl hf"]
            assert [order.ability.exact_id for order in marine.orders] == [AbilityId.MOVE_MOVE, AbilityId.ATTACK_ATTACK]
            assert marine.orders[1].target == self.enemy_units.first.tag
            (error,) = self.state.action_errors
            assert (error.unit_tag, ActionResult(error.result)) == (marine.tag, ActionResult.NotSupported)
        if iteration == 60:
            assert marine.is_attacking
            assert self.enemy_units.first.health < 150
            await self.client.leave()

    async def ask(self, marine: Any) -> None:
        assert await self.client.query_pathing(marine, marine.position.offset((6, 8))) == 10
        (abilities,) = await self.get_available_abilities([marine])
        assert AbilityId.ATTACK_ATTACK in abilities
        assert self.is_visible(FOES) and not self.has_creep(FOES)
        assert self.in_pathing_grid(FOES) and not self.in_placement_grid(Point2((1, 1)))
        assert await self.client._query_building_placement_fast(
            AbilityId.TERRANBUILD_BARRACKS, [FOES.offset((0, 4)), Point2((1, 1)), marine.position]
        ) == [True, False, False]
        assert marine.ground_range == 5 and marine.ground_dps > 6
        medivac = self.units(UnitTypeId.MEDIVAC).first
        assert not medivac.in_ability_cast_range(AbilityId.MEDIVACHEAL_HEAL, marine)


def test_a_bot_that_asks_and_leaves() -> None:
    assert play(Curious()) == Result.Defeat  # as burnysc2 calls a game that its bot leaves


class Idle(BotAI):
    async def on_step(self, iteration: int) -> None:
        pass


def test_a_time_limit() -> None:
    assert play(Idle(), game_time_limit=5) == Result.Tie


def test_the_example_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[3] / "docs" / "server.md"
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    exec(example, {"__name__": "example"})
    assert "marines are left after" in capsys.readouterr().out
