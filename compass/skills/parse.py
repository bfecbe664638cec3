"""What a skill file says about itself: its docstring's fields and its parameters with their ranges."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from math import isfinite

from envs.errors import InputError, unknown
from envs.units import UNIT_NAMES

ANY = "any"
_FIELD = re.compile(r"^(unit_types|task):[ \t]*(.*)$")
_NUMBER = r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?)"
_RANGE = re.compile(rf"{_NUMBER}\s*\.\.\s*{_NUMBER}")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_SANE = 4  # without a declared range a parameter may grow to this many times its default,
_AROUND_ZERO = 10.0  # and one that is 0 may lie this far to either side
_LONGEST = {"name": 80, "first paragraph": 600, "task": 120, "comment": 300}  # characters: prompts hold all of these
_MOST = {"task": 20, "parameter": 40}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A capitalised number of a skill file: its default, the values a decision may give it, and the comment beside it."""

    name: str
    default: float
    low: float
    high: float
    note: str

    def checked(self, value: object) -> float:
        """`value` as this parameter's; an `InputError` if it is no number, out of range, or a fraction for a whole default."""
        endless = isinstance(value, float) and not isfinite(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or endless:
            raise InputError(f"parameter {self.name} must be a number, not {value!r}")
        if not self.low <= value <= self.high:
            raise InputError(f"parameter {self.name} = {value} is outside {self.low:g}..{self.high:g}")
        if isinstance(self.default, int):
            if value != int(value):
                raise InputError(f"parameter {self.name} must be a whole number, not {value}")
            return int(value)
        return float(value)


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a skill's docstring."""

    title: str
    summary: str
    description: str
    unit_types: tuple[str, ...]
    tasks: tuple[str, ...]


def header(tree: ast.Module) -> Header:
    """Read the docstring of a skill file; a `SyntaxError` with the line and the reason where it does not follow the format."""
    text = ast.get_docstring(tree, clean=True)
    if text is None:
        raise SyntaxError('the file must begin with a docstring """Name: description."""', ("", 1, 0, ""))
    text = _visible(text)
    first = tree.body[0].lineno
    fields: dict[str, list[str]] = {"unit_types": [], "task": []}
    prose: list[str] = []
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found:
            fields[found[1]].append(found[2].strip())
        else:
            prose.append(line)
    description = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip()
    title, colon, rest = description.partition(":")
    if not colon or not title.strip() or "\n" in title or not rest.strip():
        raise SyntaxError('the docstring must begin with "Name: description."', ("", first, 0, ""))
    if len(fields["unit_types"]) != 1:
        reason = f'the docstring must have one line "unit_types: ..." with any of {", ".join(UNIT_NAMES)}, or "{ANY}"'
        raise SyntaxError(reason, ("", first, 0, ""))
    summary = " ".join(rest.strip().split("\n\n")[0].split())
    unit_types = _unit_types(fields["unit_types"][0], first)
    tasks = tuple(task for task in fields["task"] if task)
    for what, said in (("name", title.strip()), ("first paragraph", summary), *(("task", task) for task in tasks)):
        _short(what, said, first)
    _few("task", tasks, first)
    return Header(title.strip(), summary, description, unit_types, tasks)


def _short(what: str, text: str, line: int) -> None:
    if len(text) > _LONGEST[what]:
        raise SyntaxError(f"a {what} of {len(text)} characters; say it in {_LONGEST[what]}", ("", line, 0, ""))


def _few(what: str, found: Sequence[object], line: int) -> None:
    if len(found) > _MOST[what]:
        raise SyntaxError(f"{len(found)} {what}s; a skill has at most {_MOST[what]}", ("", line, 0, ""))


def _unit_types(text: str, line: int) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in (ANY, *UNIT_NAMES):
            raise SyntaxError(str(unknown("unit type", name, (ANY, *UNIT_NAMES))), ("", line, 0, ""))
    if not names or len(set(names)) != len(names) or (ANY in names and len(names) > 1):
        raise SyntaxError(f'unit_types must be "{ANY}" or distinct unit names, not {text!r}', ("", line, 0, ""))
    return names


def parameters(tree: ast.Module, source: str) -> tuple[Parameter, ...]:
    """The parameters of a skill file: module constants in capitals whose value is a number."""
    notes = _comments(source)
    found: list[Parameter] = []
    for node in tree.body:
        target, value = constant(node)
        number = literal_number(value)
        if target is None or number is None:
            continue
        note = notes.get(node.end_lineno or node.lineno, "")
        _short("name", target, node.lineno)
        _short("comment", note, node.lineno)  # first: a search through a long one would take minutes
        low, high = _bounds(number, note)
        if not low <= number <= high:
            raise SyntaxError(
                f"{target} = {number} is outside its own range {low:g}..{high:g}", ("", node.lineno, 0, "")
            )
        found.append(Parameter(target, number, low, high, note))
        _few("parameter", found, node.lineno)
    return tuple(found)


def constant(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """The name and value of a statement `NAME = value` with a capitalised name; (None, None) of any other."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return None, None
    if isinstance(target, ast.Name) and _CONSTANT.fullmatch(target.id):
        return target.id, node.value
    return None, None


def literal_number(value: ast.expr | None) -> float | None:
    """The number that an expression such as `4.0` or `-1` stands for; None of anything else. An int stays an int."""
    sign = 1
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        sign, value = -1, value.operand
    number = value.value if isinstance(value, ast.Constant) else None
    if isinstance(number, int | float) and not isinstance(number, bool) and -1e9 < number < 1e9:
        return sign * number
    return None


def check_parameters(known: tuple[Parameter, ...], given: Mapping[str, float]) -> dict[str, float]:
    """The values of all parameters, those `given` checked and the others at their defaults; an `InputError` names what is wrong."""
    values = {each.name: each.default for each in known}
    by_name = {each.name: each for each in known}
    for name, value in given.items():
        if name not in by_name:
            raise (
                unknown("parameter", name, values) if values else InputError(f"unknown parameter {name!r}: it has none")
            )
        values[name] = by_name[name].checked(value)
    return values


def _bounds(number: float, note: str) -> tuple[float, float]:
    declared = _RANGE.search(note)
    if declared:
        return float(declared[1]), float(declared[2])
    if number == 0:
        return -_AROUND_ZERO, _AROUND_ZERO
    return min(0.0, _SANE * number), max(0.0, _SANE * number)


def _comments(source: str) -> dict[int, str]:
    text = StringIO(source, newline=None)  # with all the ends of lines that the compiler knows
    tokens = tokenize.generate_tokens(text.readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    return {token.start[0]: _visible(token.string).lstrip("# ").rstrip() for token in comments}


def _visible(text: str) -> str:
    """The text with a space for everything that is no character to be seen: it goes into prompts and onto terminals."""
    return "".join(char if char == "\n" or char.isprintable() else " " for char in text)
