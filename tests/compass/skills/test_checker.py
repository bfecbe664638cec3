"""The checker against texts made to walk around it, and against texts made to keep it busy: it runs in the evaluator's process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compass.skills.library import Skill, check_source

FILE = '''"""Hold: stand still.

unit_types: any
"""

import math
import random

from compass.skill import Entity, attack, stop

BOX = []
{top}

def score_target(unit, obs):
    return 0.0


def control_logic(obs, memory):
    {body}
    return stop()
'''
AROUND = {
    "python's names by an argument": ("def f(__builtins__): pass", "__builtins__['open']('x')", "two underscores"),
    "a name bound elsewhere": ("def f(getattr): pass", "getattr(obs, 'own')", "getattr is not for skills"),
    "a name bound in a list": ("", "[eval for eval in [1]]; eval('1')", "eval is not for skills"),
    "a name bound too late for the list": ("", "[vars for vars in [vars]]", "vars is not for skills"),
    "a name before its function": ("A = open\ndef open(): pass", "A('x')", "open is a name of Python's own"),
    "a name before its import": ("A = eval\nfrom math import pi as eval", "A('1')", "eval is a name of Python's own"),
    "python's names by an import": ("from math import pi as __builtins__", "stop()", "a name of Python's own"),
    "a default": ("", "(lambda a=open: a)()", "open is not for skills"),
    "a module changed": ("", "math.tau = 3", "observations are not changed"),
    "a module changed in place": ("", "random.choice += 3", "observations are not changed"),
    "a module changed by a loop": ("", "[0 for math.pi in [3]]", "observations are not changed"),
    "a module by another name": ("", "r = random; r.seed(3)", "random is a module"),
    "a helper changed": ("", "attack.seen = 1", "observations are not changed"),
    "a class changed": ("", "Entity.distance = 1", "observations are not changed"),
    "all classes": ("", "int.mro()", "no inner attributes"),
    "classes by a pattern": ("", "match 1:\n        case int(__class__=c): c", "no inner attributes"),
    "frames of a generator": ("", "(x for x in BOX).gi_yieldfrom", "no inner attributes"),
    "code": ("", "(x for x in BOX).gi_code", "no inner attributes"),
    "a traceback": ("", "try: 1 / 0\n    except Exception as e: e.t.tb_frame", "no inner attributes"),
    "inner attributes in a text": ("", "'{0.__globals__}'.format(stop)", "write an f-string"),
    "inner attributes in a map": ("", "map(str.format_map, BOX)", "no inner attributes"),
}
BUSY = {
    "endless code": "def f():\n"
    + "".join(" " * n + "try:\n" + " " * n + " return 1\n" + " " * n + "finally:\n" for n in range(1, 18))
    + " " * 18
    + "pass\n",
    "a long range": f"FAR = 1  # {'1' * 60_000}\n",
    "a long range and a gap": f"FAR = 1  # {'1' * 30_000}{' ' * 30_000}\n",
    "many names": "def f():\n"
    + "".join(f" v{n:04} = 1\n" for n in range(3000))
    + "".join(f" w{n:04}\n" for n in range(3000)),
    "a long name": f"def f():\n {'a' * 30_000} = 1\n {'a' * 15_000}{'b' * 15_000}\n",
    "many constants": "A=1\n" * 15_000,
    "many mistakes": "def f():\n" + " x._a\n" * 10_000,
}
BUSY_CHECK = """
import resource, sys
from pathlib import Path
from compass.skills.library import load_library
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
for each in load_library(sys.argv[1]).broken:
    print(each)
"""


def written(top: str = "", body: str = "pass") -> str:
    return FILE.format(top=top, body=body)


@pytest.mark.parametrize("case", AROUND)
def test_ways_around_are_closed(case: str) -> None:
    top, body, reason = AROUND[case]
    found = check_source(written(top, body), Path("around.py"))
    assert isinstance(found, list) and reason in " ".join(map(str, found))


@pytest.mark.parametrize(
    "body",
    [
        "id = obs.own.id; type = 3; stop() if id > type else None",
        "f = lambda hash: hash + 1; f(2)",
        "[vars for vars in obs.enemies]",
        "def near(each, open=math.sqrt): return open(each.distance)",
        "total = 0\n    def add():\n        nonlocal total\n        total += 1\n    add()",
        "match obs.enemies:\n        case [Entity(id=first), *_]: attack(first)",
        "try: obs.enemies[0]\n    except IndexError: return stop()\n    else: print(f'{obs.step:>4}')",
        "BOX.append(obs.step); random.shuffle(BOX)",
    ],
)
def test_plain_python_is_let_through(body: str) -> None:
    assert isinstance(check_source(written("", body), Path("plain.py")), Skill)


def test_no_text_keeps_the_checker_busy(tmp_path: Path) -> None:
    for name, top in BUSY.items():
        (tmp_path / f"{name.replace(' ', '_')}.py").write_text(written(top))
    checked = subprocess.run(
        [sys.executable, "-c", BUSY_CHECK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    lines = checked.stdout.splitlines()
    assert {line.split(".py:")[0] for line in lines} == {name.replace(" ", "_") for name in BUSY}
    assert len(lines) <= 50 * len(BUSY) and max(map(len, lines)) < 500


def test_lines_end_as_the_compiler_says() -> None:
    found = check_source(written("FAR = 1  # 0..3 far (\rNEAR = 2  # 1..2 near").replace("\n", "\r"), Path("old.py"))
    assert isinstance(found, Skill) and [each.high for each in found.described] == [3.0, 2.0]
