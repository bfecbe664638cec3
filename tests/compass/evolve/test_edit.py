"""Edits of a skill's text change what they say and nothing else."""

from __future__ import annotations

import difflib

import pytest

from compass.errors import InputError
from compass.evolve.edit import checked, serving, with_rule, with_values
from compass.skills.library import default_library_folder, load_library
from compass.synthesis.fragments import RULES

SHIPPED = load_library(default_library_folder()).skills


def _changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_other_values_change_their_lines_alone() -> None:
    kite = SHIPPED["kite"]
    text = with_values(kite, {"DANGER": 2.25, "PULL_BACK_STEPS": 7})
    assert checked("kite", text).parameters == kite.parameters | {"DANGER": 2.25, "PULL_BACK_STEPS": 7}
    changed = _changed(kite.source, text)
    assert len(changed) == 4 and all("DANGER" in line or "PULL_BACK_STEPS" in line for line in changed)
    assert with_values(kite, {}) == kite.source
    with pytest.raises(InputError, match="outside"):
        with_values(kite, {"DANGER": 99.0})


def test_values_beside_what_is_not_ascii_and_negative_ones() -> None:
    source = SHIPPED["kite"].source.replace("MELEE = 2.0", 'É = "ü"; MELEE = 2.0')
    with pytest.raises(RuntimeError):
        checked("kite", source + "\nimport os\n")
    text = SHIPPED["kite"].source.replace("DANGER = 1.5  # 0..5", "DANGER = -1.5  # -2..5 é")
    assert checked("kite", with_values(checked("kite", text), {"DANGER": -0.5})).parameters["DANGER"] == -0.5


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("rule", [rule for rule, piece in RULES.items() if not piece.ends])
def test_a_rule_is_put_before_all_a_skill_does(name: str, rule: str) -> None:
    skill = SHIPPED[name]
    text = with_rule(skill, rule)
    if text is None:
        assert {knob.name for knob in RULES[rule].knobs} & set(skill.parameters)
        return
    made = checked(name, text)
    assert made.parameters == skill.parameters | {knob.name: knob.default for knob in RULES[rule].knobs}
    removed = [line for line in _changed(skill.source, text) if line.startswith("-")]
    assert all("import" in line for line in removed) and text.count("from compass.skill import") == 1
    body = text.split("def control_logic(obs, memory):\n")[1]
    assert body.startswith("".join(f"    {line}\n" for line in RULES[rule].lines))


def test_names_that_mean_something_else_keep_a_rule_out() -> None:
    text = SHIPPED["focus_fire"].source
    for changed in (
        text.replace("def score_target", "def free(obs):\n    return obs.own\n\n\ndef score_target"),
        text.replace("    search,\n", "    search as vitality,\n").replace("search(obs", "vitality(obs"),
        text.replace("    shot = probe", "    vitality = 1\n    shot = probe"),
    ):
        assert changed != text and with_rule(checked("focus_fire", changed), "lure") is None
    assert with_rule(SHIPPED["focus_fire"], "lure") is not None


def test_what_shares_a_line_with_an_import_stays() -> None:
    hold = SHIPPED["hold_formation"].source
    plain = hold.replace("SPREAD = 2.5", "SPREAD = 2.0")
    for before, after in (
        ("toward\n", "toward; WAIT = 1.0  # 0..2 x\n"),
        ("toward\n", "toward  # all that it needs\n"),
    ):
        odd = checked("hold_formation", plain.replace(before, after, 1))
        assert odd.source != plain
        made = checked("hold_formation", with_rule(odd, "dodge") or "")
        assert after in made.source and made.parameters.items() >= odd.parameters.items()
    bare = checked(
        "b",
        '"""B: b.\n\nunit_types: any\n"""\n\n\ndef score_target(unit, obs):\n    return 0.0\n\n\n'
        "def control_logic(obs, memory):\n    return 1\n",
    )
    text = with_rule(bare, "dodge") or ""
    assert 0 < text.index("from compass.skill import") < text.index("HUNTERS = 2") < text.index("def score_target")


def test_a_rule_that_ends_everything_is_refused() -> None:
    assert with_rule(SHIPPED["kite"], "stand") is None


def test_other_unit_types_and_tasks() -> None:
    made = checked("marine_kite", serving(SHIPPED["kite"], ("marine",), ("kite",)))
    assert made.unit_types == ("marine",) and made.tasks == ("kite",)
    assert made.description == SHIPPED["kite"].description and made.parameters == SHIPPED["kite"].parameters
    for skill in SHIPPED.values():
        assert serving(skill, skill.unit_types, skill.tasks) == skill.source
    closed = checked("kite", SHIPPED["kite"].source.replace('task: engage\n"""', 'task: engage"""', 1))
    assert serving(closed, ("marine",), ("kite",)) is None


def test_texts_laid_out_otherwise_are_left_alone_or_edited_rightly() -> None:
    text = SHIPPED["kite"].source
    odd = checked("kite", text.replace("shoot when", "shoot\u2028\x0cwhen", 1))
    changed = with_values(odd, {"DANGER": 2.5})
    assert changed is not None and checked("kite", changed).parameters == odd.parameters | {"DANGER": 2.5}
    split = checked("kite", text.replace("DANGER = 1.5  # 0..5", "DANGER = (\n    1.5\n)  # 0..5"))
    found = with_values(split, {"DANGER": 2.5})
    assert found is None or checked("kite", found).parameters["DANGER"] == 2.5
    head, _, rest = text.partition("def control_logic(obs, memory):")
    assert with_rule(checked("kite", f"{head}def control_logic(obs, memory): return 1\n"), "evade") is None
    assert rest
