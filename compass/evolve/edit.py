"""Changes of a skill's source text that keep what else it says: other values, a rule put first, other unit types and tasks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from compass.skills.library import Skill, check_source
from compass.skills.parse import constant
from compass.synthesis.fragments import RULES, Rule
from compass.synthesis.recipe import declaration, importing

_Edit = tuple[int, int, list[str]]
"""Lines of a text, from the first to before the second, and what comes into their place."""
_INDENT = 4  # of the pieces' text
_FIELD = re.compile(r"^([ \t]*)(unit_types|task):.*\n", re.MULTILINE)


def with_values(skill: Skill, values: Mapping[str, float]) -> str | None:
    """The skill's source with these defaults of its parameters; None where it is laid out so that they cannot be set.

    Raises:
        InputError: a parameter that it has not, or a value out of its range.
    """
    wanted = skill.with_parameters(values)
    lines = _lines(skill.source)
    for node in reversed(ast.parse(skill.source).body):
        name, value = constant(node)
        if name is None or value is None or name not in values:
            continue
        if value.end_lineno != value.lineno:
            return None
        _replace(lines, value, repr(wanted[name]))
    text = "".join(lines)
    found = check_source(text, Path(f"{skill.name}.py"))
    return text if isinstance(found, Skill) and found.parameters == wanted else None


def with_rule(skill: Skill, rule: str) -> str | None:
    """The skill's source with a rule of `compass.synthesis` before all it does; None where their names would clash, or the text is
    laid out otherwise than with four spaces.
    """
    piece = RULES[rule]
    tree = ast.parse(skill.source)
    logic = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "control_logic")
    if (
        piece.ends
        or _clash(tree, logic, piece)
        or logic.body[0].lineno == logic.lineno
        or logic.body[0].col_offset != _INDENT
    ):
        return None
    first = logic.body[0].lineno - 1
    head = list(takewhile(lambda node: not isinstance(node, ast.FunctionDef), tree.body))
    edits = [
        (first, first, [f"    {line}" for line in piece.lines]),
        *_declared(head, [declaration(knob, knob.default) for knob in piece.knobs]),
        *_imported(head, piece.helpers, skill.source.split("\n")),
    ]
    lines = _lines(skill.source)
    for start, end, new in sorted(edits, key=lambda edit: -edit[0]):  # at the same line the import comes to stand above
        lines[start:end] = [f"{line}\n" for line in new]
    text = "".join(lines)
    return text if isinstance(check_source(text, Path(f"{skill.name}.py")), Skill) else None


def _clash(tree: ast.Module, logic: ast.FunctionDef, piece: Rule) -> bool:
    """Whether a name means one thing in the rule and another in the skill."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if {node.id for node in names} & {knob.name for knob in piece.knobs}:
        return True
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} - {
        "score_target"
    }  # what rules mean by it
    own |= {
        alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names if alias.asname
    }
    own |= {node.id for part in tree.body if not isinstance(part, ast.FunctionDef) for node in _stored(part)}
    parts = ast.parse("\n".join(["def rule():", *(f"    {line}" for line in piece.lines)]))
    given = {node.id for node in _stored(parts)}
    taken = {node.id for node in ast.walk(parts) if isinstance(node, ast.Name)} - given
    return bool(own & (given | taken)) or bool(taken & {node.id for node in _stored(logic)})


def _stored(part: ast.AST) -> Iterator[ast.Name]:
    """The names that a part gives a value."""
    return (node for node in ast.walk(part) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _declared(head: Sequence[ast.stmt], declarations: Sequence[str]) -> Iterator[_Edit]:
    """Put declarations behind the last of them, else behind all that stands before the functions."""
    if declarations:
        known = [node for node in head if constant(node)[0]]
        end = (known or head)[-1].end_lineno or 0
        yield end, end, [*([] if known else [""]), *declarations]


def _imported(head: Sequence[ast.stmt], helpers: Sequence[str], lines: Sequence[str]) -> Iterator[_Edit]:
    """Put helpers into an import of helpers that shares its lines with nothing, else behind the last import, or the docstring."""
    imports = [node for node in head if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.asname or alias.name for node in imports for alias in node.names}
    missing = set(helpers) - names
    if not missing:
        return
    for node in imports:
        if any(sign in line for line in lines[node.lineno - 1 : node.end_lineno] for sign in "#;\\"):
            continue
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "compass.skill"
            and not any(a.asname for a in node.names)
        ):
            yield node.lineno - 1, node.end_lineno or 0, importing(sorted(missing | {a.name for a in node.names}))
            return
    end = (imports[-1] if imports else head[0]).end_lineno or 0
    yield end, end, ["", *importing(sorted(missing))]


def serving(skill: Skill, unit_types: Sequence[str], tasks: Sequence[str]) -> str | None:
    """The skill's source for these unit types and tasks alone; None where its docstring is laid out so that they cannot be set."""
    fields = [f"unit_types: {', '.join(unit_types)}\n", *(f"task: {task}\n" for task in tasks)]
    docstring = ast.parse(skill.source).body[0]
    lines = _lines(skill.source)
    start, end = docstring.lineno - 1, docstring.end_lineno or docstring.lineno
    head = "".join(lines[start:end])
    found = _FIELD.search(head)
    if found is None:
        return None
    plain = _FIELD.sub("", head)
    plain = plain[: found.start()] + "".join(found[1] + each for each in fields) + plain[found.start() :]
    text = "".join([*lines[:start], plain, *lines[end:]])
    made = check_source(text, Path(f"{skill.name}.py"))
    fits = isinstance(made, Skill) and (made.unit_types, made.tasks) == (tuple(unit_types), tuple(tasks))
    return text if fits else None


def checked(name: str, source: str) -> Skill:
    """A skill of our own making, which therefore passes the checker."""
    found = check_source(source, Path(f"{name}.py"))
    if not isinstance(found, Skill):
        raise RuntimeError(f"what was made is no skill: {found[0]}\n{source}")
    return found


def _lines(source: str) -> list[str]:
    """The lines as Python counts them: other characters end a line elsewhere."""
    return [f"{line}\n" for line in source.split("\n")[:-1]] + [source.rpartition("\n")[2]]


def _replace(lines: list[str], node: ast.expr, text: str) -> None:
    """Put `text` in the place of an expression on one line."""
    at = node.lineno - 1
    line = lines[at].encode()
    lines[at] = (line[: node.col_offset] + text.encode() + line[node.end_col_offset :]).decode()
