"""Drawing primitives: places on the map, glyphs one can tell apart, bars of the right length, labels that hide nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from envs import drawing
from envs.drawing import Chart
from envs.errors import InputError
from envs.placing import Labels, spread
from envs.units import UNIT_NAMES

CHART = Chart(512, (32.0, 32.0))


@pytest.mark.parametrize(
    ("position", "pixel"),
    [((0, 0), (32, 466)), ((32, 32), (480, 18)), ((16, 16), (256, 242)), ((1, 0), (46, 466)), ((0, 1), (32, 452))],
)
def test_north_is_up_and_east_is_right(position: tuple[float, float], pixel: tuple[int, int]) -> None:
    assert CHART.xy(position) == pixel


def test_charts_scale() -> None:
    assert Chart(1024, (32.0, 32.0)).xy((16, 16)) == (512, 484)
    assert Chart(512, (64.0, 32.0)).frame == (32, 18, 480, 242)


@pytest.mark.parametrize("size", [255, 2049])
def test_chart_sizes_have_bounds(size: int) -> None:
    with pytest.raises(InputError, match="choose 256 to 2048"):
        Chart(size, (32.0, 32.0))


def test_the_margin_differs_from_the_ground_and_the_border_shows() -> None:
    ground = drawing.ground(CHART)
    assert ground.getpixel(CHART.xy((16.5, 16.5))) == drawing.GROUND
    assert ground.getpixel(CHART.xy((1.2, 16.5))) in (drawing.EDGE, drawing.HATCH)
    assert ground.getpixel(CHART.xy((0, 15))) == drawing.BORDER
    assert ground.getpixel(CHART.xy((16, 17))) == drawing.GRID


def test_glyphs_of_all_types_differ_in_shape() -> None:
    shapes = [np.asarray(drawing.glyph(kind, 8, drawing.ALLY).getchannel("A")) > 128 for kind in UNIT_NAMES]
    for at, shape in enumerate(shapes):
        middle = shape.shape[0] // 2
        assert shape[middle - 1 : middle + 2, middle - 1 : middle + 2].all(), "the core lies on the glyph"
        for other in shapes[:at]:
            assert (shape != other).sum() >= 20


def test_hollow_and_faded_glyphs_differ_from_solid_ones() -> None:
    solid = np.asarray(drawing.glyph("marine", 8, drawing.ENEMY)).astype(int)
    hollow = np.asarray(drawing.glyph("marine", 8, drawing.ENEMY, hollow=True)).astype(int)
    faded = np.asarray(drawing.glyph("marine", 8, drawing.ENEMY, strength=0.5)).astype(int)
    middle = solid.shape[0] // 2
    assert solid[middle, middle, :3].tolist() == list(drawing.ENEMY)
    assert hollow[middle, middle].sum() < solid[middle, middle].sum() - 100
    assert faded[middle, middle, 3] == round(255 * 0.5)


@pytest.mark.parametrize(("fraction", "filled"), [(0.0, 0), (0.001, 1), (0.5, 10), (0.99, 20), (1.0, 20), (1.2, 20)])
def test_bars_are_as_long_as_what_they_show(fraction: float, filled: int) -> None:
    image = Image.new("RGB", (40, 12), drawing.GROUND)
    drawing.bar(ImageDraw.Draw(image), (5, 4, 24, 6), fraction, drawing.SHIELD)
    row = [image.getpixel((x, 5)) for x in range(40)]
    assert row[5 : 5 + filled] == [drawing.SHIELD] * filled
    assert row[5 + filled : 25] == [drawing.TRACK] * (20 - filled)


def test_only_units_with_shields_have_a_shield_bar() -> None:
    def shield_pixels(kind: str) -> int:
        image = drawing.ground(CHART).copy()
        drawing.vitals(ImageDraw.Draw(image), CHART, (200, 200), kind, 1.0, 0.0 if kind == "marine" else 1.0)
        return int((np.asarray(image) == drawing.SHIELD).all(axis=2).sum())

    assert shield_pixels("marine") == 0
    assert shield_pixels("zealot") > 0


def test_health_colours() -> None:
    assert [drawing.health_colour(share) for share in (1.0, 0.6, 0.59, 0.3, 0.29)] == [
        drawing.HEALTHY,
        drawing.HEALTHY,
        drawing.HURT,
        drawing.HURT,
        drawing.DYING,
    ]


def test_spread_moves_only_what_would_touch() -> None:
    places = spread(CHART, [(10.0, 10.0), (20.0, 20.0), (10.0, 10.0), (10.1, 10.0)], gap=4)
    assert places[:2] == [CHART.xy((10, 10)), CHART.xy((20, 20))]
    for at, (x, y) in enumerate(places):
        assert all(max(abs(x - u), abs(y - v)) >= 4 for u, v in places[:at])
    assert all(abs(x - 172) <= 6 and abs(y - 326) <= 6 for x, y in (places[2], places[3]))


def test_labels_keep_off_glyphs_and_each_other() -> None:
    """Forty glyphs in a crowd: no pixel of a label lies on a blocked one."""
    draws = np.random.default_rng(3)
    centres = [CHART.xy((float(x), float(y))) for x, y in draws.uniform(8, 20, (40, 2))]
    image = Image.new("RGB", (512, 512), drawing.GROUND)
    labels = Labels(CHART)
    blocked = np.zeros((512, 512), dtype=bool)
    for x, y in centres:
        labels.block((x - 7, y - 7, x + 7, y + 7))
        blocked[y - 7 : y + 8, x - 7 : x + 8] = True
    for at, centre in enumerate(centres):
        labels.put(f"e{at}", (255, 0, 255), centre, 7)
    labels.draw(image)
    bright = (np.asarray(image)[:, :, 0] > 180) & (np.asarray(image)[:, :, 1] < 40)
    assert bright.sum() > 40 * 12
    assert not (bright & blocked).any()


def test_a_label_alone_stands_beside_its_glyph_without_a_line() -> None:
    image = Image.new("RGB", (512, 512), drawing.GROUND)
    labels = Labels(CHART)
    labels.block((93, 93, 107, 107))
    labels.put("e1", (255, 0, 255), (100, 100), 7)
    labels.draw(image)
    rows, columns = np.nonzero((np.asarray(image) != drawing.GROUND).any(axis=2))
    assert columns.min() >= 107 and columns.max() < 130
    assert rows.min() >= 90 and rows.max() <= 110


def test_labels_at_the_border_stay_on_the_map() -> None:
    image = Image.new("RGB", (512, 512), drawing.GROUND)
    labels = Labels(CHART)
    for position in ((0.0, 0.0), (32.0, 32.0), (0.0, 32.0), (32.0, 0.0)):
        labels.put("a12 h2 -120", (255, 0, 255), CHART.xy(position), 7)
    labels.draw(image)
    rows, columns = np.nonzero((np.asarray(image) != drawing.GROUND).any(axis=2))
    assert columns.min() >= 32 and columns.max() <= 480
    assert rows.min() >= 18 and rows.max() <= 466


def test_a_stamp_is_cut_at_its_clip() -> None:
    image = Image.new("RGB", (64, 64), drawing.GROUND)
    drawing.stamp(image, drawing.disc(10, drawing.INK, 1.0), (20, 20), (20, 0, 63, 63))
    drawing.stamp(image, drawing.disc(10, drawing.INK, 1.0), (60, 60), (0, 0, 30, 30))
    rows, columns = np.nonzero((np.asarray(image) != drawing.GROUND).any(axis=2))
    assert columns.min() == 20 and columns.max() == 30 and rows.max() == 30
    assert image.getpixel((25, 20)) == drawing.INK
