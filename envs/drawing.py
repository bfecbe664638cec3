"""Drawing primitives shared by the agent-eye and the spectator's picture: map, unit glyphs, bars, text. Pillow only, no display.

Lengths are pixels of a picture 512 wide; `Chart.px` scales them. Everything round or slanted is a sprite, drawn once four times too
large, shrunk and cached, so that pictures are smooth and cheap. The same calls give the same pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import ceil, floor

from PIL import Image, ImageDraw, ImageFont

from envs.arenas import FLAT, arena_rows
from envs.errors import InputError
from envs.units import UNITS

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

PAPER: Colour = (13, 17, 23)
GROUND: Colour = (25, 32, 42)
EDGE: Colour = (18, 23, 31)
HATCH: Colour = (29, 36, 47)
GRID: Colour = (34, 43, 56)
BORDER: Colour = (96, 112, 134)
INK: Colour = (222, 228, 236)
FAINT_INK: Colour = (138, 150, 168)
ALLY: Colour = (46, 134, 222)
ENEMY: Colour = (226, 78, 54)
HEALTHY: Colour = (70, 200, 96)
HURT: Colour = (236, 190, 60)
DYING: Colour = (240, 74, 58)
SHIELD: Colour = (110, 200, 250)
TRACK: Colour = (8, 10, 14)

SMALLEST, LARGEST = 256, 2048  # picture widths: below, the labels cannot be read; above, nothing is gained
MAP_WIDTH, MAP_LEFT, MAP_TOP = 448, 32, 18
TICK = 4  # map units between grid lines
_OVERSAMPLE = 4
_BOLDER = 1  # quarter pixels added all round each letter, or hyphens and thin strokes fade away

_SHAPES: dict[str, tuple[tuple[float, float], ...]] = {  # x right, y down, within the unit circle; a unit without one is round
    "zergling": ((0, -1), (0.9, 0.75), (-0.9, 0.75)),
    "hydralisk": ((0, 1), (-0.95, -0.15), (-0.6, -0.9), (0, -0.45), (0.6, -0.9), (0.95, -0.15)),
    "zealot": ((0, -1), (0.85, 0), (0, 1), (-0.85, 0)),
    "stalker": ((0, -0.45), (0.72, -0.85), (0.5, 0), (0.72, 0.85), (0, 0.45), (-0.72, 0.85), (-0.5, 0), (-0.72, -0.85)),
    "colossus": (
        (-0.82, -0.82), (-0.36, -0.82), (-0.3, -0.5), (0.3, -0.5), (0.36, -0.82), (0.82, -0.82),
        (0.82, 0.82), (0.36, 0.82), (0.3, 0.5), (-0.3, 0.5), (-0.36, 0.82), (-0.82, 0.82),
    ),
    "marine": ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
    "marauder": ((-1, 0), (-0.5, -0.87), (0.5, -0.87), (1, 0), (0.5, 0.87), (-0.5, 0.87)),
    "medivac": (
        (-0.33, -0.95), (0.33, -0.95), (0.33, -0.33), (0.95, -0.33), (0.95, 0.33), (0.33, 0.33),
        (0.33, 0.95), (-0.33, 0.95), (-0.33, 0.33), (-0.95, 0.33), (-0.95, -0.33), (-0.33, -0.33),
    ),
    "spine_crawler": ((0, -1), (0.3, 0.2), (0.95, 0.1), (0.6, 0.85), (-0.6, 0.85), (-0.95, 0.1), (-0.3, 0.2)),
}  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """Where the map lies in a square picture of `size` pixels: x grows right (east), y grows up (north), 14 pixels a unit at 512.

    Raises:
        InputError: a size outside SMALLEST..LARGEST.
    """

    size: int
    map_size: tuple[float, float]

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"a picture of {self.size} pixels cannot be drawn: choose {SMALLEST} to {LARGEST}")

    def px(self, length: float) -> int:
        """A length given for pictures 512 wide, in whole pixels of this one, at least 1."""
        return max(1, round(length * self.size / 512))

    @cached_property
    def unit(self) -> float:
        """Pixels per map unit."""
        return self.size * MAP_WIDTH / 512 / max(self.map_size)

    @cached_property
    def frame(self) -> Box:
        """The map's rectangle: left, top, right, bottom pixels, all inside."""
        left, top = round(self.size * MAP_LEFT / 512), round(self.size * MAP_TOP / 512)
        return left, top, left + round(self.map_size[0] * self.unit), top + round(self.map_size[1] * self.unit)

    def exact(self, position: tuple[float, float]) -> tuple[float, float]:
        """The pixel coordinates of a map position, before rounding."""
        left, _, _, bottom = self.frame
        return left + position[0] * self.unit, bottom - position[1] * self.unit

    def xy(self, position: tuple[float, float]) -> tuple[int, int]:
        """The pixel of a map position."""
        x, y = self.exact(position)
        return round(x), round(y)

    def radius(self, unit_type: str) -> int:
        """The pixels of a unit type's own radius, never too few to tell its shape."""
        return max(round(UNITS[unit_type].radius * self.unit), self.px(6))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@lru_cache(maxsize=8)
