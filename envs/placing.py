"""Where things go that would cover each other: glyphs are spread a little, labels stand where nothing else is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from envs.drawing import GROUND, Box, Chart, Colour, mixed, text_sprite

_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_STEPS = (0, 6, 14, 24, 36, 50)  # pixels of a picture 512 wide between a glyph and its label, nearest first
_TOUCHING = 6


class Labels:
    """The labels of one picture. First `block` all that they must not hide, then `put` them one by one, at last `draw`.

    A label stands beside its glyph while there is room, else farther off with a thin line that leads back.
    """

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._taken = np.zeros((chart.size, chart.size), dtype=np.bool_)
        self._texts: list[tuple[Image.Image, tuple[int, int]]] = []
        self._lines: list[tuple[tuple[int, int, int, int], Colour]] = []

    def block(self, box: Box) -> None:
        """Keep these pixels (all inside) free of labels."""
        left, top, right, bottom = box
        self._taken[max(0, top) : max(0, bottom + 1), max(0, left) : max(0, right + 1)] = True

    def put(self, text: str, colour: Colour, centre: tuple[int, int], radius: int) -> None:
        """Find a place for the label of the glyph of this radius around a pixel."""
        sprite = text_sprite(text, self._chart.px(10), colour)
        width, height = sprite.size
        x, y, away = self._find(width, height, centre, radius)
        self.block((x, y, x + width - 1, y + height - 1))
        self._texts.append((sprite, (x, y)))
        if away > _TOUCHING:
            end = min(max(centre[0], x), x + width - 1), min(max(centre[1], y), y + height - 1)
            self._lines.append(((*centre, *end), mixed(colour, GROUND, 0.5)))

    def draw(self, image: Image.Image) -> None:
        """Draw what was put: lines first, so that they cross out no text."""
        pen = ImageDraw.Draw(image)
        for line, colour in self._lines:
            pen.line(line, fill=colour)
        for sprite, corner in self._texts:
            image.paste(sprite, corner, sprite)

    def _find(self, width: int, height: int, centre: tuple[int, int], radius: int) -> tuple[int, int, int]:
        """The first free place of the nearest, else the least taken one: its left, top, and how far off it is."""
        left, top, right, bottom = self._chart.frame
        best, least = (centre[0] - width // 2, centre[1] + radius, 0), width * height + 1
        for away in _STEPS:
            off = radius + 1 + (self._chart.px(away) if away else 0)
            for across, along in _SIDES:
                x = centre[0] + across * off - (0, width, width // 2)[(across < 0) + 2 * (across == 0)]
                y = centre[1] + along * off - (0, height, height // 2)[(along < 0) + 2 * (along == 0)]
                if x < left or y < top or x + width > right or y + height > bottom:
                    continue
                hidden = int(np.count_nonzero(self._taken[y : y + height, x : x + width]))
                if hidden < least:
                    best, least = (x, y, away), hidden
                if not hidden:
                    return best
        return best


def spread(chart: Chart, positions: list[tuple[float, float]], gap: int) -> list[tuple[int, int]]:
    """Pixels for map positions, at least `gap` apart along one axis, each as near its own as it can, in the order given.

    Units that stand nearly on one point are pushed apart by less than half a map unit while there is room for that.
    """
    taken = np.zeros((chart.size + 2 * gap, chart.size + 2 * gap), dtype=np.bool_)
    places = []
    for position in positions:
        x, y = _free(taken, chart.exact(position), round(3 * chart.unit))
        taken[max(0, y - gap + 1) : y + gap, max(0, x - gap + 1) : x + gap] = True
        places.append((x, y))
    return places


def _free(taken: NDArray[np.bool_], exact: tuple[float, float], reach: int) -> tuple[int, int]:
    """The free pixel nearest an exact place, or the place itself when all around is taken."""
    x, y = round(exact[0]), round(exact[1])
    if not taken[y, x]:
        return x, y
    left, top = max(0, x - reach), max(0, y - reach)
    rows, columns = np.nonzero(~taken[top : y + reach + 1, left : x + reach + 1])
    if not len(rows):
        return x, y
    nearest = int(np.argmin((columns + left - exact[0]) ** 2 + (rows + top - exact[1]) ** 2))
    return int(columns[nearest]) + left, int(rows[nearest]) + top
