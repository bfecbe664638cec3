"""Whether a source text is a skill file: an allow-list over its syntax tree, each complaint with its line and reason.

This is hygiene, not protection: it keeps skills readable, repeatable and within the helpers, and tells authors early what would
fail later. What holds a hostile skill is the kernel (`compass.skills.confine`).
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Iterator
from difflib import get_close_matches

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

Problem = tuple[int, str]


def check_tree(tree: ast.Module) -> list[Problem]:
    """All that is wrong with a skill file's tree, as (line, reason) by ascending line; an empty list for a good one."""
    problems = [*_layout(tree), *_imports(tree), *_forms(tree), *_names(tree)]
    return sorted(set(problems))


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
    made = [node.name if isinstance(node, ast.FunctionDef) else constant(node)[0] for node in tree.body]
    for index, each in enumerate(made):
        if each and each in made[:index]:
            yield tree.body[index].lineno, f"{each} stands here once more: only the last would count"
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
    for node in ast.walk(tree):
        refused = _REFUSED.get(type(node))
        if refused:
            yield getattr(node, "lineno", 1), refused
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.lineno, "a skill's functions have no decorators"
        if isinstance(node, ast.Attribute):
            if node.attr.startswith("_") or node.attr in ("format_map", "gi_frame", "tb_frame", "f_back"):
                yield node.lineno, f"attribute {node.attr}: a skill uses no inner attributes"
            elif isinstance(node.value, ast.Name) and node.value.id in modules and modules[node.value.id] in MODULES:
                reason = _not_offered(modules[node.value.id], node.attr)
                if reason:
                    yield node.lineno, reason
            elif isinstance(node.ctx, ast.Store):
                yield (
                    node.lineno,
                    f"attribute {node.attr}: observations are not changed; put what must last into the memory dict",
                )


def _names(tree: ast.Module) -> Iterator[Problem]:
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in bound | ALLOWED_BUILTINS:
            known = hasattr(builtins, node.id)
            near = get_close_matches(node.id, sorted(bound | ALLOWED_BUILTINS), n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            yield node.lineno, f"{node.id} is not for skills" if known else f"the name {node.id!r} is not defined{hint}"
