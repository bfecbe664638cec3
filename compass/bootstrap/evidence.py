"""What demonstrations show of each unit type: whom it attacks, from where, when it steps back, and what it does meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from compass.bootstrap.choices import Choices
from compass.demos.file import Demonstrations, Episode
from compass.skill import attack, can_hit, centroid, chasers, distance, nearest, reach, vitality
from compass.types import FIRST_TARGET, MOVES, Entity, EpisodeResult, Observation, Outcome, Position

ENOUGH_WINS = 10
"""With fewer won battles in a file, lost ones are looked at too."""
MELEE = 2.0  # weapons that reach less far, in map units, strike hand to hand
DECILES = 10
_HEALER = "medivac"
_TURN = 0.38  # cosine of the angle up to which a move still leads toward something: those of two axes overlap a little
_NEAR_MELEE = 4.0  # map units beyond a melee weapon's reach within which it asks for an answer
_GATHERED = 4.0  # map units from comrades beyond which going to them means something
_COMPASS: dict[int, Position] = {
    MOVES["north"]: (0.0, 1.0),
    MOVES["south"]: (0.0, -1.0),
    MOVES["east"]: (1.0, 0.0),
    MOVES["west"]: (-1.0, 0.0),
}


@dataclass
class Evidence:
    """Of one unit type. Lists hold map units; counters count steps.

    shots: distances to targets in reach. pressed and gave_way: by tenths of the own hit points, steps with enemies close who can
    hit, and how many of these the unit moved away; runs: how many steps it went on without turning back. melee: what it did
    ("away", "shoot", "other") while a melee enemy was close and its own weapon had just been used; gaps: how far beyond that
    enemy's reach it was when it stepped away. closing: what it did with enemies known but none in reach. idle: what it did while no
    enemy was known; joined: how far the fighting ally was to whom it went then. blind: shots at enemies nobody sees. spread:
    distances to the allies' centre. threats: distances to the nearest enemy when a healer moved away from it, close_by: healers'
    steps with one within 12.
    """

    unit_type: str
    choices: Choices
    steps: int = 0
    lives: int = 0
    shots: list[float] = field(default_factory=list)
    pressed: list[int] = field(default_factory=lambda: [0] * DECILES)
    gave_way: list[int] = field(default_factory=lambda: [0] * DECILES)
    runs: list[int] = field(default_factory=list)
    melee: Counter[str] = field(default_factory=Counter)
    gaps: list[float] = field(default_factory=list)
    closing: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    joined: list[float] = field(default_factory=list)
    blind: int = 0
    spread: list[float] = field(default_factory=list)
    threats: list[float] = field(default_factory=list)
    close_by: int = 0


def collect(files: Iterable[Demonstrations]) -> dict[str, Evidence]:
    """The evidence by unit type, for every type that an agent of the files' scenarios can be.

    Of each file the won battles count, or all where fewer than `ENOUGH_WINS` were won.
    """
    found: dict[str, Evidence] = {}
    for demos in files:
        kinds = demos.constants.unit_types
        for kind in demos.scenario.teams.allies or kinds:
            found.setdefault(kind, Evidence(kind, Choices(kinds, patients=kind == _HEALER)))
        for episode in demos.episodes(looked_at(demos)):
            for agent in range(demos.constants.n_agents):
                _follow(episode, agent, found)
    return found


def looked_at(demos: Demonstrations) -> tuple[EpisodeResult, ...]:
    """The battles of a file that count as evidence."""
    won = won_of(demos)
    return won if len(won) >= ENOUGH_WINS else demos.results


def won_of(demos: Demonstrations) -> tuple[EpisodeResult, ...]:
    """The battles of a file that were won."""
    return tuple(result for result in demos.results if result.outcome is Outcome.WIN)


def _follow(episode: Episode, agent: int, found: dict[str, Evidence]) -> None:
    """Follow one agent through a battle."""
    shot_at, run = -99, 0
    evidence: Evidence | None = None
    for obs, action in episode.life(agent):
        if evidence is None:
            evidence = found[obs.own.unit_type]
            evidence.lives += 1
        evidence.steps += 1
        if obs.allies:
            evidence.spread.append(distance(obs.own.position, centroid(obs.allies)))
        if evidence.choices.patients:
            _heals(evidence, obs, action)
            continue
        reload = obs.units[obs.own.unit_type].reload
        if (obs.last_action or 0) >= FIRST_TARGET and obs.step - 1 - shot_at >= reload:
            shot_at = obs.step - 1
        _fights(evidence, obs, action, reloading=obs.step - shot_at < reload)
        near = nearest(chasers(obs))
        on = (
            action in _COMPASS and not leads(action, obs, nearest(obs.enemies))
            if run
            else leads(action, obs, near, True)
        )
        if run and not on:
            evidence.runs.append(run)
        run = run + 1 if on else 0
    if evidence is not None and run:
        evidence.runs.append(run)


def _fights(evidence: Evidence, obs: Observation, action: int, reloading: bool) -> None:
    targets = [enemy for enemy in obs.enemies if enemy.attackable]
    chosen = next((enemy for enemy in obs.enemies if attack(enemy.id) == action), None)
    if action >= FIRST_TARGET and chosen is None:
        evidence.blind += 1
    if chosen is not None and chosen.attackable:
        evidence.shots.append(chosen.distance)
        if len(targets) > 1:
            evidence.choices.add(obs, targets, chosen)
    if not obs.enemies:
        _idles(evidence, obs, action)
    elif not targets:
        evidence.closing[_way(obs, action)] += 1
    near = chasers(obs)
    melee = [enemy for enemy in near if reach(enemy, obs) < MELEE]
    if melee and reloading and obs.units[obs.own.unit_type].weapon_range >= MELEE:
        closest = nearest(melee)
        if closest is not None and closest.distance < reach(closest, obs) + _NEAR_MELEE:
            fled = leads(action, obs, closest, back=True)
            evidence.melee["away" if fled else "shoot" if action >= FIRST_TARGET else "other"] += 1
            if fled:
                evidence.gaps.append(max(0.0, closest.distance - reach(closest, obs)))
    elif near:
        tenth = min(DECILES - 1, int(vitality(obs.own, obs) * DECILES))
        evidence.pressed[tenth] += 1
        evidence.gave_way[tenth] += leads(action, obs, nearest(near), back=True)


def _idles(evidence: Evidence, obs: Observation, action: int) -> None:
    fighting = [ally for ally in obs.allies if (ally.last_action or 0) >= FIRST_TARGET and ally.unit_type != _HEALER]
    comrade = nearest(fighting)
    width, height = obs.map_size
    if action >= FIRST_TARGET:
        evidence.idle["shoots blind"] += 1
    elif action not in _COMPASS:
        evidence.idle["stands"] += 1
    elif comrade is not None and comrade.distance > 1.0 and leads(action, obs, comrade):
        evidence.idle["joins a fighting ally"] += 1
        evidence.joined.append(comrade.distance)
    elif leads(action, obs, (width / 2, height / 2)):
        evidence.idle["goes to the centre"] += 1
    else:
        evidence.idle["goes elsewhere"] += 1


def _way(obs: Observation, action: int) -> str:
    """What a unit does that knows enemies and reaches none."""
    if action >= FIRST_TARGET:
        return "attacks what is out of reach or unseen"
    if action not in _COMPASS:
        return "stands"
    prey = nearest(enemy for enemy in obs.enemies if can_hit(enemy, obs))
    if leads(action, obs, prey):
        return "approaches"
    centre = centroid(obs.allies) if obs.allies else None
    if centre is not None and distance(centre, obs.own.position) > _GATHERED and leads(action, obs, centre):
        return "gathers"
    return "leaves" if leads(action, obs, prey, back=True) else "goes elsewhere"


def _heals(evidence: Evidence, obs: Observation, action: int) -> None:
    wounded = [ally for ally in obs.allies if ally.attackable and ally.health < 1]
    patient = next((ally for ally in obs.allies if attack(ally.id) == action), None)
    if patient is not None:
        evidence.shots.append(patient.distance)
        if patient in wounded and len(wounded) > 1:
            evidence.choices.add(obs, wounded, patient)
        return
    threat = nearest(obs.enemies)
    if threat is not None and threat.distance < 12.0:
        evidence.close_by += 1
        if leads(action, obs, threat, back=True):
            evidence.threats.append(threat.distance)
    elif threat is None:
        evidence.idle["stands" if action not in _COMPASS else "moves"] += 1


def leads(action: int, obs: Observation, goal: Entity | Position | None, back: bool = False) -> bool:
    """Whether an action is a move toward a goal, or with `back` away from it."""
    if goal is None or action not in _COMPASS:
        return False
    x, y = goal.position if isinstance(goal, Entity) else goal
    dx, dy = x - obs.own.position[0], y - obs.own.position[1]
    far = distance((dx, dy), (0.0, 0.0))
    along = _COMPASS[action][0] * dx + _COMPASS[action][1] * dy
    return far > 0.0 and (-along if back else along) > _TURN * far
