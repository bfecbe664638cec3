"""Loading a library: what a file says is what is known, broken files are named with line and reason, the rest loads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compass.skills import library as module
from compass.skills.library import Library, Skill, init_library, load_library
from envs.errors import InputError

KITE = '''"""Kite: step away from what is about to hit you,
shoot when the weapon should be ready again.

More words for people.

unit_types: stalker, marine
task: keep your distance
task: retreat
"""
from compass.skill import attack, away, best_target, nearest, stop

DANGER = 4.0  # map units within which an enemy is too close; 0..10
PATIENCE = 3  # steps
BIAS = -1.5
PRIORITY = {"colossus": 3.0}


def score_target(unit, obs):
    return PRIORITY.get(unit.unit_type, BIAS) - unit.distance


def control_logic(obs, memory):
    close = nearest(obs.enemies)
    if close is not None and close.distance < DANGER:
        return away(obs, obs.enemies)
    target = best_target(score_target, obs)
    return attack(target.id) if target else stop()
'''
GOOD = '''"""Hold: stand still.

unit_types: any
"""


def score_target(unit, obs):
    return 0.0


def control_logic(obs, memory):
    return 1
'''
BODY = GOOD.split('"""\n', 1)[1]


def folder(tmp_path: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


def test_a_skill_is_what_its_file_says(tmp_path: Path) -> None:
    skill = load_library(folder(tmp_path, kite=KITE)).skills["kite"]
    assert (skill.name, skill.title) == ("kite", "Kite")
    assert skill.summary == "step away from what is about to hit you, shoot when the weapon should be ready again."
    assert "More words for people." in skill.description and "unit_types" not in skill.description
    assert skill.unit_types == ("stalker", "marine")
    assert skill.tasks == ("keep your distance", "retreat")
    assert skill.parameters == {"DANGER": 4.0, "PATIENCE": 3, "BIAS": -1.5}
    assert (skill.source, skill.path) == (KITE, tmp_path / "kite.py")
    danger, patience, bias = skill.described
    assert (danger.low, danger.high) == (0.0, 10.0) and "too close" in danger.note
    assert (patience.low, patience.high) == (0, 12)
    assert (bias.low, bias.high) == (-6.0, 0.0)


def test_what_cannot_be_seen_stays_out_of_prompts_and_terminals(tmp_path: Path) -> None:
    source = KITE.replace("step away", "step\\x1b[31m\u202eaway\\x85").replace("retreat", "re\\x07treat\\u2028now")
    source = source.replace("Kite", "Ki\\x9bte").replace("# steps", "# st\x1b[2Jeps")
    skill = load_library(folder(tmp_path, kite=source)).skills["kite"]
    assert skill.summary.startswith("step [31m away from what")
    assert (skill.title, skill.tasks) == ("Ki te", ("keep your distance", "re treat now"))
    texts = [skill.title, skill.summary, *skill.tasks, *(each.note for each in skill.described)]
    assert all(text.isprintable() for text in texts)
    assert all(char == "\n" or char.isprintable() for char in skill.description)
    assert skill.described[1].note == "st [2Jeps"


def test_the_ends_of_a_range_may_have_exponents(tmp_path: Path) -> None:
    folder(tmp_path, hold=GOOD + "FAR = 50.0  # 1e-2..1.5E+3 map units\n")
    (far,) = (each for each in load_library(tmp_path).skills["hold"].described if each.name == "FAR")
    assert (far.low, far.high) == (0.01, 1500.0)


def test_parameters_are_checked_before_they_are_used(tmp_path: Path) -> None:
    skill = load_library(folder(tmp_path, kite=KITE)).skills["kite"]
    assert skill.with_parameters({"DANGER": 6, "PATIENCE": 5.0}) == {"DANGER": 6.0, "PATIENCE": 5, "BIAS": -1.5}
    assert isinstance(skill.with_parameters({"PATIENCE": 5.0})["PATIENCE"], int)
    for given, reason in (
        ({"DANGR": 1.0}, "did you mean DANGER"),
        ({"DANGER": 11.0}, r"outside 0\.\.10"),
        ({"DANGER": float("nan")}, "must be a number"),
        ({"DANGER": float("-inf")}, "must be a number"),
        ({"DANGER": 10**400}, "is outside"),
        ({"DANGER": True}, "must be a number"),
        ({"DANGER": "3"}, "must be a number"),
        ({"PATIENCE": 2.5}, "whole number"),
    ):
        with pytest.raises(InputError, match=reason):
            skill.with_parameters(given)  # type: ignore[arg-type]


def test_skills_are_found_by_unit_type_the_specific_first(tmp_path: Path) -> None:
    zealot = GOOD.replace("unit_types: any", "unit_types: zealot, stalker")
    library = load_library(folder(tmp_path, a_hold=GOOD, kite=KITE, charge=zealot))
    assert [skill.name for skill in library.for_unit("stalker")] == ["charge", "kite", "a_hold"]
    assert [skill.name for skill in library.for_unit("colossus")] == ["a_hold"]


def test_the_content_hash_follows_the_files(tmp_path: Path) -> None:
    first = load_library(folder(tmp_path, kite=KITE, hold=GOOD)).content_hash
    (tmp_path / "notes.txt").write_text("not a skill")
    (tmp_path / "_draft.py").write_text("neither")
    assert load_library(tmp_path).content_hash == first
    folder(tmp_path, hold=GOOD.replace("still", "very still"))
    assert load_library(tmp_path).content_hash != first


def test_an_unknown_skill_names_the_nearest(tmp_path: Path) -> None:
    library = load_library(folder(tmp_path, kite=KITE, broken="x ="))
    assert isinstance(library.get("kite"), Skill)
    with pytest.raises(InputError, match="did you mean kite"):
        library.get("kit")
    with pytest.raises(InputError, match=r"broken\.py:1: invalid syntax"):
        library.get("broken")


BROKEN = {
    "a syntax error": (GOOD + "def f(:\n", 13, "invalid syntax"),
    "no docstring": (BODY, 1, "must begin with a docstring"),
    "no name": (GOOD.replace("Hold: stand still.", "stand still"), 1, '"Name: description."'),
    "no unit types": (GOOD.replace("unit_types: any\n", ""), 1, "unit_types: ..."),
    "an unknown unit": (GOOD.replace(": any", ": stalkr"), 1, "did you mean stalker"),
    "a long name": (GOOD.replace("Hold", "Hold " * 20), 1, "a name of 99 characters; say it in 80"),
    "a long summary": (GOOD.replace("still", "still " * 120), 1, "characters; say it in 600"),
    "a long task": (GOOD.replace(": any", f": any\ntask: {'x' * 121}"), 1, "a task of 121 characters"),
    "many tasks": (GOOD.replace(": any", ": any" + "\ntask: hold" * 21), 1, "21 tasks; a skill has at most 20"),
    "a long comment": (GOOD + f"FAR = 1  # 0..3 {'x' * 300}\n", 13, "a comment of 305 characters"),
    "many parameters": (GOOD + "".join(f"A{n} = 1\n" for n in range(41)), 53, "41 parameters"),
    "any and more": (GOOD.replace(": any", ": any, zealot"), 1, 'must be "any" or distinct'),
    "no score_target": (GOOD.replace("score_target", "score"), 1, "score_target(unit, obs) is missing"),
    "no control_logic": (GOOD.replace("control_logic", "control"), 1, "control_logic(obs, memory) is missing"),
    "too few arguments": (GOOD.replace("(obs, memory)", "(obs)"), 11, "exactly (obs, memory)"),
    "a forbidden import": (GOOD.replace("def score", "import os\n\n\ndef score"), 7, "import os: a skill imports only"),
    "a forbidden import inside": (GOOD.replace("return 1", "from os import path"), 12, "a skill imports only"),
    "a misspelt helper": (GOOD.replace("return 1", "from compass.skill import atack"), 12, "did you mean attack"),
    "a star import": (GOOD.replace("def score", "from math import *\n\n\ndef score"), 7, "instead of *"),
    "a new seed": (GOOD.replace("return 1", "import random\n    return random.seed(3)"), 13, "offers no 'seed'"),
    "open": (GOOD.replace("return 1", "return open('x')"), 12, "open is not for skills"),
    "getattr": (GOOD.replace("return 1", "return getattr(obs, 'own')"), 12, "getattr is not for skills"),
    "an unknown name": (GOOD.replace("return 1", "return memroy"), 12, "did you mean memory"),
    "an inner attribute": (GOOD.replace("return 1", "return obs.__class__"), 12, "inner attributes"),
    "a class": (GOOD.replace("return 1", "class A: pass"), 12, "no classes"),
    "a changed observation": (GOOD.replace("return 1", "obs.step = 3"), 12, "observations are not changed"),
    "a global": (GOOD.replace("return 1", "global x"), 12, "memory dict"),
    "a generator": (GOOD.replace("return 1", "yield 1"), 12, "no generator"),
    "code at module level": (GOOD + "print(1)\n", 13, "at module level stand only"),
    "a small constant": (GOOD + "danger = 1\n", 13, "at module level stand only"),
    "a parameter set twice": (GOOD + "FAR = 1\nFAR = 2\n", 14, "FAR stands here once more"),
    "a function made twice": (
        GOOD + "def score_target(unit, obs): return 1\n",
        13,
        "score_target stands here once more",
    ),
    "a parameter outside its range": (GOOD + "FAR = 12  # 0..10\n", 13, "outside its own range 0..10"),
    "deep nesting": (GOOD + "X = " + "(" * 3000 + ")" * 3000 + "\n", 13, ""),
    "deep operators": (GOOD + "X = " + "-" * 200_000 + "1\n", 1, ""),
    "a null byte": (GOOD + "\0", 1, "null byte"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_line_and_reason(case: str, tmp_path: Path) -> None:
    source, line, reason = BROKEN[case]
    library = load_library(folder(tmp_path, bad=source, hold=GOOD))
    assert list(library.skills) == ["hold"]
    assert {problem.file for problem in library.broken} == {"bad.py"}
    assert reason in str(library.broken[0])
    assert reason == "" or line in [problem.line for problem in library.broken]


def test_all_problems_of_a_file_are_told(tmp_path: Path) -> None:
    source = GOOD.replace("return 1", "import os\n    return opne(1)")
    assert [problem.line for problem in load_library(folder(tmp_path, bad=source)).broken] == [12, 13]


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    folder(tmp_path, hold=GOOD, Kite=KITE, long=GOOD + "#" * 70_000)
    (tmp_path / "latin.py").write_bytes(GOOD.encode() + b"# \xe9\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "inside.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    library = load_library(tmp_path)
    assert list(library.skills) == ["hold"]
    assert {(problem.file, problem.line): problem.reason.split(";")[0] for problem in library.broken} == {
        ("Kite.py", 1): "the file's name is the skill's name: lower-case letters, digits and _ only",
        ("gone.py", 1): "cannot be read: No such file or directory",
        ("inside.py", 1): "not a regular file",
        ("latin.py", 13): "not UTF-8 text",
        ("long.py", 1): f"{len(GOOD) + 70_000} bytes long",
        ("pipe.py", 1): "not a regular file",
    }


def test_a_missing_or_empty_folder_has_a_way_out(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="compass skills init"):
            load_library(path)
    (tmp_path / "file.py").write_text(GOOD)
    with pytest.raises(InputError, match="not a folder"):
        load_library(tmp_path / "file.py")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        with pytest.raises(InputError, match="cannot be read: Permission denied"):
            load_library(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_init_copies_the_shipped_library_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    folder(shipped, hold=GOOD, kite=KITE)
    (shipped / "README.md").write_text("about")
    (shipped / "__pycache__").mkdir()
    monkeypatch.setattr(module, "default_library_folder", lambda: shipped)
    target = tmp_path / "a" / "mine"
    assert [path.name for path in init_library(target)] == ["README.md", "hold.py", "kite.py"]
    assert load_library(target).content_hash == load_library(shipped).content_hash
    with pytest.raises(InputError, match="not empty"):
        init_library(target)
    with pytest.raises(InputError, match="is a file"):
        init_library(target / "hold.py")
    with pytest.raises(InputError, match="cannot be written"):
        init_library("/proc/skills")


def test_init_copies_a_grown_library_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped"
    grown = shipped / "grown" / "zerg_5_vs_5_epo" / "skills"
    grown.mkdir(parents=True)
    folder(shipped, hold=GOOD)
    folder(grown, kite=KITE)
    (grown / "merits.json").write_text("{}")
    monkeypatch.setattr(module, "default_library_folder", lambda: shipped)
    files = init_library(tmp_path / "mine", "zerg_5_vs_5_epo")
    assert [path.name for path in files] == ["kite.py", "merits.json"]
    with pytest.raises(InputError, match="unknown grown library 'zerg_5_vs_6_epo'"):
        init_library(tmp_path / "other", "zerg_5_vs_6_epo")


def test_a_library_travels_to_worker_processes(tmp_path: Path) -> None:
    import pickle

    library = load_library(folder(tmp_path, kite=KITE))
    copy: Library = pickle.loads(pickle.dumps(library))
    assert copy == library
