"""Requests and responses, statuses and errors, as any client of the StarCraft II API meets them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from envs.units import COPIED, UNIT_NAMES, UNITS

pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")

from s2clientprotocol import data_pb2, debug_pb2, raw_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs.sc2api.game import Game
from envs.sc2api.ids import COPY_IDS, STOCK_IDS
from tests.envs.sc2api.asking import (
    MARINE,
    MEDIVAC,
    ZEALOT,
    ask,
    battle,
    create_request,
    created,
    creation,
    errors,
    join_request,
    playing,
    units,
)


def test_statuses() -> None:
    game = Game()
    assert game.answer(api.Request(ping=api.RequestPing())).status == api.launched
    ask(game, create_game=create_request())
    assert game.status == api.init_game
    assert ask(game, join_game=join_request()).player_id == 1
    assert game.status == api.in_game
    ask(game, leave_game=api.RequestLeaveGame())
    assert game.status == api.launched
    ask(game, quit=api.RequestQuit())
    assert errors(game, ping=api.RequestPing()) == ["ping is not possible in status quit"]


def test_texts_that_are_none_are_refused() -> None:
    chat = api.RequestAction(actions=[api.Action(action_chat=api.ActionChat(message="name"))])
    named = api.LocalMap(map_path="name")
    for game, body in (
        (Game(), {"create_game": create_request(local_map=named)}),
        (created(), {"join_game": join_request(player_name="name")}),
        (playing(), {"action": chat}),
    ):
        request = api.Request(**body).SerializeToString()
        response = game.answer(request.replace(b"name", b"\xff\xfe\xfd\xfc"))
        assert list(response.error) == ["a text in the request is not UTF-8"]


def test_requests_that_do_not_fit_the_status() -> None:
    game = Game()
    assert errors(game, step=api.RequestStep(count=1)) == ["step is not possible in status launched"]
    assert errors(game, join_game=join_request()) == ["join_game is not possible in status launched"]
    assert game.status == api.launched


def test_malformed_requests_are_answered() -> None:
    game = playing()
    assert list(game.answer(b"\xff\xff\xff").error) == ["the message is not a Request"]
    assert list(game.answer(b"").error) == ["the request is empty"]
    assert errors(game, quick_save=api.RequestQuickSave()) == ["quick_save is not supported by the embedded engine"]
    assert errors(game, step=api.RequestStep(count=0)) == ["step: count is 0; give 1 to 65536"]
    assert game.answer(b"").status == api.in_game


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"local_map": api.LocalMap(map_path="SMAC_Maps/3m.SC2Map")}, "InvalidMapPath"),
        ({"local_map": api.LocalMap(map_data=b"map")}, "MissingMap"),
        ({"player_setup": []}, "MissingPlayerSetup"),
        ({"player_setup": [api.PlayerSetup(type=api.Computer)]}, "InvalidPlayerSetup"),
        ({"player_setup": [api.PlayerSetup(type=api.Participant)] * 2}, "MultiplayerUnsupported"),
    ],
)
def test_games_that_cannot_be_created(changes: dict[str, Any], error: str) -> None:
    game = Game()
    answer = ask(game, create_game=create_request(**changes))
    assert api.ResponseCreateGame.Error.Name(answer.error) == error
    assert answer.error_details
    assert game.status == api.launched


def test_a_battlenet_map_and_real_time_are_refused() -> None:
    game = Game()
    by_name = api.RequestCreateGame(battlenet_map_name="Lava Flow", player_setup=create_request().player_setup)
    assert ask(game, create_game=by_name).error == api.ResponseCreateGame.InvalidMapName
    assert "no real time" in errors(game, create_game=create_request(realtime=True))[0]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (api.RequestJoinGame(options=api.InterfaceOptions(raw=True)), "MissingParticipation"),
        (api.RequestJoinGame(observed_player_id=1), "InvalidObservedPlayerId"),
        (join_request(options=api.InterfaceOptions()), "MissingOptions"),
        (
            join_request(options=api.InterfaceOptions(raw=True, render=api.SpatialCameraSetup(width=1))),
            "FeatureUnsupported",
        ),
        (join_request(server_ports=api.PortSet(game_port=1, base_port=2)), "FeatureUnsupported"),
    ],
)
def test_games_that_cannot_be_joined(request_: api.RequestJoinGame, error: str) -> None:
    game = Game()
    ask(game, create_game=create_request())
    answer = ask(game, join_game=request_)
    assert api.ResponseJoinGame.Error.Name(answer.error) == error
    assert answer.error_details
    assert game.status == api.init_game


def test_game_info() -> None:
    info = ask(playing(), game_info=api.RequestGameInfo())
    start = info.start_raw
    assert (start.map_size.x, start.map_size.y) == (32, 32)
    area = start.playable_area
    assert (area.p0.x, area.p0.y, area.p1.x, area.p1.y) == (0, 0, 32, 32)
    grid = start.pathing_grid
    assert (grid.bits_per_pixel, len(grid.data), len(start.terrain_height.data)) == (1, 128, 1024)
    walkable = [[grid.data[y * 4 + x // 8] >> (7 - x % 8) & 1 for x in range(32)] for y in range(32)]
    inside = [[int(2 <= x < 30 and 2 <= y < 30) for x in range(32)] for y in range(32)]
    assert walkable == inside
    assert [(player.player_id, player.race_requested) for player in info.player_info] == [(1, 1), (2, 2)]


def test_the_catalogue_of_units() -> None:
    data = ask(playing(), data=api.RequestData(ability_id=True, unit_type_id=True))
    assert [unit.unit_id for unit in data.units] == list(range(len(data.units)))
    copies = data.units[len(data.units) - 9 :]
    assert [unit.unit_id for unit in copies] == list(COPY_IDS)
    assert [unit.name for unit in copies] == [f"{name.capitalize()}_RL" for name in COPIED]
    assert [data.units[unit_id].name.lower() for unit_id in STOCK_IDS] == [name.replace("_", "") for name in UNIT_NAMES]
    zealot = data.units[UNITS["zealot"].stock_id]
    assert [(weapon.damage, weapon.attacks) for weapon in zealot.weapons] == [(8.0, 2)]
    baneling = data.units[UNITS["baneling"].stock_id].weapons[0]
    assert [(bonus.attribute, bonus.bonus) for bonus in baneling.damage_bonus] == [(data_pb2.Light, 15.0)]
    assert {unit.unit_id for unit in data.units if unit.available} == set(COPY_IDS) | set(STOCK_IDS)
    remaps = {ability.ability_id: ability.remaps_to_ability_id for ability in data.abilities}
    assert (remaps[23], remaps[16], remaps[4], remaps[386]) == (3674, 3794, 3665, 0)
    assert len(data.SerializeToString()) < 4000


def test_data_gives_what_is_asked_for() -> None:
    game = playing()
    assert not ask(game, data=api.RequestData(ability_id=True)).units
    assert not ask(game, data=api.RequestData(unit_type_id=True)).abilities


def test_units_in_the_observation() -> None:
    _, (ally, foe) = battle(creation(COPY_IDS[ZEALOT], 1, 8.1, 8.7), creation(STOCK_IDS[MEDIVAC], 2, 20.0, 20.0))
    assert (ally.tag, ally.owner, ally.alliance, ally.unit_type) == (1 << 32, 1, raw_pb2.Self, COPY_IDS[ZEALOT])
    assert (ally.health, ally.health_max, ally.shield, ally.shield_max) == (100, 100, 50, 50)
    assert (ally.pos.x, ally.pos.y) == struct.unpack("<2f", struct.pack("<2f", 8.1, 8.7))
    assert (ally.radius, ally.is_flying, ally.build_progress, ally.HasField("energy_max")) == (0.5, False, 1.0, False)
    assert (foe.tag, foe.owner, foe.alliance, foe.unit_type) == ((1 << 32) + 1, 2, raw_pb2.Enemy, STOCK_IDS[MEDIVAC])
    assert (foe.energy_max, foe.is_flying, foe.HasField("weapon_cooldown"), foe.HasField("shield")) == (
        200,
        True,
        False,
        False,
    )
    assert 50 <= foe.energy <= 51


def test_the_loop_counter_never_goes_back() -> None:
    game, (ally,) = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    kill = debug_pb2.DebugCommand(kill_unit=debug_pb2.DebugKillUnit(tag=[ally.tag]))
    ask(game, debug=api.RequestDebug(debug=[kill]))
    assert ask(game, step=api.RequestStep(count=2)).simulation_loop == 3
    seen = ask(game, observation=api.RequestObservation()).observation
    assert (seen.game_loop, list(seen.raw_data.units), list(seen.raw_data.event.dead_units)) == (3, [], [ally.tag])
    assert not ask(game, observation=api.RequestObservation()).observation.raw_data.event.dead_units
    assert ask(game, step=api.RequestStep()).simulation_loop == 4


def test_the_player_may_call_units_by_their_stock_numbers() -> None:
    _, (own, copy, foe) = battle(
        creation(STOCK_IDS[MARINE], 1, 8, 8),
        creation(COPY_IDS[MARINE], 1, 10, 8),
        creation(STOCK_IDS[MARINE], 2, 12, 8),
    )
    assert [unit.unit_type for unit in (own, copy, foe)] == [48, COPY_IDS[MARINE], 48]
    assert [unit.owner for unit in (own, copy, foe)] == [1, 1, 2]


@pytest.mark.parametrize(("declared", "result"), [(1, api.Defeat), (2, api.Victory)])
def test_a_debug_command_ends_the_game(declared: int, result: int) -> None:
    game, _ = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    end = debug_pb2.DebugCommand(end_game=debug_pb2.DebugEndGame(end_result=declared))
    ask(game, debug=api.RequestDebug(debug=[end]))
    assert game.status == api.in_game  # until the next loop
    ask(game, step=api.RequestStep(count=1))
    seen = ask(game, observation=api.RequestObservation())
    assert game.status == api.ended
    assert [(each.player_id, each.result) for each in seen.player_result] == [(1, result), (2, 3 - result)]
    assert errors(game, step=api.RequestStep(count=1)) == ["Not supported if game has already ended"]
    assert ask(game, save_replay=api.RequestSaveReplay()).data
    ask(game, restart_game=api.RequestRestartGame())
    assert game.status == api.in_game
    assert not ask(game, observation=api.RequestObservation()).player_result


def test_chat_comes_back_once() -> None:
    game = playing()
    for text in ("gl", "hf"):
        ask(game, action=api.RequestAction(actions=[api.Action(action_chat=api.ActionChat(message=text))]))
    seen = ask(game, observation=api.RequestObservation())
    assert [(each.player_id, each.message) for each in seen.chat] == [(1, "gl"), (1, "hf")]
    assert not ask(game, observation=api.RequestObservation()).chat


def test_errors_and_chat_of_a_client_that_never_looks_do_not_pile_up() -> None:
    game = playing()
    command = raw_pb2.ActionRawUnitCommand(ability_id=4, unit_tags=range(3000))
    actions = [api.Action(action_raw=raw_pb2.ActionRaw(unit_command=command))]
    actions += [api.Action(action_chat=api.ActionChat(message=str(i))) for i in range(3000)]
    ask(game, action=api.RequestAction(actions=actions))
    seen = ask(game, observation=api.RequestObservation())
    assert len(seen.action_errors) == 1000
    assert seen.chat[-1].message == "2999"
    assert len(seen.chat) == 100


def test_the_player_sees_the_whole_map() -> None:
    state = ask(playing(), observation=api.RequestObservation()).observation.raw_data.map_state
    assert (state.visibility.size.x, state.visibility.data) == (32, b"\x02" * 1024)
    assert (state.creep.bits_per_pixel, state.creep.data) == (1, bytes(128))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (creation(7, 1, 8, 8), "no unit type 7; known types: 4, 9, 48"),
        (creation(COPY_IDS[MARINE], 2, 8, 8), f"player 2 cannot have unit type {COPY_IDS[MARINE]}"),
        (creation(STOCK_IDS[MARINE], 3, 8, 8), "there is no player 3"),
        (creation(STOCK_IDS[MARINE], 2, float("nan"), 8), "no position"),
        (creation(STOCK_IDS[MARINE], 2, 8, 8, quantity=4_000_000_000), "room for 192 more units"),
        (debug_pb2.DebugCommand(game_state=debug_pb2.god), "game_state god is not supported"),
        (debug_pb2.DebugCommand(), "an empty command is not supported"),
    ],
)
def test_debug_commands_that_cannot_be_done_leave_nothing_behind(command: debug_pb2.DebugCommand, text: str) -> None:
    game = playing()
    fine = creation(COPY_IDS[MARINE], 1, 8, 8)
    (error,) = errors(game, debug=api.RequestDebug(debug=[fine, command]))
    assert text in error
    ask(game, step=api.RequestStep(count=1))
    assert units(game) == []


def test_debug_commands_that_change_nothing() -> None:
    drawing = debug_pb2.DebugCommand(draw=debug_pb2.DebugDraw())
    cheats = [
        debug_pb2.DebugCommand(game_state=state) for state in (debug_pb2.show_map, debug_pb2.free, debug_pb2.minerals)
    ]
    _, seen = battle(drawing, *cheats, creation(COPY_IDS[MARINE], 1, 8, 8, quantity=3))
    assert len(seen) == 3


def test_a_battle_is_a_function_of_the_random_seed_and_its_number() -> None:
    def play(seed: int) -> list[bytes]:
        game = Game()
        ask(game, create_game=create_request(random_seed=seed))
        ask(game, join_game=join_request())
        traces = []
        for _ in range(2):
            allies = [creation(COPY_IDS[MARINE], 1, 10, 8 + i) for i in range(4)]
            foes = [creation(STOCK_IDS[MARINE], 2, 16, 8 + i) for i in range(4)]
            ask(game, debug=api.RequestDebug(debug=allies + foes))
            trace = b""
            for _ in range(12):
                ask(game, step=api.RequestStep(count=8))
                trace += b"".join(struct.pack("<3f", unit.pos.x, unit.pos.y, unit.health) for unit in units(game))
            traces.append(trace)
            tags = [unit.tag for unit in units(game)]
            kill = debug_pb2.DebugCommand(kill_unit=debug_pb2.DebugKillUnit(tag=tags))
            ask(game, debug=api.RequestDebug(debug=[kill]))
            ask(game, step=api.RequestStep(count=2))
        return traces

    first, second = play(5)
    assert play(5) == [first, second]
    assert first != second
    assert play(6)[0] != first


def test_without_a_random_seed_every_game_is_another() -> None:
    request = create_request()
    request.ClearField("random_seed")
    seeds = set()
    for _ in range(2):
        game = Game(lambda random_seed, battle: seeds.add(random_seed) or 1)
        ask(game, create_game=request)
        ask(game, join_game=join_request())
        ask(game, debug=api.RequestDebug(debug=[creation(COPY_IDS[MARINE], 1, 8, 8)]))
        ask(game, step=api.RequestStep(count=1))
    assert len(seeds) == 2


def test_restart_begins_the_game_anew() -> None:
    game, _ = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    ask(game, restart_game=api.RequestRestartGame())
    seen = ask(game, observation=api.RequestObservation()).observation
    assert (seen.game_loop, list(seen.raw_data.units)) == (0, [])


def test_save_replay_says_what_the_game_was() -> None:
    game, _ = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    data = ask(game, save_replay=api.RequestSaveReplay()).data
    assert b'"random_seed": 3' in data
    assert b'"battles": 1' in data
