"""The game behind the API: loops, battles, tags, and when debug commands take effect."""

import numpy as np

from envs.engine.state import MAX_UNITS
from envs.sc2api.ids import COPY_IDS
from envs.sc2api.world import FIRST_TAG, Creation, World
from envs.units import UNIT_NAMES

MARINE, BANELING, COLOSSUS = (UNIT_NAMES.index(name) for name in ("marine", "baneling", "colossus"))
FIELDS = ("x", "y", "health", "cooldown", "order", "target", "alive")


def keys(battle: int) -> int:
    return 1000 + battle


def duel(world: World) -> None:
    """Three marines against three."""
    for i in range(3):
        world.create(Creation(MARINE, 0, 12.0, 12.0 + i))
        world.create(Creation(MARINE, 1, 18.0, 12.0 + i))


def clear(world: World) -> None:
    for slot in world.living():
        world.kill(world.tags[slot])
    world.advance(2)


def test_debug_commands_wait_for_the_next_loop() -> None:
    world = World(keys)
    world.create(Creation(MARINE, 0, 8.0, 8.0))
    assert world.living() == []
    world.advance(1)
    assert world.living() == [0]
    world.kill(world.tags[0])
    assert world.living() == [0]
    world.advance(1)
    assert world.living() == []


def test_creation_order_is_slot_order() -> None:
    world = World(keys)
    duel(world)
    world.advance(1)
    assert world.living() == [0, 1, 2, 3, 4, 5]
    assert world.tags == list(range(FIRST_TAG, FIRST_TAG + 6))
    assert world.engine.units["side"][:6].tolist() == [0, 1, 0, 1, 0, 1]


def test_tags_are_never_used_again() -> None:
    world = World(keys)
    seen: set[int] = set()
    for _ in range(3):
        duel(world)
        world.advance(1)
        assert seen.isdisjoint(world.tags)
        seen |= set(world.tags)
        clear(world)
        assert world.living() == []
    assert len(seen) == 18


def test_a_battle_begins_on_an_empty_field_only() -> None:
    asked: list[int] = []
    world = World(lambda battle: asked.append(battle) or battle)
    duel(world)
    world.advance(1)
    world.create(Creation(MARINE, 0, 4.0, 4.0))  # joins the battle under way
    world.advance(1)
    assert (asked, world.battles, world.living()[-1]) == ([0], 1, 6)
    clear(world)
    duel(world)
    world.advance(1)
    assert (asked, world.battles, world.living()) == ([0, 1], 2, [0, 1, 2, 3, 4, 5])


def test_killed_and_created_before_the_same_loop_is_a_new_battle() -> None:
    world = World(keys)
    duel(world)
    world.advance(8)
    for tag in list(world.tags):
        world.kill(tag)
    duel(world)
    world.advance(1)
    assert (world.battles, world.living()) == (2, [0, 1, 2, 3, 4, 5])
    assert (world.engine.units["health"][:6] == 45.0).all()


def test_the_dead_are_reported_once_and_have_no_slot() -> None:
    world = World(keys)
    duel(world)
    world.advance(1)
    tag = world.tags[2]
    world.kill(tag)
    world.kill(12345)  # no unit: ignored
    world.advance(1)
    assert (world.take_dead(), world.take_dead(), world.slot(tag)) == ([tag], [], None)
    assert world.living() == [0, 1, 3, 4, 5]


def test_nothing_of_earlier_battles_reaches_into_a_battle() -> None:
    """The same key plays the same battle, on a fresh game and on one that has seen battles and idle loops."""
    fresh, used = World(lambda _: 7), World(lambda battle: 7 if battle else 99)
    duel(used)
    used.advance(37)
    clear(used)
    used.advance(11)
    for world in (fresh, used):
        duel(world)
        world.advance(1)
    for _ in range(30):
        for field in FIELDS:
            assert np.array_equal(fresh.engine.units[field][:6], used.engine.units[field][:6]), field
        fresh.advance(3)
        used.advance(3)
    assert used.loop == fresh.loop + 37 + 2 + 11


def test_room_counts_the_dead_and_the_waiting() -> None:
    world = World(keys)
    assert world.room == MAX_UNITS
    duel(world)
    assert world.room == MAX_UNITS - 6
    world.advance(1)
    world.kill(world.tags[0])
    world.advance(1)
    assert world.room == MAX_UNITS - 6
    clear(world)
    assert world.room == MAX_UNITS


def test_what_finds_no_place_is_not_created_and_all_else_is_done() -> None:
    """As in the game: fewer are created. Here 169 colossi leave room between them for marines alone."""
    world = World(keys)
    for i in range(13 * 13):
        world.create(Creation(COLOSSUS, 0, 2.5 + 2.25 * (i % 13), 2.5 + 2.25 * (i // 13)))
    world.advance(1)
    crowd = world.living()
    assert len(crowd) == 169
    world.create(Creation(COLOSSUS, 0, 16.0, 16.0))
    world.create(Creation(MARINE, 0, 16.0, 16.0))
    world.kill(world.tags[0])
    world.advance(2)
    assert (world.loop, world.battles, world.living()) == (3, 1, [*crowd[1:], 169])
    assert world.type_ids[169] == COPY_IDS[MARINE]
    assert world.room == MAX_UNITS - 170


def test_a_baneling_killed_by_debug_does_not_burst() -> None:
    world = World(keys)
    world.create(Creation(BANELING, 1, 16.0, 16.0))
    world.create(Creation(MARINE, 0, 17.5, 16.0))
    world.advance(1)
    world.kill(world.tags[0])
    world.advance(2)
    assert (world.living(), world.engine.units[1]["health"]) == ([1], 45.0)


def test_one_death_can_bring_others() -> None:
    """The world's books follow the engine's: banelings that attack die of it, and take marines along."""
    world = World(keys)
    for _ in range(2):
        world.create(Creation(BANELING, 1, 16.0, 16.0))
    for _ in range(4):
        world.create(Creation(MARINE, 0, 19.0, 16.0))
    for _ in range(60):
        world.advance(1)
        alive = world.engine.units["alive"]
        assert world.living() == [slot for slot in range(6) if alive[slot]]
    assert len(world.living()) < 4