def ground(chart: Chart, arena: str = FLAT) -> Image.Image:
    """The empty map: border, what cannot be walked on (hatched), grid and coordinates every 4 map units, north. Copy it."""
    image = Image.new("RGB", (chart.size, chart.size), PAPER)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = chart.frame
    draw.rectangle((left, top, right, bottom), fill=EDGE)
    for shift in range(0, right - left + bottom - top, chart.px(6)):
        draw.line((left + shift, top, left + shift - (bottom - top), bottom), fill=HATCH)
    draw.rectangle((0, 0, left - 1, chart.size), fill=PAPER)
    draw.rectangle((right + 1, 0, chart.size, chart.size), fill=PAPER)
    width, height = chart.map_size
    for row, cells in enumerate(arena_rows(arena)):
        for stretch in re.finditer(r"\.+", cells):
            corners = (stretch.start(), height - row), (stretch.end(), height - row - 1)
            draw.rectangle((*chart.xy(corners[0]), *chart.xy(corners[1])), fill=GROUND)
    for x in range(0, int(width) + 1, TICK):
        column = chart.xy((x, 0))[0]
        draw.line((column, top, column, bottom), fill=GRID)
        write(image, str(x), (column, bottom + chart.px(7)), chart.px(9), FAINT_INK)
    for y in range(0, int(height) + 1, TICK):
        row = chart.xy((0, y))[1]
        draw.line((left, row, right, row), fill=GRID)
        write(image, str(y), (left - chart.px(10), row), chart.px(9), FAINT_INK)
    draw.rectangle((left, top, right, bottom), outline=BORDER)
    x, y = right + chart.px(15), top + chart.px(26)
    draw.polygon(
        ((x, y - chart.px(20)), (x - chart.px(5), y - chart.px(6)), (x + chart.px(5), y - chart.px(6))), fill=INK
    )
    write(image, "N", (x, y), chart.px(12), INK)
    return image


@lru_cache(maxsize=16384)
def text_sprite(text: str, size: int, colour: Colour) -> Image.Image:
    """A line of text with a dark rim, as an RGBA sprite just large enough."""
    k, font = _OVERSAMPLE, _font(size * _OVERSAMPLE)
    left, top, right, bottom = _text_box(text, size)
    big = Image.new("RGBA", ((right - left) * k, (bottom - top) * k), (*TRACK, 0))
    draw, start = ImageDraw.Draw(big), (-left * k, -top * k)
    draw.text(start, text, (*TRACK, 255), font, stroke_width=k, stroke_fill=(*TRACK, 255))
    draw.text(start, text, (*colour, 255), font, stroke_width=_BOLDER, stroke_fill=(*colour, 255))
    return big.reduce(k)


@lru_cache(maxsize=16384)
def _text_box(text: str, size: int) -> Box:
    """The pixels that a line with its rim takes, below and right of where its drawing begins."""
    left, top, right, bottom = _font(size * _OVERSAMPLE).getbbox(text, stroke_width=_OVERSAMPLE)
    return floor(left / _OVERSAMPLE), floor(top / _OVERSAMPLE), ceil(right / _OVERSAMPLE), ceil(bottom / _OVERSAMPLE)


