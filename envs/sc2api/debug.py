"""Debug commands: how smacv2 sets up its battles. They take effect when the next loop begins."""

from __future__ import annotations

import math
from collections.abc import Iterable

from s2clientprotocol import debug_pb2

from envs.sc2api.errors import RequestError
from envs.sc2api.ids import SIDE_OF_OWNER, UNIT_OF_ID
from envs.sc2api.world import Creation, World

_IGNORED = ("draw", "test_process", "score", "end_game")  # they change nothing in the battle
# Cheats that change nothing where there is no fog, no economy and nothing to build.
_NO_MATTER = (
    debug_pb2.show_map,
    debug_pb2.food,
    debug_pb2.free,
    debug_pb2.all_resources,
    debug_pb2.minerals,
    debug_pb2.gas,
    debug_pb2.tech_tree,
    debug_pb2.fast_build,
)


def debug(world: World, commands: Iterable[debug_pb2.DebugCommand]) -> None:
    """Put these commands before the next loop.

    Raises:
        RequestError: one of them cannot be done; then none of them is.
    """
    pending: list[Creation | int] = []
    created = 0
    for command in commands:
        kind = command.WhichOneof("command")
        if kind == "create_unit":
            creation, quantity = _creation(command.create_unit)
            created += quantity
            if created > world.room:
                raise RequestError(
                    f"debug: create_unit: room for {world.room} more units in this battle, {created} asked for"
                )
            pending += [creation] * quantity
        elif kind == "kill_unit":
            pending += command.kill_unit.tag
        elif kind == "game_state" and command.game_state not in _NO_MATTER:
            name = debug_pb2.DebugGameState.Name(command.game_state)
            raise RequestError(f"debug: game_state {name} is not supported by the embedded engine")
        elif kind not in (*_IGNORED, "game_state"):
            raise RequestError(f"debug: {kind or 'an empty command'} is not supported by the embedded engine")
    for item in pending:
        if isinstance(item, Creation):
            world.create(item)
        else:
            world.kill(item)


def _creation(command: debug_pb2.DebugCreateUnit) -> tuple[Creation, int]:
    """One of the units to create, and how many of them."""
    unit = UNIT_OF_ID.get(command.unit_type)
    if unit is None:
        known = ", ".join(str(unit_id) for unit_id in sorted(UNIT_OF_ID))
        raise RequestError(f"debug: create_unit: no unit type {command.unit_type}; known types: {known}")
    side, index = unit
    owner = SIDE_OF_OWNER.get(command.owner)
    if owner is None:
        raise RequestError(f"debug: create_unit: there is no player {command.owner}, only 1 and 2")
    if owner == 1 and side == 0:
        raise RequestError(
            f"debug: create_unit: player 2 cannot have unit type {command.unit_type}: the map's own copies (the last types "
            "of the data) are player 1's"
        )
    if not math.isfinite(command.pos.x) or not math.isfinite(command.pos.y):
        raise RequestError(f"debug: create_unit: ({command.pos.x}, {command.pos.y}) is no position")
    quantity = command.quantity if command.HasField("quantity") else 1
    return Creation(index, owner, command.pos.x, command.pos.y, as_stock=owner != side), quantity
