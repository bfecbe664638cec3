"""The agent-eye picture: everything one observation holds but last actions and aims, drawn, and nothing else.

A machine can read it back. Every known entity has a core: a flat square, `core_side` pixels wide, at its place (moved by less than
half a map unit where cores would touch), its colour exactly `core_colour(role, unit_type)`. No other pixel of the picture has the
red value RESERVED_RED.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from compass.observation.png import png as to_png
from compass.observation.text import HEALER, action_words, rounded
from compass.types import MOVES, Entity, Observation
from envs.drawing import (
    ALLY,
    ENEMY,
    FAINT_INK,
    HEALTHY,
    INK,
    SHIELD,
    Chart,
    Colour,
    bar,
    brackets,
    disc,
    glyph,
    ground,
    ring,
    stamp,
    vitals,
    write,
)
from envs.placing import Labels, spread
from envs.units import RACES, UNIT_NAMES, UNITS

SIZE = 512
ROLES = ("own", "ally", "enemy")
RESERVED_RED = 251
OWN: Colour = (38, 166, 122)
MARK: Colour = (255, 214, 64)
_LABEL_COLOURS: dict[str, Colour] = {"own": (150, 240, 200), "ally": (160, 208, 255), "enemy": (255, 176, 158)}
_GLYPH_COLOURS: dict[str, Colour] = {"own": OWN, "ally": ALLY, "enemy": ENEMY}
_STRENGTHS = ((0, 1.0), (2, 0.85), (5, 0.72), (10, 0.62))  # up to this age, this strong
_WEAKEST = 0.52
_SIGHT_RING: Colour = (150, 168, 192)
_SHOOT_RING: Colour = (255, 214, 64)
_WITHOUT_RESERVED = [level - (level == RESERVED_RED) for level in range(256)] + [*range(256)] * 2


def core_colour(role: str, unit_type: str) -> Colour:
    """The exact colour that marks an entity: `role` one of ROLES ("own" is the observing agent, itself an ally)."""
    return RESERVED_RED, 255 - 12 * UNIT_NAMES.index(unit_type), 255 - 90 * ROLES.index(role)


def core_side(chart: Chart) -> int:
    """Side of the cores' squares in pixels; small pictures have single points, so that neighbours keep apart."""
    return 3 if chart.unit >= 9.0 else 1


@dataclass(frozen=True)
class _Mark:
    """An entity to draw: what part it plays for the observing agent, its pixel and its glyph's radius."""

    entity: Entity
    role: str
    place: tuple[int, int]
    radius: int

    @property
    def strength(self) -> float:
        """How strongly it is drawn, by its age."""
        return next((strength for oldest, strength in _STRENGTHS if self.entity.age <= oldest), _WEAKEST)

    @property
    def label(self) -> str:
        """Team and id, then hops and age where they are not 0: "e3 h2 -5"."""
        if self.role == "own":
            return f"you a{self.entity.id}"
        hops, age = self.entity.hops, self.entity.age
        return f"{self.role[0]}{self.entity.id}" + (f" h{hops}" if hops else "") + (f" -{age}" if age else "")


def draw(obs: Observation, size: int = SIZE) -> Image.Image:
    """The picture, `size` pixels square, RGB. Raises InputError for a size outside 256..2048."""
    chart = Chart(size, obs.map_size)
    image = _sheet(chart, obs.own.unit_type, tuple(obs.units), obs.arena).copy()
    marks = _marks(chart, obs)
    _draw_ranges(image, chart, obs, marks[0].place)
    _draw_bars_and_labels(image, chart, marks)
    for mark in sorted(marks, key=lambda mark: (mark.role == "own", -mark.radius)):
        _draw_glyph(image, chart, mark)
    _draw_header(image, chart, obs)
    image = image.point(_WITHOUT_RESERVED)
    pen, reach = ImageDraw.Draw(image), core_side(chart) // 2
    for mark in marks:
        x, y = mark.place
        pen.rectangle((x - reach, y - reach, x + reach, y + reach), fill=core_colour(mark.role, mark.entity.unit_type))
    return image


def png(obs: Observation, size: int = SIZE) -> bytes:
    """The picture as a PNG file."""
    return to_png(draw(obs, size))


def _marks(chart: Chart, obs: Observation) -> list[_Mark]:
    """The agent itself first, then those it knows; cores never touch."""
    roles = [("own", obs.own)] + [("ally", ally) for ally in obs.allies] + [("enemy", enemy) for enemy in obs.enemies]
    places = spread(chart, [entity.position for _, entity in roles], core_side(chart) + 1)
    return [
        _Mark(entity, role, place, chart.radius(entity.unit_type))
        for (role, entity), place in zip(roles, places, strict=True)
    ]


