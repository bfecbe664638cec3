"""The spectator's picture shows every living unit of the state where it is, marks the dead, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import ndimage

from envs.drawing import ALLY, EDGE, ENEMY, GROUND, HATCH, Chart
from envs.layout import Layout
from envs.scenario import Scenario
from envs.scenario_file import load_scenario
from envs.spectator import Spectator, units_in

CHART = Chart(512, (32.0, 32.0))
Places = Mapping[tuple[str, int], tuple[str, float, float]]
TEAMS: Places = {
    ("ally", 0): ("stalker", 4.0, 6.0),
    ("ally", 1): ("zealot", 12.0, 20.0),
    ("ally", 4): ("colossus", 20.0, 10.0),
    ("enemy", 0): ("zealot", 9.0, 28.0),
    ("enemy", 3): ("stalker", 25.0, 10.0),
    ("enemy", 5): ("colossus", 28.5, 28.5),
}
PROTOSS = load_scenario("protoss_5_vs_6")


def state_of(scenario: Scenario, places: Places, health: float = 1.0, shield: float = 0.25) -> np.ndarray:
    """The state vector of units at these places, as SMACv2 writes it; everybody else is dead."""
    layout = Layout.of(scenario)
    state = np.zeros(layout.state_size, dtype=np.float32)
    for (team, name), (kind, x, y) in places.items():
        ally = team == "ally"
        start = name * layout.ally_state if ally else layout.n_agents * layout.ally_state + name * layout.enemy_state
        features = [
            health,
            *([0.5] if ally else []),
            (x - 16) / 32,
            (y - 16) / 32,
            *([shield] if layout.ally_shield else []),
        ]
        bits = [float(kind == known) for known in scenario.unit_types]
        state[start : start + len(features) + 3] = features + bits
    return state


def test_walls_and_shields_of_one_side_are_shown() -> None:
    scenario = load_scenario("6h_vs_8z")
    layout = Layout.of(scenario)
    state = np.zeros(layout.state_size, dtype=np.float32)
    state[: layout.ally_state] = [1, 0.5, -0.1, -0.2, 1, 0, 0]
    at = layout.n_agents * layout.ally_state
    state[at : at + layout.enemy_state] = [0.5, 0.1, 0.2, 0.75, 0, 1, 0]
    units = {(unit.team, unit.id): unit for unit in units_in(state, scenario) if unit.health > 0}
    assert {key: (unit.unit_type, unit.shield) for key, unit in units.items()} == {
        ("ally", 0): ("hydralisk", 0.0),
        ("enemy", 0): ("zealot", 0.75),
    }
    image = Spectator(scenario).draw(state)
    assert {image.getpixel(CHART.xy((x, 12.7))) for x in (5.3, 6.3)} <= {EDGE, HATCH}
    assert image.getpixel(CHART.xy((7.5, 12.7))) == GROUND == image.getpixel(CHART.xy((9.3, 14.7)))


def middles(image: object) -> set[tuple[str, int, int]]:
    """The middles of all patches in a team's colour on the map, in half map units."""
    pixels = np.asarray(image)[18:467]
    found = set()
    for team, colour in (("ally", ALLY), ("enemy", ENEMY)):
        patches, _ = ndimage.label((pixels == colour).all(axis=2))
        for rows, columns in ndimage.find_objects(patches):
            x, y = (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2
            found.add((team, round((x - 32) / 7), round((448 - y) / 7)))
    return found


def wanted(places: Places) -> set[tuple[str, int, int]]:
    return {(team, round(2 * x), round(2 * y)) for (team, _), (_, x, y) in places.items()}


@pytest.mark.parametrize("name", ["protoss_5_vs_6", "zerg_10_vs_11", "terran_20_vs_23_epo"])
def test_units_are_read_from_the_state(name: str) -> None:
    scenario = load_scenario(name)
    kinds = scenario.unit_types
    places = {
        ("ally", 0): (kinds[0], 1.0, 2.0),
        ("ally", 4): (kinds[2], 30.0, 3.5),
        ("enemy", 5): (kinds[1], 16.0, 31.0),
    }
    living = {(u.team, u.id): u for u in units_in(state_of(scenario, places, 0.5), scenario) if u.health > 0}
    assert {key: (unit.unit_type, *unit.position) for key, unit in living.items()} == places
    assert {unit.health for unit in living.values()} == {0.5}
    assert {unit.shield for unit in living.values()} == {0.25 if scenario.race == "protoss" else 0.0}


def test_a_state_of_another_scenario_is_a_bug() -> None:
    with pytest.raises(ValueError, match="state vector of"):
        units_in(np.zeros(7), PROTOSS)


def test_every_living_unit_is_drawn_where_it_is_and_no_other() -> None:
    assert middles(Spectator(PROTOSS).draw(state_of(PROTOSS, TEAMS))) == wanted(TEAMS)


def test_the_dead_leave_a_cross() -> None:
    spectator, rest = Spectator(PROTOSS), {key: place for key, place in TEAMS.items() if key != ("enemy", 0)}
    spectator.draw(state_of(PROTOSS, TEAMS))
    after = spectator.draw(state_of(PROTOSS, rest))
    fresh = Spectator(PROTOSS).draw(state_of(PROTOSS, rest))
    assert middles(after) == wanted(rest)
    rows, columns = np.nonzero((np.asarray(after) != np.asarray(fresh)).any(axis=2))
    x, y = CHART.xy((9.0, 28.0))
    assert len(rows) > 8
    assert abs(columns - x).max() <= 6 and abs(rows - y).max() <= 6


def line_pixels(actions: list[int]) -> set[tuple[int, int]]:
    """Columns and rows that a team's actions change in the picture."""
    state = state_of(PROTOSS, TEAMS)
    plain, drawn = (np.asarray(Spectator(PROTOSS).draw(state, given)) for given in (None, actions))
    return {(int(x), int(y)) for y, x in np.argwhere((plain != drawn).any(axis=2))}


def test_an_attack_is_a_line_to_its_target() -> None:
    changed = line_pixels([0, 0, 0, 0, 6 + 3])  # the colossus at (20, 10) attacks the stalker at (25, 10)
    assert changed
    assert CHART.xy((22.5, 10.0)) in changed
    x = [column for column, _ in changed]
    assert min(x) >= CHART.xy((20, 10))[0] and max(x) <= CHART.xy((25, 10))[0]


def test_a_move_points_its_way() -> None:
    changed = line_pixels([2, 0, 0, 0, 0])  # the stalker at (4, 6) goes north
    x, y = CHART.xy((4.0, 6.0))
    assert changed
    assert all(abs(column - x) <= 3 and row < y for column, row in changed)


@pytest.mark.parametrize("actions", [[1, 1, 0, 0, 1], [0, 0, 0, 2, 0], [6 + 1, 0, 0, 0, 0]])
def test_idle_dead_and_targetless_agents_draw_nothing(actions: list[int]) -> None:
    assert not line_pixels(actions)


def test_a_hit_flashes_and_a_walk_leaves_a_trail() -> None:
    for places, health in ((TEAMS, 0.8), (dict(TEAMS) | {("ally", 0): ("stalker", 5.5, 6.0)}, 1.0)):
        spectator = Spectator(PROTOSS)
        spectator.draw(state_of(PROTOSS, TEAMS))
        state = state_of(PROTOSS, places, health)
        assert (np.asarray(spectator.draw(state)) != np.asarray(Spectator(PROTOSS).draw(state))).any()


def test_health_and_caption_show() -> None:
    state = state_of(PROTOSS, TEAMS)
    plain = np.asarray(Spectator(PROTOSS).draw(state))
    assert (np.asarray(Spectator(PROTOSS).draw(state_of(PROTOSS, TEAMS, 0.4))) != plain).any()
    assert (np.asarray(Spectator(PROTOSS).draw(state, caption="step 3")) != plain)[:18].any()
