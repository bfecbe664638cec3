"""Whether a source text is a skill file: an allow-list over its syntax tree, each complaint with its line and reason.

This is hygiene, not protection: it keeps skills readable, repeatable and within the helpers, and tells authors early what would
fail later. What holds a hostile skill is the kernel (`compass.skills.confine`). But this runs in the evaluator's own process, so no
text may make it slow or large: the tree is only looked at, and compiled by others once nothing is wrong with it.
"""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from symtable import SymbolTable

import compass.skill
from compass.skills.parse import constant

MODULES: dict[str, frozenset[str]] = {
    "compass.skill": frozenset(compass.skill.__all__),
    "math": frozenset(name for name in dir(math) if not name.startswith("_")),
    "random": frozenset(
        ("choice", "choices", "gauss", "randint", "random", "randrange", "sample", "shuffle", "triangular", "uniform")
    ),
}
"""What a skill may import, and from each module which names. `random` arrives seeded; seeding it anew is not offered."""

# fmt: off
ALLOWED_BUILTINS = frozenset(
    (
        "abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "frozenset", "int",
        "isinstance", "iter", "len", "list", "map", "max", "min", "next", "pow", "print", "range", "repr", "reversed",
        "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip", "ArithmeticError", "AssertionError",
        "AttributeError", "Exception", "IndexError", "KeyError", "LookupError", "RuntimeError", "StopIteration",
        "TypeError", "ValueError", "ZeroDivisionError",
    )
)
# fmt: on
REQUIRED = {"score_target": ("unit", "obs"), "control_logic": ("obs", "memory")}

_TOP_LEVEL = (ast.Import, ast.ImportFrom, ast.FunctionDef)
_REFUSED: dict[type[ast.AST], str] = {
    ast.ClassDef: "a skill has no classes: use functions, tuples and dicts",
    ast.AsyncFunctionDef: "a skill is not asynchronous",
    ast.Await: "a skill is not asynchronous",
    ast.AsyncFor: "a skill is not asynchronous",
    ast.AsyncWith: "a skill is not asynchronous",
    ast.Yield: "a skill has no generator functions: build a list",
    ast.YieldFrom: "a skill has no generator functions: build a list",
    ast.Global: "module state is not kept: put what must last into the memory dict",
    ast.With: "a skill has nothing to open or lock",
    ast.Delete: "nothing needs del: use memory.pop(key, None)",
}
_INNER = re.compile(
    r"_|(?:ag|co|cr|f|gi|tb)_|mro$|format(?:_map)?$"
)  # the ways to classes, frames and code, and so to everything
_PYTHONS_OWN = frozenset(dir(builtins)) - ALLOWED_BUILTINS
_MOST_PROBLEMS, _MOST_HINTS = 50, 10

Problem = tuple[int, str]


def check_tree(tree: ast.Module, scopes: SymbolTable) -> list[Problem]:
    """What is wrong with a skill file's tree, as (line, reason) by ascending line, up to 50; an empty list for a good one.

    scopes: the symbol table of the same source.
    """
    problems = {*_layout(tree), *_imports(tree), *_forms(tree), *_names(tree, scopes)}
    return sorted(problems)[:_MOST_PROBLEMS]


def _layout(tree: ast.Module) -> Iterator[Problem]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, names in REQUIRED.items():
        signature = f"{name}({', '.join(names)})"
        if name not in functions:
            yield 1, f"the function {signature} is missing at module level"
            continue
        arguments = functions[name].args
        plain = [*arguments.posonlyargs, *arguments.args]
        if (
            len(plain) != len(names)
            or arguments.vararg
            or arguments.kwonlyargs
            or arguments.kwarg
            or arguments.defaults
        ):
            yield functions[name].lineno, f"{name} must take exactly ({', '.join(names)})"
    made: set[str] = set()
    for node in tree.body:
        each = node.name if isinstance(node, ast.FunctionDef) else constant(node)[0]
        if each and each in made:
            yield node.lineno, f"{each} stands here once more: only the last would count"
        made.add(each or "")
    for index, node in enumerate(tree.body):
        if isinstance(node, _TOP_LEVEL) or constant(node)[0]:
            continue
        if index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if type(node) not in _REFUSED:
            yield node.lineno, "at module level stand only the docstring, imports, functions and constants in CAPITALS"


