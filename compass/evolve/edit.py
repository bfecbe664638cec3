"""Changes of a skill's source text that keep what else it says: other values, a rule put first, other unit types and tasks."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from compass.skills.library import Skill, check_source
from compass.skills.parse import constant
from compass.synthesis.fragments import RULES
from compass.synthesis.recipe import declaration, importing

_FIELD = re.compile(r"^([ \t]*)(unit_types|task):.*\n", re.MULTILINE)


def with_values(skill: Skill, values: Mapping[str, float]) -> str:
    """The skill's source with these defaults of its parameters.

    Raises:
        InputError: a parameter that it has not, or a value out of its range.
    """
    checked = skill.with_parameters(values)
    lines = skill.source.splitlines(keepends=True)
    for node in reversed(ast.parse(skill.source).body):
        name, value = constant(node)
        if name is not None and value is not None and name in values:
            _replace(lines, value, repr(checked[name]))
    return "".join(lines)


def with_rule(skill: Skill, rule: str) -> str | None:
    """The skill's source with a rule of `compass.synthesis` before all it does; None where their names would clash."""
    piece = RULES[rule]
    tree = ast.parse(skill.source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    if piece.ends or used & {knob.name for knob in piece.knobs}:
        return None
    lines = skill.source.splitlines(keepends=True)
    logic = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "control_logic")
    first = logic.body[0].lineno - 1
    lines[first:first] = [f"    {line}\n" for line in piece.lines]
    missing = sorted(set(piece.helpers) - imported)
    new = [*importing(missing), "\n"] if missing else []
    new += [f"{declaration(knob, knob.default)}\n" for knob in piece.knobs]
    before = min(node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)) - 1
    lines[before:before] = [*new, *(["\n", "\n"] if new else [])]
    return "".join(lines)


def serving(skill: Skill, unit_types: Sequence[str], tasks: Sequence[str]) -> str:
    """The skill's source for these unit types and tasks alone."""
    fields = [f"unit_types: {', '.join(unit_types)}\n", *(f"task: {task}\n" for task in tasks)]
    docstring = ast.parse(skill.source).body[0]
    lines = skill.source.splitlines(keepends=True)
    start, end = docstring.lineno - 1, docstring.end_lineno or docstring.lineno
    head = "".join(lines[start:end])
    found = _FIELD.search(head)
    assert found is not None  # a skill has the field unit_types
    at = found.start()
    head = _FIELD.sub("", head)
    return "".join([*lines[:start], head[:at], *(found[1] + each for each in fields), head[at:], *lines[end:]])


def checked(name: str, source: str) -> Skill:
    """A skill of our own making, which therefore passes the checker."""
    found = check_source(source, Path(f"{name}.py"))
    if not isinstance(found, Skill):
        raise RuntimeError(f"what was made is no skill: {found[0]}\n{source}")
    return found


def _replace(lines: list[str], node: ast.expr, text: str) -> None:
    """Put `text` in the place of an expression on one line."""
    at = node.lineno - 1
    line = lines[at].encode()
    lines[at] = (line[: node.col_offset] + text.encode() + line[node.end_col_offset :]).decode()
