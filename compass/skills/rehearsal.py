"""A dry run of a library: every skill plays a few made-up moments of a battle, so that its mistakes show before the first one.

The moments are legal and plain: nobody known, alone, first contact, a close fight when weak and cornered, a survivor's last stand,
and enemies that are known to aim at the playing agent.
A skill that does well here may still fail in a battle; one that fails here would fail there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from compass.observation.decode import constants_of
from compass.skills.faults import Reply
from compass.skills.library import Broken, Library, Skill
from compass.skills.sandbox import Sandbox
from compass.types import FIRST_TARGET, MOVES, STOP, Constants
from compass.wire import ROW, pack
from envs.scenario_file import load_scenario
from envs.units import RACES, UNITS

_AT_ONCE = 30  # skills' processes: far below any limit on open files
_HEALER = "medivac"
_AGENT, _X, _Y = 0, 16.0, 12.0  # who plays, and where it stands


class Moment(NamedTuple):
    """What the playing agent meets: its own health, the known others' offsets in map units, and the legal directions.

    heard: how many messages the news of the enemies took, which is its age in steps, too. aimed: whether it is known that the
    enemies aim at the playing agent.
    """

    step: int
    health: float
    allies: tuple[tuple[float, float], ...]
    enemies: tuple[tuple[float, float], ...]
    heard: int = 0
    moves: tuple[str, ...] = tuple(MOVES)
    aimed: bool = False


_COMRADES = ((-1.5, 0.0), (0.0, 2.0), (-2.0, -2.0), (-3.0, 1.0))
MOMENTS = (
    Moment(0, 1.0, _COMRADES, ()),
    Moment(1, 1.0, (), ()),
    Moment(2, 1.0, _COMRADES, ((9.0, 1.0), (8.0, -2.0)), heard=2),
    Moment(3, 0.8, _COMRADES, ((5.0, 0.0), (5.5, 1.5), (6.0, -2.0), (7.0, 0.0), (7.0, 2.0))),
    Moment(4, 0.2, _COMRADES[:2], ((0.9, 0.0), (2.0, 1.0), (3.0, -1.0)), moves=("north",)),
    Moment(5, 0.1, (), ((1.5, -1.5),), moves=()),
    Moment(6, 0.3, _COMRADES, ((2.0, 0.0), (2.0, 1.5), (4.0, -1.0)), aimed=True),
)


def rehearse(library: Library) -> list[Broken]:
    """The first mistake of each skill that makes one, by file.

    Raises:
        InputError: skills cannot be confined here, so none was run.
    """
    found: dict[str, Broken] = {}
    with Sandbox(library) as sandbox:
        for race, kinds in RACES.items():
            constants = constants_of(load_scenario(f"{race}_5_vs_5_epo"))
            parts = [(skill, kind) for skill in library.skills.values() for kind in kinds if skill.serves(kind)]
            parts = [part for part in parts if part[0].name not in found]
            for at in range(0, len(parts), _AT_ONCE):
                _play(sandbox, constants, parts[at : at + _AT_ONCE], found)
    return [found[name] for name in sorted(found)]


def _play(sandbox: Sandbox, constants: Constants, parts: Sequence[tuple[Skill, str]], found: dict[str, Broken]) -> None:
    """Let each part, a skill and the unit type that plays it, meet all moments in turn, up to the skill's first mistake."""
    team = sandbox.open_team(constants, range(len(parts)))
    try:
        for index, (skill, _) in enumerate(parts):
            team.assign(index, skill.name)
        for moment in MOMENTS:
            left = [index for index, (skill, _) in enumerate(parts) if skill.name not in found]
            calls = [(index, payload(constants, parts[index][1], moment)) for index in left]
            for index, reply in zip(left, team.act(calls), strict=True):
                skill, kind = parts[index]
                if reply.fault is not None:
                    found.setdefault(skill.name, problem(skill, kind, reply))
    finally:
        team.close()


def problem(skill: Skill, kind: str, reply: Reply) -> Broken:
    """A fault of a skill that was tried as this unit type."""
    where = re.fullmatch(r"line (\d+): (.*)", reply.detail)
    line, reason = (int(where[1]), where[2]) if where else (1, reply.detail)
    return Broken(skill.path.name, line, f"{reason} ({reply.fault}, when tried as a {kind})")


def payload(constants: Constants, kind: str, moment: Moment) -> bytes:
    """What an agent of this unit type knows at a moment, as `compass.wire` packs it."""
    reach = float(UNITS[kind].smac_shoot_range)
    n_kinds, step = len(constants.unit_types), moment.step
    rows = [_row(step, _AGENT, (0.0, 0.0), constants.unit_types.index(kind), moment.health)]
    legal = [STOP, *(MOVES[direction] for direction in moment.moves)]
    for ally, offset in enumerate(moment.allies, 1):
        healable = kind == _HEALER and constants.unit_types[ally % n_kinds] != _HEALER
        rows.append(_row(step, ally, offset, ally % n_kinds, 0.7, healable, deed=STOP))
        legal += [FIRST_TARGET + ally] * healable
    for enemy, offset in enumerate(moment.enemies):
        near = kind != _HEALER and _length(offset) <= reach and not moment.heard
        slot, aim = constants.n_agents + enemy, _AGENT if moment.aimed else -1
        rows.append(_row(step - moment.heard, slot, offset, enemy % n_kinds, 0.9, near, moment.heard, aim))
    if kind != _HEALER:
        legal += [FIRST_TARGET + enemy for enemy in range(constants.n_enemies)]  # as under epo: who lives, near or not
    mask = bytes(action in legal for action in range(constants.n_actions))
    last_action = STOP if step else -1
    return pack(_AGENT, step, last_action, (float(UNITS[kind].smac_sight), reach), mask, b"".join(rows))


def _row(
    seen: int,
    slot: int,
    offset: tuple[float, float],
    kind: int,
    health: float,
    attackable: bool = False,
    hops: int = 0,
    deed: int = -1,
) -> bytes:
    """One entity as `compass.wire` packs it. kind: an index into the unit types; deed: an ally's last action or an enemy's aim."""
    dx, dy = offset
    place = (_X + dx, _Y + dy, dx, dy, _length(offset))
    return ROW.pack(slot, seen, hops, kind, attackable, deed, *place, health, 0.0)


def _length(offset: tuple[float, float]) -> float:
    return float((offset[0] * offset[0] + offset[1] * offset[1]) ** 0.5)
