"""The agent-eye picture: a machine reads back every known entity, where it is, and no other; a change of anything shows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compass.errors import InputError
from compass.observation import picture
from compass.types import Observation
from envs.drawing import Chart
from envs.units import RACES, UNIT_NAMES
from tests.compass.observation.sights import expected, observation, observations, read, same, unit


def pixels(obs: Observation) -> np.ndarray:
    return np.asarray(picture.draw(obs)).astype(int)


def scattered(seed: int, each: int = 20) -> Observation:
    """Units of one race on a grid of 4 map units, shuffled and shaken, so that no two glyphs of small units touch."""
    draws = np.random.default_rng(seed)
    race = sorted(RACES)[seed % 3]
    cells = draws.permutation([(x, y) for x in range(2, 31, 4) for y in range(2, 31, 4)])
    places = [(float(x), float(y)) for x, y in cells + draws.uniform(-1.4, 1.4, cells.shape)]
    kinds = [str(kind) for kind in draws.choice(RACES[race], len(places))]
    own = unit("ally", 3, kinds[0], places[0])
    others = [("ally", i) for i in range(each) if i != 3] + [("enemy", i) for i in range(each + 3)]
    known = [
        unit(team, name, kinds[at], places[at], own)._replace(
            health=float(draws.uniform()), hops=int(draws.integers(4)), age=int(draws.integers(9))
        )
        for at, (team, name) in enumerate(others, 1)
    ]
    return observation(own, [e for e in known if e.team == "ally"], [e for e in known if e.team == "enemy"])


@pytest.mark.parametrize("seed", range(12))
def test_reader_finds_every_separated_entity_where_it_is(seed: int) -> None:
    obs = scattered(seed)
    assert same(read(picture.draw(obs)), expected(obs), within=0.06)


@pytest.mark.parametrize("size", [256, 300, 384, 512, 768, 1024])
def test_reader_finds_them_at_any_size(size: int) -> None:
    for seed in range(3):
        obs = scattered(seed, each=8)
        assert same(read(picture.draw(obs, size)), expected(obs), within=0.1)


@settings(max_examples=60, deadline=None)
@given(observations(most=22))
def test_reader_finds_every_entity_anywhere(obs: Observation) -> None:
    check_reading(obs)


@settings(max_examples=40, deadline=None)
@given(observations(most=22, corner=12.0, width=6.0))
def test_reader_finds_every_entity_in_a_crowd(obs: Observation) -> None:
    check_reading(obs)


def check_reading(obs: Observation) -> None:
    """Every entity is found; each near its place unless more stand on one spot than have room there."""
    found = read(picture.draw(obs))
    assert len(found) == len(expected(obs))
    places = [place for _, _, place in expected(obs)]
    if max(sum(max(abs(x - u), abs(y - v)) < 0.7 for u, v in places) for x, y in places) <= 5:
        assert same(found, expected(obs))


def test_six_entities_on_one_point_are_told_apart() -> None:
    own = unit("ally", 0, "marine", (10.0, 10.0))
    allies = [unit("ally", i, "marine", (10.0, 10.0), own) for i in (1, 2)]
    enemies = [unit("enemy", i, "marine", (10.0, 10.0), own, age=i) for i in range(3)]
    obs = observation(own, allies, enemies)
    assert same(read(picture.draw(obs)), expected(obs))


def test_png_holds_the_same_pixels_and_the_same_bytes_every_time() -> None:
    obs = scattered(1)
    file = picture.png(obs)
    assert file == picture.png(obs)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), np.asarray(picture.draw(obs)))


def test_no_two_cores_have_the_same_colour() -> None:
    colours = {picture.core_colour(role, kind) for role in picture.ROLES for kind in UNIT_NAMES}
    assert len(colours) == 3 * len(UNIT_NAMES)
    assert all(red == 251 and 0 <= green <= 255 and 0 <= blue <= 255 for red, green, blue in colours)


@pytest.mark.parametrize("race", sorted(RACES))
def test_a_reader_that_expects_another_battle_is_not_content(race: str) -> None:
    """The reader's own teeth: moved, renamed, missing and added units are all told."""
    obs = scattered(sorted(RACES).index(race), each=5)
    found, (first, *others) = read(picture.draw(obs)), obs.enemies
    moved = first._replace(position=(first.position[0] + 0.7, first.position[1]))
    other_type = next(kind for kind in RACES[race] if kind != first.unit_type)
    for enemies in ([moved, *others], [first._replace(unit_type=other_type), *others], others, [*obs.enemies, first]):
        assert not same(found, expected(obs._replace(enemies=tuple(enemies))))