def _imports(tree: ast.Module) -> Iterator[Problem]:
    allowed = ", ".join(sorted(MODULES))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in MODULES:
                    yield node.lineno, f"import {alias.name}: a skill imports only {allowed}"
                elif "." in alias.name:
                    yield node.lineno, f"write: from {alias.name} import ..."
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module not in MODULES:
                yield node.lineno, f"from {'.' * node.level}{node.module or ''} import: a skill imports only {allowed}"
                continue
            for alias in node.names:
                reason = _not_offered(node.module, alias.name)
                if reason:
                    yield node.lineno, reason


def _not_offered(module: str, name: str) -> str:
    offered = MODULES[module]
    if name in offered:
        return ""
    if name == "*":
        return f"name what you import from {module} instead of *"
    near = get_close_matches(name, sorted(offered), n=1)
    return f"{module} offers no {name!r}" + (
        f": did you mean {near[0]}?" if near else f": it offers {', '.join(sorted(offered))}"
    )


def _forms(tree: ast.Module) -> Iterator[Problem]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    modules = {alias.asname or alias.name: alias.name for node in imports for alias in node.names}
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        refused = _REFUSED.get(type(node))
        if refused:
            yield getattr(node, "lineno", 1), refused
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.lineno, "a skill's functions have no decorators"
        if isinstance(node, ast.Try | ast.TryStar) and node.finalbody:  # compiled once for every way out of it
            yield node.finalbody[0].lineno, "a skill has nothing to clean up: use try and except without finally"
        if isinstance(node, ast.MatchClass):
            for name in node.kwd_attrs:
                yield from _inner(name, node.lineno)
        if isinstance(node, ast.Name) and node.id in modules and id(node) not in owners:
            yield node.lineno, f"{node.id} is a module: only use what it offers, as {node.id}.NAME"
        if isinstance(node, ast.Attribute):
            yield from _attribute(node, modules)


def _attribute(node: ast.Attribute, modules: dict[str, str]) -> Iterator[Problem]:
    yield from _inner(node.attr, node.lineno)
    if not isinstance(node.ctx, ast.Load):
        yield (
            node.lineno,
            f"attribute {node.attr}: observations are not changed; put what must last into the memory dict",
        )
    if isinstance(node.value, ast.Name) and modules.get(node.value.id) in MODULES:
        reason = _not_offered(modules[node.value.id], node.attr)
        if reason:
            yield node.lineno, reason


def _inner(name: str, line: int) -> Iterator[Problem]:
    if name == "format":
        yield line, 'attribute format: write an f-string instead, as f"{value:.1f}"'
    elif _INNER.match(name):
        yield line, f"attribute {name}: a skill uses no inner attributes"


def _names(tree: ast.Module, scopes: SymbolTable) -> Iterator[Problem]:
    yield from _taken(tree)
    made = {symbol.get_name() for symbol in scopes.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    known = made | ALLOWED_BUILTINS
    lines: dict[str, list[int]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            lines[node.id].append(node.lineno)
    wrong: set[tuple[int, str]] = set()
    tables, words = [scopes], set(known)
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if not symbol.is_global():
                words.add(name)
            elif symbol.is_referenced() and name not in known:
                inside = [line for line in lines[name] if line >= table.get_lineno()]
                wrong.add((min(inside, default=table.get_lineno()), name))
    for number, (line, name) in enumerate(sorted(wrong)[:_MOST_PROBLEMS]):
        if name in _PYTHONS_OWN:
            yield line, f"{name} is not for skills"
        else:
            near = get_close_matches(name, sorted(words), n=1) if number < _MOST_HINTS else []
            hint = f": did you mean {near[0]}?" if near else ""
            yield line, f"the name {name!r} is not defined{hint}"


def _taken(tree: ast.Module) -> Iterator[Problem]:
    """Names of Python's own that the file gives to things of its own: up to that line they would be Python's."""
    for node in tree.body:
        given = [node.name] if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.Import | ast.ImportFrom):
            given = [alias.asname or alias.name for alias in node.names]
        for name in given:
            if name in _PYTHONS_OWN or name.startswith("__"):
                yield node.lineno, f"{name} is a name of Python's own: take another"
    for each in ast.walk(tree):
        name = each.id if isinstance(each, ast.Name) else each.arg if isinstance(each, ast.arg) else ""
        if name.startswith("__"):
            yield getattr(each, "lineno", 1), f"{name}: names with two underscores are Python's own"