def write(image: Image.Image, text: str, at: tuple[int, int], size: int, colour: Colour, anchor: str = "m") -> int:
    """Write a line whose small letters stand around a height, its middle ("m"), left ("l") or right ("r") end at a pixel.

    Returns its width in pixels.
    """
    sprite = text_sprite(text, size, colour)
    shift = {"l": 0, "m": sprite.width // 2, "r": sprite.width}[anchor]
    above_baseline = _text_box(text, size)[1] - _text_box("x", size)[3] + 1
    image.paste(sprite, (at[0] - shift, at[1] + round(size * 0.3) + above_baseline), sprite)
    return sprite.width


def stamp(image: Image.Image, sprite: Image.Image, centre: tuple[int, int], clip: Box | None = None) -> None:
    """Lay an RGBA sprite over the picture with its middle at a pixel, cut at `clip` (all inside)."""
    x, y = centre[0] - sprite.width // 2, centre[1] - sprite.height // 2
    if clip is not None:
        cut = (
            max(0, clip[0] - x),
            max(0, clip[1] - y),
            min(sprite.width, clip[2] + 1 - x),
            min(sprite.height, clip[3] + 1 - y),
        )
        if cut[2] <= cut[0] or cut[3] <= cut[1]:
            return
        if cut != (0, 0, *sprite.size):
            sprite, x, y = sprite.crop(cut), x + cut[0], y + cut[1]
    image.paste(sprite, (x, y), sprite)


def _faded(sprite: Image.Image, strength: float) -> Image.Image:
    """The sprite, thinned to a strength 0..1."""
    sprite.putalpha(sprite.getchannel("A").point([round(alpha * strength) for alpha in range(256)]))
    return sprite


@lru_cache(maxsize=1024)
def glyph(unit_type: str, radius: int, colour: Colour, hollow: bool = False, strength: float = 1.0) -> Image.Image:
    """A unit: its type's shape in a team's colour, filled, or `hollow` with only its rim; RGBA, its middle in the centre pixel."""
    k, side = _OVERSAMPLE, 2 * radius + 5
    big = Image.new("RGBA", (side * k, side * k), (*colour, 0))
    draw = ImageDraw.Draw(big)
    rim = mixed(colour, TRACK, 0.9) if not hollow else colour
    body = colour if not hollow else mixed(colour, TRACK, 0.75)
    for reach, fill in (
        (radius + 1.0, TRACK),
        (radius, mixed(colour, INK, 0.45) if not hollow else rim),
        (radius - 1.5, body),
    ):
        _shape(draw, unit_type, side * k / 2, reach * k, (*fill, 255))
    return _faded(big.reduce(k), strength)


def _shape(draw: ImageDraw.ImageDraw, unit_type: str, middle: float, reach: float, fill: tuple[int, ...]) -> None:
    points = _SHAPES.get(unit_type)
    if points is None:
        draw.ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=fill)
    else:
        draw.polygon([(middle + x * reach, middle + y * reach) for x, y in points], fill=fill)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """A colour with a share of another in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


@lru_cache(maxsize=64)
def ring(radius: int, colour: Colour, width: int, dashes: int = 0, strength: float = 1.0) -> Image.Image:
    """A circle, RGBA; in `dashes` pieces when given."""
    k, side = _OVERSAMPLE, 2 * (radius + width) + 1
    big = Image.new("RGBA", (side * k, side * k), (*colour, 0))
    draw = ImageDraw.Draw(big)
    box = (width * k, width * k, (side - width) * k, (side - width) * k)
    for piece in range(max(1, dashes)):
        start = 360 * piece / max(1, dashes)
        draw.arc(box, start, start + (180 / dashes if dashes else 360), fill=(*colour, 255), width=width * k)
    return _faded(big.reduce(k), strength)


@lru_cache(maxsize=64)
def disc(radius: int, colour: Colour, strength: float) -> Image.Image:
    """A filled circle, RGBA."""
    k, side = _OVERSAMPLE, 2 * radius + 1
    big = Image.new("RGBA", (side * k, side * k), (*colour, 0))
    ImageDraw.Draw(big).ellipse((0, 0, side * k - 1, side * k - 1), fill=(*colour, 255))
    return _faded(big.reduce(k), strength)


@lru_cache(maxsize=64)
def brackets(radius: int, colour: Colour, width: int) -> Image.Image:
    """Four corners around a glyph, RGBA: the mark of what can be attacked."""
    side = 2 * radius + 1
    sprite = Image.new("RGBA", (side, side), (*colour, 0))
    draw = ImageDraw.Draw(sprite)
    draw.rectangle((0, 0, side - 1, side - 1), outline=(*colour, 255), width=width)
    arm = max(2, round(radius * 0.6))
    draw.rectangle((arm, 0, side - 1 - arm, side - 1), fill=(*colour, 0))
    draw.rectangle((0, arm, side - 1, side - 1 - arm), fill=(*colour, 0))
    return sprite


def health_colour(fraction: float) -> Colour:
    """Green, amber below 60 %, red below 30 %."""
    return HEALTHY if fraction >= 0.6 else HURT if fraction >= 0.3 else DYING


def bar(draw: ImageDraw.ImageDraw, box: Box, fraction: float, colour: Colour) -> None:
    """A level from left to right in a dark track; what is not quite empty shows at least one pixel. `box`: all inside."""
    left, top, right, bottom = box
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=TRACK)
    filled = max(1, round((right - left + 1) * min(fraction, 1.0))) if fraction > 0.0 else 0
    if filled:
        draw.rectangle((left, top, left + filled - 1, bottom), fill=colour)


def vitals(
    draw: ImageDraw.ImageDraw, chart: Chart, centre: tuple[int, int], unit_type: str, health: float, shield: float
) -> Box:
    """Bars over a glyph: health, and shield above it for those who have one. Returns the pixels taken, all inside."""
    radius, thick = chart.radius(unit_type), chart.px(2)
    half = max(chart.px(7), radius)
    left, right, low = centre[0] - half, centre[0] + half, centre[1] - radius - chart.px(3)
    bar(draw, (left, low - thick + 1, right, low), health, health_colour(health))
    if UNITS[unit_type].shield > 0.0 or shield > 0.0:
        low -= thick + 1
        bar(draw, (left, low - thick + 1, right, low), shield, SHIELD)
    return left - 1, low - thick, right + 1, centre[1] - radius - chart.px(3) + 1
