"""The text form holds the rounded observation: no more, no less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.errors import InputError
from compass.observation.text import action_number, action_words, describe, direction_word, parse, rounded
from compass.types import Entity, Observation
from tests.compass.observation.sights import DIRECTIONS, observation, observations, unit


@given(observations())
def test_text_gives_back_the_rounded_observation(obs: Observation) -> None:
    assert parse(describe(obs)) == rounded(obs)


@given(observations())
def test_rounding_twice_changes_nothing(obs: Observation) -> None:
    assert rounded(rounded(obs)) == rounded(obs)
    assert describe(rounded(obs)) == describe(obs)


@given(observations(), st.data())
def test_every_value_that_the_rounded_observation_holds_changes_the_text(obs: Observation, data: st.DataObject) -> None:
    known = [*obs.allies, *obs.enemies]
    if not known:
        return
    entity = data.draw(st.sampled_from(known))
    other_type = "zealot" if entity.unit_type != "zealot" else "stalker"
    changes: dict[str, object] = {
        "id": entity.id + 100,
        "unit_type": other_type,
        "position": (entity.position[0] + 0.2, entity.position[1]),
        "distance": entity.distance + 0.2,
        "health": 0.5 if entity.health < 0.4 else 0.1,
        "shield": 0.5 if entity.shield < 0.4 else 0.1,
        "attackable": not entity.attackable,
        "hops": entity.hops + 1,
        "age": entity.age + 1,
    }
    for name, value in changes.items():
        changed = entity._replace(**{name: value})
        allies = tuple(changed if ally is entity else ally for ally in obs.allies)
        enemies = tuple(changed if enemy is entity else enemy for enemy in obs.enemies)
        assert describe(obs._replace(allies=allies, enemies=enemies)) != describe(obs), name


def test_aims_stand_in_the_text_where_they_are_known() -> None:
    own = unit("ally", 2, "stalker", (12.0, 8.0))
    plain = unit("enemy", 3, "zealot", (13.0, 4.0), own)
    obs = observation(own, (), (plain, plain._replace(id=4, aims_at=2)))
    unaimed, aimed = describe(obs).splitlines()[-4:-2]
    assert aimed == unaimed.replace("enemy 3", "enemy 4").replace("no, hops", "no, aims at agent 2, hops")
    assert parse(describe(obs)) == rounded(obs) and rounded(obs).enemies[1].aims_at == 2


def test_text_reads_as_written() -> None:
    own = unit("ally", 2, "stalker", (12.34, 8.41), health=0.8, shield=0.5)
    ally = unit("ally", 1, "zealot", (12.34, 10.0), own, last_action=3, hops=1)
    enemies = (
        unit("enemy", 0, "colossus", (3.14, 4.2), own, health=0.003, hops=2, age=7),
        unit("enemy", 3, "zealot", (13.1, 4.24), own, health=0.304, shield=0.0, attackable=True),
    )
    obs = observation(own, (ally,), enemies, last_action=9, available=(1, 2, 4, 6, 9))
    assert describe(obs) == (
        "Mission: defeat the enemy as quickly as possible.\n"
        "Step 14. You are agent 2, a stalker, at (12.3, 8.4) on a map of 32 x 32; x grows east, y grows north.\n"
        "Own health 80%, shield 50%, sight range 10, shoot range 6, last action attack enemy 3.\n"
        "Can move North: yes\n"
        "Can move South: no\n"
        "Can move East: yes\n"
        "Can move West: no\n"
        "Allies known: 1\n"
        "- ally 1 zealot: distance 1.6 north, at (12.3, 10.0), health 100%, shield 100%, last action move south, hops 1, age 0\n"
        "Enemies known: 2\n"
        "- enemy 0 colossus: distance 10.1 south-west, at (3.1, 4.2), health 1%, shield 100%, attackable no, hops 2, age 7\n"
        "- enemy 3 zealot: distance 4.2 south, at (13.1, 4.2), health 30%, shield 0%, attackable yes, hops 0, age 0\n"
        "hops: 0 seen with own eyes, else the messages it took; age: steps since it was seen.\n"
        "Legal actions: stop; move north; move east; attack enemy 0 3"
    )


def test_a_medivac_heals() -> None:
    own = unit("ally", 0, "medivac", (5.0, 5.0))
    ally = unit("ally", 1, "marine", (6.0, 5.0), own, health=0.5, attackable=True)
    obs = observation(own, (ally,), (), last_action=7, available=(1, 7))
    text = describe(obs)
    assert "last action heal ally 1." in text
    assert "healable yes" in text
    assert text.endswith("Legal actions: stop; heal ally 1")
    assert parse(text) == rounded(obs)


def test_the_dead_tell_their_only_action() -> None:
    assert describe(observation(unit("ally", 0, "marine", (5.0, 5.0)), (), (), available=(0,))).endswith(
        "Legal actions: no-op"
    )


@pytest.mark.parametrize(
    ("offset", "word"),
    [
        ((0.0, 1.0), "north"),
        ((1.0, 1.0), "north-east"),
        ((2.0, 0.5), "east"),
        ((2.0, -1.0), "south-east"),
        ((0.3, -1.0), "south"),
        ((-1.0, -1.0), "south-west"),
        ((-1.0, 0.0), "west"),
        ((-0.6, 1.0), "north-west"),
        ((0.0, 0.0), "here"),
    ],
)
def test_direction_words(offset: tuple[float, float], word: str) -> None:
    assert direction_word(*offset) == word


@given(st.none() | st.integers(0, 28), st.sampled_from(["marine", "medivac"]))
def test_actions_in_words(action: int | None, unit_type: str) -> None:
    assert action_number(action_words(action, unit_type)) == action


@pytest.mark.parametrize("words", ["", "dance", "attack enemy", "attack ally 3", "move up"])
def test_unknown_words_are_refused(words: str) -> None:
    with pytest.raises(InputError, match="no action"):
        action_number(words)


@given(observations(), st.data())
def test_a_damaged_text_is_refused(obs: Observation, data: st.DataObject) -> None:
    lines = describe(obs).splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lost, marred = lines[:at] + lines[at + 1 :], [*lines[:at], lines[at] + "?", *lines[at + 1 :]]
    for damaged in (lost, marred, [*lines, lines[-1]], []):
        with pytest.raises(InputError, match=r"not the text form|no action"):
            parse("\n".join(damaged))


def test_all_four_directions_are_told() -> None:
    own = unit("ally", 0, "marine", (5.0, 5.0))
    for direction in DIRECTIONS:
        obs = observation(own, (), ())._replace(can_move={word: word == direction for word in DIRECTIONS})
        assert parse(describe(obs)).can_move == {word: word == direction for word in DIRECTIONS}


def test_an_entity_is_a_plain_entity() -> None:
    own = unit("ally", 0, "marine", (5.0, 5.0))
    assert isinstance(parse(describe(observation(own, (), ()))).own, Entity)
