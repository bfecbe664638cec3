"""What units can be ordered to do, what comes of it, and what can be asked about it."""

from __future__ import annotations

from typing import Any

import pytest

from envs.units import UNITS

pytest.importorskip("s2clientprotocol", reason="s2clientprotocol is not installed: make sc2")

from s2clientprotocol import common_pb2, debug_pb2, error_pb2, query_pb2
from s2clientprotocol import sc2api_pb2 as api

from envs.sc2api.game import Game
from envs.sc2api.ids import COPY_IDS, STOCK_IDS, Ability
from envs.sc2api.world import MOST_WAITING
from tests.envs.sc2api.asking import MARINE, MEDIVAC, ZEALOT, ask, battle, creation, order, playing, units


def each_is_taken(game: Game, abilities: tuple[Ability, ...], tag: int, **target: Any) -> None:
    for ability in abilities:
        assert order(game, ability, tag, **target) == error_pb2.Success


def test_numbers_of_abilities_may_be_negative() -> None:
    game, (marine,) = battle(creation(COPY_IDS[MARINE], 1, 8, 8))
    assert order(game, -5, marine.tag) == error_pb2.NotSupported
    (error,) = ask(game, observation=api.RequestObservation()).action_errors
    assert (error.unit_tag, error.ability_id) == (marine.tag, 0)


def test_orders_and_what_they_show() -> None:
    game, (marine, foe) = battle(creation(COPY_IDS[MARINE], 1, 8, 8), creation(STOCK_IDS[MEDIVAC], 2, 10, 8))
    goal = common_pb2.Point2D(x=8, y=12)
    moves = (Ability.MOVE, Ability.GENERAL_MOVE, Ability.SMART)
    each_is_taken(game, moves, marine.tag, target_world_space_pos=goal)
    (shown,) = units(game)[0].orders
    assert (shown.ability_id, shown.target_world_space_pos.y) == (16, 12)
    each_is_taken(game, (Ability.ATTACK, Ability.GENERAL_ATTACK, Ability.SMART), marine.tag, target_unit_tag=foe.tag)
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
    each_is_taken(game, (Ability.HEAL, Ability.SMART), medivac.tag, target_unit_tag=marine.tag)
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
    attacks = (Ability.GENERAL_ATTACK, Ability.SCAN_MOVE, Ability.ATTACK)
    each_is_taken(game, attacks, marine.tag, target_world_space_pos=goal)
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


def test_actions_that_are_no_orders() -> None:
    game = playing()
    chat = api.Action(action_chat=api.ActionChat(message="glhf"))
    select = api.Action(action_ui=api.Action().action_ui)
    assert list(ask(game, action=api.RequestAction(actions=[api.Action(), chat, select])).result) == [
        error_pb2.Success,
        error_pb2.Success,
        error_pb2.NotSupported,
    ]
