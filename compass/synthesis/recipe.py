"""Recipes: which pieces make up a skill, with which values; kept as JSON beside the skill, composed into its source text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from textwrap import wrap
from typing import Any

from compass.errors import InputError, unknown
from compass.skills.parse import Parameter
from compass.synthesis.fragments import RULES, TERMS, Knob, Rule, Term

_WIDTH = 120  # characters of a line of source
_LONGEST = 400  # characters of a summary


@dataclass(frozen=True)
class Recipe:
    """A skill in pieces: its name and docstring, the terms of its targets' score, its rules, most pressing first, and the values of
    its parameters where they are not the pieces' own defaults.

    Raises:
        InputError: an unknown piece or parameter, a value out of range, no terms, or rules that do not end in one that ends.
    """

    name: str
    title: str
    summary: str
    unit_types: tuple[str, ...]
    tasks: tuple[str, ...]
    target_terms: tuple[str, ...]
    rules: tuple[str, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, names, known in (("term", self.target_terms, TERMS), ("rule", self.rules, RULES)):
            if not names:
                raise InputError(f"recipe {self.name} has no {kind}: name at least one")
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
            if len(set(names)) != len(names):
                raise InputError(f"recipe {self.name} names a {kind} twice: {', '.join(names)}")
        ends = [RULES[name].ends for name in self.rules]
        if not ends[-1] or any(ends[:-1]):
            last = ", ".join(name for name, rule in RULES.items() if rule.ends)
            raise InputError(f"recipe {self.name} must end in just one of the rules {last}")
        knobs = {knob.name: knob for knob in self.knobs}
        for name, value in self.parameters.items():
            if name not in knobs:
                raise unknown("parameter", name, knobs)
            knob = knobs[name]
            Parameter(name, knob.default, knob.low, knob.high, knob.note).checked(value)

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """The parameters of all its pieces, in the order in which the skill declares them."""
        return tuple(knob for piece in self._pieces for knob in piece.knobs)

    @property
    def _pieces(self) -> list[Term | Rule]:
        return [*(TERMS[name] for name in self.target_terms), *(RULES[name] for name in self.rules)]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote.

        Raises:
            InputError: it is none.
        """
        try:
            return cls(**{each.name: _read(content[each.name]) for each in fields(cls)})
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"this is no recipe of a skill: {error!r}") from None


def summary_of(rules: Sequence[str]) -> str:
    """What rules do in words, the last ones left out where that would be long."""
    words = [RULES[name].summary for name in rules]
    while len("; ".join(words)) > _LONGEST:
        words.pop()
    return f"{'; '.join(words)}."


def compose(recipe: Recipe) -> str:
    """The skill file of a recipe."""
    pieces = recipe._pieces
    helpers = {helper for piece in pieces for helper in piece.helpers}
    imports = ["from math import log", ""] if "log" in helpers else []
    constants = [declaration(knob, recipe.parameters.get(knob.name, knob.default)) for knob in recipe.knobs]
    lines = [
        *wrap(f'"""{recipe.title}: {recipe.summary}', _WIDTH, break_on_hyphens=False),
        "",
        f"unit_types: {', '.join(recipe.unit_types)}",
        *(f"task: {task}" for task in recipe.tasks),
        '"""',
        "",
        *imports,
        *importing(sorted(helpers - {"log"})),
        *(["", *constants] if constants else []),
        "",
        "",
        "def score_target(unit, obs):",
        *_indented(_score([TERMS[name] for name in recipe.target_terms])),
        "",
        "",
        "def control_logic(obs, memory):",
        *_indented(line for name in recipe.rules for line in RULES[name].lines),
    ]
    return "\n".join(lines) + "\n"


def importing(names: Sequence[str]) -> list[str]:
    """The lines that import helpers of skills, by these names."""
    line = f"from compass.skill import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return [line]
    return ["from compass.skill import (", *(f"    {name}," for name in names), ")"]


def declaration(knob: Knob, value: float) -> str:
    """The line that declares a parameter with this value."""
    whole = isinstance(knob.default, int)
    return f"{knob.name} = {int(value) if whole else float(value)!r}  # {knob.low:g}..{knob.high:g} {knob.note}"


def _score(terms: list[Term]) -> list[str]:
    before = [line for term in terms for line in term.lines]
    if len(terms) == 1:
        value = terms[0].value
        return [*before, f"return {value[1:-1] if value.startswith('(') else value}"]
    total = terms[0].value
    for term in terms[1:]:
        total += f" - {term.value[1:]}" if term.value.startswith("-") else f" + {term.value}"
    if len(f"    return {total}") <= _WIDTH:
        return [*before, f"return {total}"]
    summands = [f"    {terms[0].value}"]
    for term in terms[1:]:
        summands.append(f"    - {term.value[1:]}" if term.value.startswith("-") else f"    + {term.value}")
    return [*before, "return (", *summands, ")"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _read(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