@settings(max_examples=15, deadline=None)
@given(observations(most=5), st.data())
def test_what_is_taken_from_the_observation_leaves_no_trace(obs: Observation, data: st.DataObject) -> None:
    if not obs.enemies:
        return
    hidden = data.draw(st.sampled_from(obs.enemies))
    less = obs._replace(enemies=tuple(enemy for enemy in obs.enemies if enemy is not hidden))
    assert same(read(picture.draw(less)), expected(less))
    elsewhere = hidden._replace(position=(1.0, 1.0), health=0.1)
    moved = obs._replace(enemies=tuple(elsewhere if enemy is hidden else enemy for enemy in obs.enemies))
    assert (pixels(moved) != pixels(obs)).any()
    again = moved._replace(enemies=less.enemies)
    assert (pixels(again) == pixels(less)).all()


OWN = unit("ally", 2, "stalker", (16.0, 16.0))
NEAR = unit("enemy", 1, "zealot", (19.0, 16.0), OWN)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 4},
        {"health": 0.4},
        {"shield": 0.3},
        {"attackable": True},
        {"hops": 1},
        {"age": 3},
        {"unit_type": "colossus"},
    ],
)
def test_everything_known_of_an_entity_shows_beside_it(change: dict[str, object]) -> None:
    plain = pixels(observation(OWN, (), (NEAR,)))
    changed = pixels(observation(OWN, (), (NEAR._replace(**change),)))
    rows, columns = np.nonzero((plain != changed).any(axis=2))
    x, y = Chart(512, (32.0, 32.0)).xy(NEAR.position)
    assert len(rows) > 3
    assert abs(columns - x).max() < 60
    assert abs(rows - y).max() < 40


def test_more_hops_and_greater_age_show_too() -> None:
    pictures = [
        pixels(observation(OWN, (), (NEAR._replace(hops=hops, age=age),)))
        for hops, age in ((1, 0), (2, 0), (3, 0), (1, 1), (1, 40))
    ]
    assert all((a != b).any() for at, a in enumerate(pictures) for b in pictures[:at])


def test_ranges_are_circles_of_the_right_size() -> None:
    obs = observation(OWN, (), ())
    empty = pixels(obs._replace(sight_range=0.0, shoot_range=0.0))
    x, y = Chart(512, (32.0, 32.0)).xy(OWN.position)
    for name, radius in (("sight_range", 10.0), ("shoot_range", 6.0)):
        drawn = pixels(obs._replace(**{"sight_range": 0.0, "shoot_range": 0.0, name: radius}))
        rows, columns = np.nonzero(abs(drawn - empty).sum(axis=2) > 60)
        distances = ((rows - y) ** 2 + (columns - x) ** 2) ** 0.5
        far = distances[distances > 30]
        assert len(far) > 50
        assert abs(far - radius * 14).max() < 2.5


def test_sight_beyond_the_border_stays_inside_the_map() -> None:
    corner = observation(unit("ally", 2, "stalker", (1.0, 1.0)), (), ())
    blind = corner._replace(sight_range=0.0, shoot_range=0.0)
    rows, columns = np.nonzero((pixels(corner) != pixels(blind)).any(axis=2))
    assert columns.min() >= 32 and rows.max() <= 466


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_sizes_that_cannot_be_read_are_refused(size: int) -> None:
    with pytest.raises(InputError, match="choose 256 to 2048"):
        picture.draw(observation(OWN, (), ()), size)
