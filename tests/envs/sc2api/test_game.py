"""Requests and responses, statuses and errors, as any client of the StarCraft II API meets them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from envs.units import COPIED, UNIT_NAMES, UNITS

pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")

from s2clientprotocol import common_pb2, data_pb2, debug_pb2, error_pb2, query_pb2, raw_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs.sc2api.game import Game
from envs.sc2api.ids import COPY_IDS, STOCK_IDS, Ability
from envs.sc2api.world import MOST_WAITING

MAP = "SMAC_Maps/32x32_flat.SC2Map"
MARINE, MEDIVAC, BANELING, ZEALOT = (UNIT_NAMES.index(name) for name in ("marine", "medivac", "baneling", "zealot"))


def create_request(**changes: Any) -> api.RequestCreateGame:
    players = [api.PlayerSetup(type=api.Participant), api.PlayerSetup(type=api.Computer, race=common_pb2.Zerg)]
    known = {"local_map": api.LocalMap(map_path=MAP), "player_setup": players, "random_seed": 3, "realtime": False}
    return api.RequestCreateGame(**(known | changes))


def join_request(**changes: Any) -> api.RequestJoinGame:
    return api.RequestJoinGame(**({"race": common_pb2.Terran, "options": api.InterfaceOptions(raw=True)} | changes))


def ask(game: Game, **body: Any) -> Any:
    """The body of the response to a request that must succeed; the request travels as bytes."""
    ((kind, content),) = body.items()
    response = game.answer(api.Request(id=17, **{kind: content}).SerializeToString())
    assert list(response.error) == []
    assert (response.id, response.WhichOneof("response"), response.status) == (17, kind, game.status)
    return getattr(response, kind)


def errors(game: Game, **body: Any) -> list[str]:
    return list(game.answer(api.Request(**body)).error)


def created() -> Game:
    game = Game()
    ask(game, create_game=create_request())
    return game


def playing() -> Game:
    game = created()
    ask(game, join_game=join_request())
    return game


def creation(unit_type: int, owner: int, x: float, y: float, **more: Any) -> debug_pb2.DebugCommand:
    position = common_pb2.Point2D(x=x, y=y)
    unit = debug_pb2.DebugCreateUnit(unit_type=unit_type, owner=owner, pos=position, **({"quantity": 1} | more))
    return debug_pb2.DebugCommand(create_unit=unit)


def battle(*commands: debug_pb2.DebugCommand) -> tuple[Game, list[raw_pb2.Unit]]:
    game = playing()
    ask(game, debug=api.RequestDebug(debug=commands))
    ask(game, step=api.RequestStep(count=1))
    return game, units(game)


def units(game: Game) -> list[raw_pb2.Unit]:
    return list(ask(game, observation=api.RequestObservation()).observation.raw_data.units)


def order(game: Game, ability: int, tag: int, **target: Any) -> int:
    command = raw_pb2.ActionRawUnitCommand(ability_id=ability, unit_tags=[tag], **target)
    action = api.Action(action_raw=raw_pb2.ActionRaw(unit_command=command))
    (result,) = ask(game, action=api.RequestAction(actions=[action])).result
    return int(result)


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


def test_numbers_of_abilities_may_be_negative() -> None:
    game, (marine,) = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    assert order(game, -5, marine.tag) == error_pb2.NotSupported
    (error,) = ask(game, observation=api.RequestObservation()).action_errors
    assert (error.unit_tag, error.ability_id) == (marine.tag, 0)


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


def test_orders_and_what_they_show() -> None:
    game, (marine, foe) = battle(creation(COPY_IDS[MARINE], 1, 8, 8), creation(STOCK_IDS[MEDIVAC], 2, 10, 8))
    goal = common_pb2.Point2D(x=8, y=12)
    for ability in (Ability.MOVE, Ability.GENERAL_MOVE, Ability.SMART):
        assert order(game, ability, marine.tag, target_world_space_pos=goal) == error_pb2.Success
    (shown,) = units(game)[0].orders
    assert (shown.ability_id, shown.target_world_space_pos.y) == (16, 12)
    for ability in (Ability.ATTACK, Ability.GENERAL_ATTACK, Ability.SMART):
        assert order(game, ability, marine.tag, target_unit_tag=foe.tag) == error_pb2.Success
    ask(game, step=api.RequestStep(count=8))
    seen = units(game)
    assert (seen[0].orders[0].ability_id, seen[0].orders[0].target_unit_tag) == (23, foe.tag)
    assert seen[0].weapon_cooldown > 0
    assert seen[1].health < 150
    assert order(game, Ability.STOP, marine.tag) == error_pb2.Success
    assert not units(game)[0].orders


def test_heal_orders() -> None:
    sides = [
        creation(COPY_IDS[MEDIVAC], 1, 8, 8),
        creation(COPY_IDS[MARINE], 1, 9, 8),
        creation(STOCK_IDS[MARINE], 2, 12, 8),
    ]
    game, (medivac, marine, _) = battle(*sides)
    assert (
        order(game, Ability.HEAL, medivac.tag, target_unit_tag=marine.tag) == error_pb2.CantTargetThatUnit
    )  # is whole
    ask(game, step=api.RequestStep(count=40))
    assert units(game)[1].health < 45
    for ability in (Ability.HEAL, Ability.SMART):
        assert order(game, ability, medivac.tag, target_unit_tag=marine.tag) == error_pb2.Success
    assert [(shown.ability_id, shown.target_unit_tag) for shown in units(game)[0].orders] == [(386, marine.tag)]
    assert order(game, Ability.HEAL, medivac.tag, target_unit_tag=medivac.tag) == error_pb2.CantTargetThatUnit
    assert order(game, Ability.HEAL, marine.tag, target_unit_tag=medivac.tag) == error_pb2.CantTargetThatUnit


def test_orders_that_cannot_be_carried_out() -> None:
    game, (zealot, foe) = battle(creation(COPY_IDS[ZEALOT], 1, 8, 8), creation(STOCK_IDS[MEDIVAC], 2, 10, 8))
    here = common_pb2.Point2D(x=1, y=1)
    assert order(game, Ability.ATTACK, zealot.tag, target_unit_tag=foe.tag) == error_pb2.CantTargetThatUnit  # flies
    assert order(game, Ability.ATTACK, zealot.tag, target_unit_tag=5) == error_pb2.MustTargetVisibleUnit
    assert order(game, Ability.HEAL, zealot.tag, target_world_space_pos=here) == error_pb2.NotSupported
    assert order(game, Ability.ATTACK, zealot.tag) == error_pb2.NotSupported
    assert order(game, Ability.MOVE, foe.tag, target_world_space_pos=here) == error_pb2.CantFindEnoughTargets
    assert order(game, Ability.MOVE, 5, target_world_space_pos=here) == error_pb2.CantFindEnoughTargets
    assert order(game, 999, zealot.tag) == error_pb2.NotSupported
    nowhere = common_pb2.Point2D(x=float("nan"), y=1)
    assert order(game, Ability.MOVE, zealot.tag, target_world_space_pos=nowhere) == error_pb2.Error
    seen = ask(game, observation=api.RequestObservation())
    assert [(error.unit_tag, error.ability_id, error.result) for error in seen.action_errors][:2] == [
        (zealot.tag, 23, error_pb2.CantTargetThatUnit),
        (zealot.tag, 23, error_pb2.MustTargetVisibleUnit),
    ]
    assert len(seen.action_errors) == 8
    assert not seen.observation.raw_data.units[0].orders
    assert not ask(game, observation=api.RequestObservation()).action_errors


def test_an_attack_on_a_point_fights_on_the_way() -> None:
    game, (marine, foe) = battle(creation(COPY_IDS[MARINE], 1, 8, 8), creation(STOCK_IDS[MEDIVAC], 2, 14, 8))
    goal = common_pb2.Point2D(x=24, y=8)
    for ability in (Ability.GENERAL_ATTACK, Ability.SCAN_MOVE, Ability.ATTACK):
        assert order(game, ability, marine.tag, target_world_space_pos=goal) == error_pb2.Success
    (shown,) = units(game)[0].orders
    assert (shown.ability_id, shown.target_world_space_pos.x) == (23, 24)
    ask(game, step=api.RequestStep(count=24))
    fighting, hurt = units(game)
    assert (fighting.engaged_target_tag, hurt.health < 150, fighting.pos.x < 10) == (foe.tag, True, True)
    for _ in range(80):
        ask(game, step=api.RequestStep(count=8))
    (alone,) = units(game)
    assert (round(alone.pos.x), list(alone.orders)) == (24, [])


def test_queued_orders_wait_for_the_ones_before() -> None:
    game, (marine, foe) = battle(creation(COPY_IDS[MARINE], 1, 8, 8), creation(STOCK_IDS[MEDIVAC], 2, 12, 8))
    corner, end = common_pb2.Point2D(x=8, y=10), common_pb2.Point2D(x=6, y=10)
    assert order(game, Ability.MOVE, marine.tag, target_world_space_pos=corner, queue_command=True) == error_pb2.Success
    assert order(game, Ability.ATTACK, marine.tag, target_unit_tag=foe.tag, queue_command=True) == error_pb2.Success
    assert order(game, Ability.MOVE, marine.tag, target_world_space_pos=end, queue_command=True) == error_pb2.Success
    shown = units(game)[0].orders
    assert [each.ability_id for each in shown] == [16, 23, 16]
    assert (shown[0].target_world_space_pos.y, shown[1].target_unit_tag, shown[2].target_world_space_pos.x) == (
        10,
        foe.tag,
        6,
    )
    ask(game, step=api.RequestStep(count=16))
    seen = units(game)
    assert (round(seen[0].pos.y, 1), [each.ability_id for each in seen[0].orders], seen[1].health < 150) == (
        10.0,
        [23, 16],
        False,
    )
    kill = debug_pb2.DebugCommand(kill_unit=debug_pb2.DebugKillUnit(tag=[foe.tag]))
    ask(game, debug=api.RequestDebug(debug=[kill]))
    ask(game, step=api.RequestStep(count=24))
    (alone,) = units(game)
    assert (round(alone.pos.x), round(alone.pos.y), list(alone.orders)) == (6, 10, [])


def test_an_order_that_is_not_queued_drops_what_waits() -> None:
    game, (marine,) = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    there = common_pb2.Point2D(x=20, y=8)
    for _ in range(3):
        order(game, Ability.MOVE, marine.tag, target_world_space_pos=there, queue_command=True)
    assert len(units(game)[0].orders) == 3
    assert order(game, Ability.STOP, marine.tag) == error_pb2.Success
    ask(game, step=api.RequestStep(count=8))
    (seen,) = units(game)
    assert (list(seen.orders), seen.pos.x) == ([], 8)


def test_a_queue_has_an_end() -> None:
    game, (marine,) = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    there = common_pb2.Point2D(x=20, y=8)
    results = [
        order(game, Ability.MOVE, marine.tag, target_world_space_pos=there, queue_command=True)
        for _ in range(MOST_WAITING + 2)
    ]
    assert results == [error_pb2.Success] * (MOST_WAITING + 1) + [error_pb2.QueueIsFull]


def test_a_move_to_a_unit_goes_where_it_stands() -> None:
    game, (marine, medivac) = battle(creation(COPY_IDS[MARINE], 1, 8, 8), creation(COPY_IDS[MEDIVAC], 1, 12, 12))
    assert order(game, Ability.MOVE, marine.tag, target_unit_tag=medivac.tag) == error_pb2.Success
    assert order(game, Ability.MOVE, marine.tag, target_unit_tag=5) == error_pb2.MustTargetVisibleUnit
    ask(game, step=api.RequestStep(count=60))
    assert (round(units(game)[0].pos.x), round(units(game)[0].pos.y)) == (12, 12)


def test_what_has_roots_does_not_walk() -> None:
    game, (crawler,) = battle(creation(UNITS["spine_crawler"].stock_id, 1, 8, 8))
    there = common_pb2.Point2D(x=20, y=8)
    for ability in (Ability.MOVE, Ability.ATTACK):
        assert order(game, ability, crawler.tag, target_world_space_pos=there) == error_pb2.UnitCantMove
    assert order(game, Ability.STOP, crawler.tag) == error_pb2.Success


def test_the_player_may_call_units_by_their_stock_numbers() -> None:
    _, (own, copy, foe) = battle(
        creation(STOCK_IDS[MARINE], 1, 8, 8),
        creation(COPY_IDS[MARINE], 1, 10, 8),
        creation(STOCK_IDS[MARINE], 2, 12, 8),
    )
    assert [unit.unit_type for unit in (own, copy, foe)] == [48, COPY_IDS[MARINE], 48]
    assert [unit.owner for unit in (own, copy, foe)] == [1, 1, 2]


def test_questions() -> None:
    sides = [
        creation(COPY_IDS[MARINE], 1, 8, 8),
        creation(COPY_IDS[MEDIVAC], 1, 0.5, 0.5),
        creation(STOCK_IDS[MARINE], 2, 20, 8),
    ]
    game, (marine, medivac, foe) = battle(*sides)
    near, far, margin = (common_pb2.Point2D(x=x, y=y) for x, y in ((11, 12), (300, 4), (0.5, 4)))
    pathing = [
        query_pb2.RequestQueryPathing(unit_tag=marine.tag, end_pos=near),
        query_pb2.RequestQueryPathing(start_pos=common_pb2.Point2D(x=8, y=12), end_pos=near),
        query_pb2.RequestQueryPathing(unit_tag=marine.tag, end_pos=margin),
        query_pb2.RequestQueryPathing(unit_tag=marine.tag, end_pos=far),
        query_pb2.RequestQueryPathing(unit_tag=medivac.tag, end_pos=margin),
        query_pb2.RequestQueryPathing(unit_tag=5, end_pos=near),
    ]
    placements = [
        query_pb2.RequestQueryBuildingPlacement(ability_id=321, target_pos=place)
        for place in (near, margin, common_pb2.Point2D(x=8.1, y=8.1))
    ]
    abilities = [
        query_pb2.RequestQueryAvailableAbilities(unit_tag=tag) for tag in (marine.tag, medivac.tag, foe.tag, 5)
    ]
    answer = ask(game, query=query_pb2.RequestQuery(pathing=pathing, placements=placements, abilities=abilities))
    assert [each.distance for each in answer.pathing] == [5, 3, 0, 0, 3.5, 0]
    assert [each.result for each in answer.placements] == [
        error_pb2.Success,
        error_pb2.CantBuildLocationInvalid,
        error_pb2.CantBuildLocationInvalid,
    ]
    known = [[each.ability_id for each in unit.abilities] for unit in answer.abilities]
    assert known == [[1, 4, 16, 23], [1, 4, 16, 19, 386], [], []]
    assert [each.unit_type_id for each in answer.abilities] == [COPY_IDS[MARINE], COPY_IDS[MEDIVAC], 48, 0]


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


def test_actions_that_are_no_orders() -> None:
    game = playing()
    chat = api.Action(action_chat=api.ActionChat(message="glhf"))
    select = api.Action(action_ui=api.Action().action_ui)
    assert list(ask(game, action=api.RequestAction(actions=[api.Action(), chat, select])).result) == [
        error_pb2.Success,
        error_pb2.Success,
        error_pb2.NotSupported,
    ]


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
