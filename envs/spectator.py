"""The spectator's picture: a whole battle, drawn from the global state vector. For people only; no agent ever sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from envs.drawing import (
    ALLY,
    ENEMY,
    FAINT_INK,
    GROUND,
    HEALTHY,
    INK,
    Chart,
    Colour,
    bar,
    disc,
    glyph,
    ground,
    mixed,
    stamp,
    vitals,
    write,
)
from envs.layout import N_ACTIONS_NO_ATTACK, TYPE_BITS, Layout
from envs.placing import Labels
from envs.scenario import MAP_SIZE, Scenario
from envs.units import UNITS

SIZE = 512
_COLOURS: dict[str, Colour] = {"ally": ALLY, "enemy": ENEMY}
_MOVES = {2: (0.0, 1.0), 3: (0.0, -1.0), 4: (1.0, 0.0), 5: (-1.0, 0.0)}


@dataclass(frozen=True, slots=True)
class SeenUnit:
    """A unit in the state vector: position in map units, health and shield as fractions; dead units have health 0."""

    team: str
    id: int
    unit_type: str
    position: tuple[float, float]
    health: float
    shield: float


def units_in(state: NDArray[np.floating], scenario: Scenario) -> list[SeenUnit]:
    """The units of a state vector, allies then enemies by id. The features of the dead are zeros, their type among them.

    Raises:
        ValueError: the vector has not the scenario's length.
    """
    layout = Layout.of(scenario)
    if state.shape != (layout.state_size,):
        raise ValueError(f"expected a state vector of {layout.state_size}, got shape {state.shape}")
    split = layout.n_agents * layout.ally_state
    allies = state[:split].reshape(layout.n_agents, layout.ally_state)
    enemies = state[split : split + layout.n_enemies * layout.enemy_state].reshape(layout.n_enemies, layout.enemy_state)
    found = []
    for team, rows, x_at, has_shield in (
        ("ally", allies, 2, layout.ally_shield),
        ("enemy", enemies, 1, layout.enemy_shield),
    ):
        for name, row in enumerate(rows.astype(float)):
            kind = scenario.unit_types[int(np.argmax(row[-TYPE_BITS:]))]
            position = (MAP_SIZE * (0.5 + row[x_at]), MAP_SIZE * (0.5 + row[x_at + 1]))
            shield = float(row[x_at + 2]) if has_shield else 0.0
            found.append(SeenUnit(team, name, kind, position, float(row[0]), shield))
    return found


class Spectator:
    """Draws an episode step by step; remembers the last step, to mark who was hit, who moved from where and who died."""

    def __init__(self, scenario: Scenario, size: int = SIZE) -> None:
        self._scenario = scenario
        self._chart = Chart(size, (float(MAP_SIZE), float(MAP_SIZE)))
        self._last: dict[tuple[str, int], SeenUnit] = {}

    def draw(self, state: NDArray[np.floating], actions: Sequence[int] | None = None, caption: str = "") -> Image.Image:
        """The picture of one state, RGB; `actions` are those the agents choose in it, `caption` a line for the top."""
        chart = self._chart
        image = ground(chart, self._scenario.arena).copy()
        units = units_in(state, self._scenario)
        living = [unit for unit in units if unit.health > 0.0]
        now = {(unit.team, unit.id): unit for unit in living}
        for key, unit in self._last.items():
            if key not in now:
                _draw_grave(image, chart, unit)
        for unit in living:
            self._draw_trail(image, unit)
        for agent, action in enumerate(actions or ()):
            if ("ally", agent) in now:
                reach = self._scenario.shoot_range(now["ally", agent].unit_type)
                _draw_intent(image, chart, now["ally", agent], action, now, reach)
        self._draw_units(image, living)
        write(image, caption, (chart.px(6), chart.px(9)), chart.px(11), INK, "l")
        self._draw_legend(image)
        for team in _COLOURS:
            _draw_strength(image, chart, team, [unit for unit in units if unit.team == team])
        self._last |= now
        return image

    def _draw_trail(self, image: Image.Image, unit: SeenUnit) -> None:
        """A line from where the unit stood one step ago, and a flash around it if it was hit since."""
        before = self._last.get((unit.team, unit.id))
        if before is None:
            return
        chart, kind = self._chart, UNITS[unit.unit_type]
        here = chart.xy(unit.position)
        trail = mixed(_COLOURS[unit.team], GROUND, 0.55)
        ImageDraw.Draw(image).line((*chart.xy(before.position), *here), fill=trail, width=chart.px(3))
        lost = (before.health - unit.health) * kind.health + (before.shield - unit.shield) * kind.shield
        if lost > 0.5:
            stamp(image, disc(chart.radius(unit.unit_type) + chart.px(5), INK, 0.3), here, chart.frame)

    def _draw_legend(self, image: Image.Image) -> None:
        """Names of the unit types, from the right end of the top line."""
        chart, row = self._chart, self._chart.px(9)
        at = chart.size - chart.px(6)
        for kind in reversed(self._scenario.unit_types):
            at -= write(image, kind, (at, row), chart.px(10), FAINT_INK, "r") + chart.px(2)
            sprite = glyph(kind, chart.px(6), FAINT_INK)
            at -= sprite.width
            stamp(image, sprite, (at + sprite.width // 2, row))
            at -= chart.px(6)

    def _draw_units(self, image: Image.Image, living: list[SeenUnit]) -> None:
        chart = self._chart
        pen, labels = ImageDraw.Draw(image), Labels(chart)
        for unit in living:
            (x, y), radius = chart.xy(unit.position), chart.radius(unit.unit_type) + 1
            labels.block((x - radius, y - radius, x + radius, y + radius))
            labels.block(vitals(pen, chart, (x, y), unit.unit_type, unit.health, unit.shield))
        for unit in living:
            colour = mixed(_COLOURS[unit.team], INK, 0.6)
            labels.put(f"{unit.team[0]}{unit.id}", colour, chart.xy(unit.position), chart.radius(unit.unit_type))
        labels.draw(image)
        for unit in sorted(living, key=lambda unit: -chart.radius(unit.unit_type)):
            stamp(
                image, glyph(unit.unit_type, chart.radius(unit.unit_type), _COLOURS[unit.team]), chart.xy(unit.position)
            )


def _draw_grave(image: Image.Image, chart: Chart, unit: SeenUnit) -> None:
    """A cross where the unit was last seen alive."""
    (x, y), arm = chart.xy(unit.position), chart.px(4)
    pen, colour = ImageDraw.Draw(image), mixed(_COLOURS[unit.team], GROUND, 0.5)
    for slope in (1, -1):
        pen.line((x - arm, y - arm * slope, x + arm, y + arm * slope), fill=colour, width=chart.px(2))


def _draw_intent(
    image: Image.Image,
    chart: Chart,
    unit: SeenUnit,
    action: int,
    now: dict[tuple[str, int], SeenUnit],
    shoot_range: float,
) -> None:
    """What an agent is about to do: a beam to its target (faint when out of range), or a short line the way it walks."""
    pen, (x, y) = ImageDraw.Draw(image), chart.xy(unit.position)
    if action in _MOVES:
        dx, dy = _MOVES[action]
        reach = chart.radius(unit.unit_type) + chart.px(7)
        tip = (x + dx * reach, y - dy * reach)
        pen.line((x, y, *tip), fill=mixed(ALLY, INK, 0.5), width=chart.px(2))
        return
    heals = unit.unit_type == "medivac"
    target = now.get(("ally" if heals else "enemy", action - N_ACTIONS_NO_ATTACK))
    if target is None:
        return
    gap = sum((a - b) ** 2 for a, b in zip(unit.position, target.position, strict=True))
    in_range = gap <= shoot_range**2
    colour = HEALTHY if heals else mixed(ALLY, INK, 0.55)
    colour, width = (colour, 2) if in_range else (mixed(colour, GROUND, 0.7), 1)
    pen.line((x, y, *chart.xy(target.position)), fill=colour, width=chart.px(width))


def _draw_strength(image: Image.Image, chart: Chart, team: str, units: list[SeenUnit]) -> None:
    """A team's survivors, and its health and shields together as one bar: allies on the left, enemies on the right."""
    alive = sum(unit.health > 0.0 for unit in units)
    share = sum(unit.health for unit in units) / max(1, len(units))
    left = chart.px(6) if team == "ally" else chart.size - chart.px(250)
    row, pen = chart.size - chart.px(14), ImageDraw.Draw(image)
    name = "allies" if team == "ally" else "enemies"
    words = f"{name} {alive} of {len(units)}"
    write(image, words, (left, row), chart.px(11), mixed(_COLOURS[team], INK, 0.5), "l")
    bar(pen, (left + chart.px(90), row - chart.px(3), left + chart.px(240), row + chart.px(3)), share, _COLOURS[team])
