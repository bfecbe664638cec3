"""The core types: what an agent knows, what it decides, what an episode was. Pure Python, so that skills' sandboxes can load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

NO_OP, STOP = 0, 1
MOVES: Mapping[str, int] = {"north": 2, "south": 3, "east": 4, "west": 5}
FIRST_TARGET = 6

Position = tuple[float, float]


class UnitFacts(NamedTuple):
    """What is known of a unit type beforehand.

    Health and shield in points (`ally_health` differs for the hydralisk), `weapon_range` in map units from edge to edge (0: no
    weapon), `radius` in map units, `speed` in map units per step, `reload` in steps from one attack to the next,
    `damage_per_second` against a target without armor or the attributes it is strong against. `hits_air`: whether its weapon
    reaches flying units.
    """

    health: float
    ally_health: float
    shield: float
    weapon_range: float
    radius: float
    speed: float
    reload: float
    damage_per_second: float
    flying: bool
    hits_air: bool


@dataclass(frozen=True, slots=True)
class Constants:
    """What every agent of a scenario knows beforehand. `unit_types` stand in type-bit order, each with its row of `UnitFacts` in
    `unit_rows`; sizes in map units; `arena` names the map's walls (`envs.arenas`).
    """

    scenario: str
    race: str
    setting: str
    n_agents: int
    n_enemies: int
    n_actions: int
    unit_types: tuple[str, ...]
    map_size: tuple[float, float]
    episode_limit: int
    unit_rows: tuple[tuple[float, ...], ...] = ()
    arena: str = "flat"


class Entity(NamedTuple):
    """A unit as one agent knows it.

    Positions in map units (x east, y north), `relative` from the knowing agent; health and shield as fractions of the unit's
    maximum; `attackable`: an attack on it would take effect now; `last_action`: an ally's, known only by message; `hops`: 0 seen
    with own eyes, else how many messages it took; `age`: steps since it was seen; `aims_at`: the agent that an enemy attacks or is
    ordered to attack, None for nobody, and always None but under full information.
    """

    team: str
    id: int
    unit_type: str
    position: Position
    relative: Position
    distance: float
    health: float
    shield: float
    attackable: bool
    last_action: int | None
    hops: int
    age: int
    aims_at: int | None = None


class Observation(NamedTuple):
    """All that one agent knows at one step: the door between environment and agent, for planners, pictures, texts and skills.

    `enemies` and `allies` hold the living entities it knows of, by ascending id; `available` the legal actions; `can_move` the
    four directions; ranges in map units; `units` the facts of every unit type of the scenario; `arena` names the map's walls.
    """

    agent_id: int
    step: int
    own: Entity
    allies: tuple[Entity, ...]
    enemies: tuple[Entity, ...]
    can_move: Mapping[str, bool]
    last_action: int | None
    sight_range: float
    shoot_range: float
    map_size: tuple[float, float]
    available: tuple[int, ...]
    units: Mapping[str, UnitFacts] = MappingProxyType({})
    arena: str = "flat"


@dataclass(frozen=True, slots=True)
class Decision:
    """A planner's decision for one agent: the sub-task, the skill that serves it, the skill's parameters, and why.

    `new_skill`: what a skill should do that the planner would rather have had; "" for none.
    """

    task: str
    skill: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    reasoning: str = ""
    new_skill: str = ""


class Outcome(StrEnum):
    """How an episode ended. `draw`: both teams died at once; `env_crash`: the environment failed, which is nobody's loss."""

    WIN = "win"
    LOSS = "loss"
    DRAW = "draw"
    TIMEOUT = "timeout"
    ENV_CRASH = "env_crash"


class Trigger(StrEnum):
    """Why an agent planned at a step."""

    START = "start"
    PERIOD = "period"
    FIRST_CONTACT = "first_contact"
    ALLY_LOST = "ally_lost"
    LOW_HEALTH = "low_health"


@dataclass(frozen=True, slots=True)
class SkillFault:
    """A skill's mistake: its kind (see `compass.skills`), one line about it, and whom it cost the fallback action."""

    agent_id: int
    skill: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class PlanFault:
    """A mistake of a model, or of the way to it: in which module of the planner, its kind (`compass.models.FaultKind`),
    and one line about it.
    """

    module: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a planner answered: a decision, and the mistakes on the way to it.

    `answered`: false when the model gave no usable answer, so that the agent keeps what it had. `needs_improvement`: what a
    reflection found wanting in the agent's last decision, "" for nothing.
    """

    decision: Decision
    faults: tuple[PlanFault, ...] = ()
    answered: bool = True
    needs_improvement: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that takes effect at a step: whose, and why it was asked for `delay` steps before; the rest as of `Plan`.

    `version`: sha256 of the text of the skill that acts from now on.
    """

    agent_id: int
    trigger: Trigger
    decision: Decision
    faults: tuple[PlanFault, ...] = ()
    answered: bool = True
    delay: int = 0
    needs_improvement: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One environment step as listeners see it.

    `before` is the frame the team acted on, `after` the one that followed (`envs.skirmish.Frame`); `exchange` what each agent
    knew after communication (`compass.communication.Exchange`).
    """

    step: int
    before: Any
    exchange: Any
    planned: tuple[Planned, ...]
    actions: tuple[int, ...]
    faults: tuple[SkillFault, ...]
    after: Any


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """One finished episode. `returned` is the sum of scaled rewards, `raw_return` of unscaled ones; `length` in steps.

    `faults` are the skills' mistakes by kind, `plan_faults` the planner's, and `unanswered` the plans to which
    its model gave no usable answer. `reproducible` is false when a deadline, which
    depends on the machine, decided an action.
    """

    seed: int
    outcome: Outcome
    returned: float
    raw_return: float
    length: int
    dead_allies: int
    dead_enemies: int
    plans: int
    messages: int
    faults: Mapping[str, int]
    reproducible: bool
    detail: str = ""
    plan_faults: Mapping[str, int] = field(default_factory=dict)
    unanswered: int = 0
