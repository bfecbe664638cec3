"""The blocks of a prompt that a program can read back: what a reader of the text alone needs to decide. One home for their form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from compass.errors import InputError
from compass.observation.text import describe, parse
from compass.skills.library import Skill
from compass.skills.parse import Parameter
from compass.types import Constants, Decision, Observation, Trigger, UnitFacts
from compass.wire import units_of

TRIGGERS: Mapping[Trigger, str] = {
    Trigger.START: "the battle begins",
    Trigger.PERIOD: "it is time to think again",
    Trigger.FIRST_CONTACT: "you have just learnt of the first enemy",
    Trigger.ALLY_LOST: "an ally has just been lost",
    Trigger.LOW_HEALTH: "your health has just run low",
}
_COLUMNS = (
    "unit type",
    "health",
    "health on your side",
    "shield",
    "weapon range",
    "radius",
    "speed",
    "reload",
    "damage per second",
    "flies",
    "hits air",
)
_WORDS = {True: "yes", False: "no"}
_DECLARED = re.compile(r"^-?[\d.]+\s*\.\.\s*-?[\d.]+\s*")
_SKILL = re.compile(r"- (\w+) \(tasks: (.*?)\): (.*)")
_PARAMETER = re.compile(r"  - (\w+) = (\S+) \((\S+) to (\S+)(, whole)?\)(?:: (.*))?")
_BLOCK = "<{0}>\n{1}\n</{0}>"


def observation_block(obs: Observation) -> str:
    """The text form of an observation, marked."""
    return _BLOCK.format("observation", describe(obs))


def read_observation(prompt: str) -> Observation:
    """The observation of a prompt with the facts of its unit types: `rounded(obs)`, numbers of the facts rounded to four digits.

    Raises:
        InputError: the prompt holds none, or no table of unit types.
    """
    return parse("\n".join(_block(prompt, "observation")))._replace(units=read_units(prompt))


def units_block(units: Mapping[str, UnitFacts]) -> str:
    """The facts of every unit type as a table."""
    rows = [_COLUMNS, ("---",) * len(_COLUMNS)]
    rows += [(name, *(_fact(value) for value in facts)) for name, facts in units.items()]
    return _BLOCK.format("unit_types", "\n".join(f"| {' | '.join(row)} |" for row in rows))


def battle_words(constants: Constants) -> dict[str, str]:
    """What a system prompt says of the battle itself, by the names of its fields."""
    width, height = constants.map_size
    return {
        "units": units_block(units_of(constants.unit_types, constants.unit_rows)),
        "race": constants.race,
        "team": str(constants.n_agents),
        "enemies": str(constants.n_enemies),
        "width": f"{width:g}",
        "height": f"{height:g}",
        "limit": str(constants.episode_limit),
    }


def read_units(prompt: str) -> dict[str, UnitFacts]:
    """`units_block`, read back."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in _block(prompt, "unit_types")[2:]]
    return {
        name: UnitFacts._make((*map(float, cells[:-2]), *(cell == _WORDS[True] for cell in cells[-2:])))
        for name, *cells in rows
    }


def skills_block(skills: Sequence[Skill], with_parameters: bool) -> str:
    """The skills to choose from, one a line, each followed by its parameters if these are wanted."""
    lines = []
    for skill in skills:
        lines.append(f"- {skill.name} (tasks: {', '.join(skill.tasks)}): {skill.summary}")
        lines += [_parameter_line(each) for each in skill.described] if with_parameters else []
    return _BLOCK.format("skills", "\n".join(lines))


def read_skills(prompt: str) -> tuple[Skill, ...]:
    """The skills of a prompt, as far as `skills_block` tells them.

    Raises:
        InputError: the prompt lists none.
    """
    found: list[tuple[re.Match[str], list[Parameter]]] = []
    for line in _block(prompt, "skills"):
        if skill := _SKILL.fullmatch(line):
            found.append((skill, []))
        elif (parameter := _PARAMETER.fullmatch(line)) and found:
            name, default, low, high, whole, note = parameter.groups()
            value = int(default) if whole else float(default)
            found[-1][1].append(Parameter(name, value, float(low), float(high), note or ""))
        else:
            raise InputError(f"not a line of a skill list: {line!r}")
    return tuple(_read_skill(skill, parameters) for skill, parameters in found)


def decision_words(decision: Decision | None) -> str:
    """A decision in a few words."""
    if decision is None:
        return "none yet"
    return f'task "{decision.task}" by skill {skill_words(decision.skill, decision.parameters)}'


def skill_words(skill: str, parameters: Mapping[str, float]) -> str:
    """A skill with the parameters that were set: "kite(FOCUS=1.5)"."""
    set_to = ", ".join(f"{name}={number_words(value)}" for name, value in parameters.items())
    return f"{skill}({set_to})" if set_to else skill


def number_words(value: float) -> str:
    """A number as short as it can be written without loss."""
    if isinstance(value, int):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _parameter_line(parameter: Parameter) -> str:
    low, high, default = (number_words(value) for value in (parameter.low, parameter.high, parameter.default))
    whole = ", whole" if isinstance(parameter.default, int) else ""
    note = _DECLARED.sub("", parameter.note)
    return f"  - {parameter.name} = {default} ({low} to {high}{whole})" + (f": {note}" if note else "")


def _fact(value: float) -> str:
    return _WORDS[value] if isinstance(value, bool) else f"{value:.4g}"


def _block(prompt: str, name: str) -> list[str]:
    lines = prompt.splitlines()
    try:
        start = lines.index(f"<{name}>") + 1
        return lines[start : lines.index(f"</{name}>", start)]
    except ValueError:
        raise InputError(f"the prompt has no block <{name}>") from None


def _read_skill(found: re.Match[str], parameters: Iterable[Parameter]) -> Skill:
    name, tasks, summary = found.groups()
    named = tuple(task for task in tasks.split(", ") if task)
    return Skill(name, name, summary, summary, (), named, tuple(parameters), "", Path(f"{name}.py"), "")