def _draw_ranges(image: Image.Image, chart: Chart, obs: Observation, centre: tuple[int, int]) -> None:
    sight, shoot = round(obs.sight_range * chart.unit), round(obs.shoot_range * chart.unit)
    for sprite in (
        disc(sight, INK, 0.05),
        ring(sight, _SIGHT_RING, chart.px(1)),
        ring(shoot, _SHOOT_RING, chart.px(1), dashes=max(12, shoot // 3)),
    ):
        stamp(image, sprite, centre, chart.frame)


def _draw_bars_and_labels(image: Image.Image, chart: Chart, marks: list[_Mark]) -> None:
    """Under the glyphs; labels keep off glyphs and bars."""
    pen, labels = ImageDraw.Draw(image), Labels(chart)
    for mark in marks:
        x, y = mark.place
        entity, radius = mark.entity, mark.radius + 1
        labels.block((x - radius, y - radius, x + radius, y + radius))
        labels.block(vitals(pen, chart, mark.place, entity.unit_type, entity.health, entity.shield))
    for mark in marks:
        labels.put(mark.label, _LABEL_COLOURS[mark.role], mark.place, mark.radius)
    labels.draw(image)


def _draw_glyph(image: Image.Image, chart: Chart, mark: _Mark) -> None:
    colour, unit_type = _GLYPH_COLOURS[mark.role], mark.entity.unit_type
    stamp(image, glyph(unit_type, mark.radius, colour, mark.entity.hops > 0, mark.strength), mark.place)
    if mark.role == "own":
        stamp(image, ring(mark.radius + chart.px(3), INK, chart.px(1)), mark.place)
    if mark.entity.attackable:
        stamp(image, brackets(mark.radius + chart.px(3), MARK, chart.px(1)), mark.place)


def _draw_header(image: Image.Image, chart: Chart, obs: Observation) -> None:
    """The agent's own state in words; each part by itself, so that unchanged ones come out of the cache."""
    own = rounded(obs).own
    free = " ".join(direction[0].upper() for direction in MOVES if obs.can_move[direction]) or "none"
    status = [f"agent {obs.agent_id}, {own.unit_type}", f"step {obs.step}", f"health {own.health:.0%}"]
    if UNITS[own.unit_type].shield > 0.0:
        status.append(f"shield {own.shield:.0%}")
    status += [f"can move {free}", f"last action {action_words(obs.last_action, own.unit_type)}"]
    at = chart.px(6)
    for words in status:
        at += write(image, words, (at, chart.px(9)), chart.px(10), INK, "l") + chart.px(8)


@lru_cache(maxsize=9)
def _sheet(chart: Chart, own_type: str, unit_types: tuple[str, ...], arena: str) -> Image.Image:
    """What does not change from picture to picture of an agent: the empty map and the legend."""
    kinds = unit_types or RACES[UNITS[own_type].race]
    image = ground(chart, arena).copy()
    pen = ImageDraw.Draw(image)
    first, second, size = chart.size - chart.px(21), chart.size - chart.px(8), chart.px(10)
    at = chart.px(6)

    def item(sprite: Image.Image | None, words: str, row: int) -> None:
        nonlocal at
        if sprite is not None:
            stamp(image, sprite, (at + sprite.width // 2, row))
            at += sprite.width + chart.px(1)
        at += write(image, words, (at, row), size, FAINT_INK, "l") + chart.px(7)

    radius = chart.px(6)
    for role in ROLES:
        item(
            disc(chart.px(4), _GLYPH_COLOURS[role], 1.0),
            {"own": "you", "ally": "a: ally", "enemy": "e: enemy"}[role],
            first,
        )
    for unit_type in kinds:
        item(glyph(unit_type, radius, FAINT_INK), unit_type, first)
    item(brackets(chart.px(5), MARK, chart.px(1)), "healable" if own_type == HEALER else "attackable", first)
    at = chart.px(6)
    round_unit = "baneling"
    item(glyph(round_unit, chart.px(5), ENEMY), "seen", second)
    item(glyph(round_unit, chart.px(5), ENEMY, hollow=True), "h2: by 2 messages", second)
    item(glyph(round_unit, chart.px(5), ENEMY, strength=_WEAKEST), "-3: age in steps", second)
    for words, colour in (
        ("health", HEALTHY),
        *((("shield", SHIELD),) if any(UNITS[kind].shield for kind in kinds) else ()),
    ):
        bar(pen, (at, second, at + chart.px(12), second + chart.px(2)), 0.7, colour)
        at += chart.px(15)
        item(None, words, second)
    item(ring(chart.px(4), _SIGHT_RING, chart.px(1)), "sight", second)
    item(ring(chart.px(4), _SHOOT_RING, chart.px(1), dashes=6), "shoot range", second)
    return image
