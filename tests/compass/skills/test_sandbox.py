"""The sandbox with well-behaved and merely clumsy skills: answers, parameters, memory, seeds, and what it says of mistakes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compass.skills import nursery
from compass.skills.faults import Fault
from compass.skills.library import Library, load_library
from compass.skills.limits import Limits
from compass.skills.parse import Parameter
from compass.skills.sandbox import Sandbox
from compass.types import Constants
from envs.errors import InputError

Payload = Callable[..., bytes]
LEVEL = Parameter("LEVEL", 2, 0, 9, "the action it answers")
PATIENT = Limits(deadline=5.0, patience=30.0)
ALLOW_ALL = bytes.fromhex("060000000000ff7f")  # a filter of one instruction: return ALLOW

BODIES = {
    "level": "return LEVEL",
    "dice": "return random.choice((2, 3, 4, 5))",
    "counter": "memory['n'] = memory.get('n', 0) + 1\nreturn memory['n']",
    "module_counter": "global N\nN = globals().get('N', 0) + 1\nreturn N",
    "looker": "return 6 + min(obs.enemies, key=lambda each: each.distance).id",
    "hashes": "return 2 + hash('kite') % 4",
    "raises": "return obs.enemy",
    "nan": "return float('nan')",
    "none": "return None",
    "yes": "return True",
    "text": "return '1'",
    "fraction": "return 1.0",
    "huge": "return 10 ** 100",
    "negative": "return -1",
    "beyond": "return 11",
    "masked": "return 4",
    "prints": "print('x' * 100_000)\nreturn 1",
    "escapes": "raise ValueError('\\x1b[31mred\\n\\u202eline at 0x7f001122')",
    "shouts": "raise ValueError('x' * 10 ** 6)",
    "leaves": "raise SystemExit(0)",
    "unprintable": "class E(Exception):\n    def __str__(self): raise self\nraise E()",
    "imports": "import json",
    "slow": "return 1 + 0 * sum(range(3_000_000))",
    "heavy": "known = random._os.sys.modules\nraise ValueError([name for name in ('numpy', 'numba', 'yaml') if name in known])",
}


@pytest.fixture(scope="module")
def sandbox(raw_library: Callable[..., Library]) -> Iterator[Sandbox]:
    with Sandbox(raw_library((LEVEL,), **BODIES), limits=PATIENT) as made:
        yield made


def answers(
    sandbox: Sandbox, constants: Constants, payload: Payload, skill: str, steps: int = 1, seed: int = 3
) -> list[int | None]:
    team = sandbox.open_team(constants, [seed])
    team.assign(0, skill)
    replies = [team.act([(0, payload(0))])[0].action for _ in range(steps)]
    team.close()
    return replies


def test_a_checked_skill_acts_on_what_its_agent_sees(tmp_path: Path, constants: Constants, payload: Payload) -> None:
    (tmp_path / "focus.py").write_text(
        '"""Focus: attack the weakest.\n\nunit_types: any\n"""\n'
        "from compass.skill import attack, best_target, stop\n\n\n"
        "def score_target(unit, obs):\n    return -unit.distance\n\n\n"
        "def control_logic(obs, memory):\n    target = best_target(score_target, obs)\n"
        "    return attack(target.id) if target else stop()\n"
    )
    with Sandbox(load_library(tmp_path)) as made:
        assert made.label == "seccomp" and {"limits", "seccomp"} <= set(made.layers)
        team = made.open_team(constants, [1, 2, 3, 4, 5])
        for agent in range(5):
            team.assign(agent, "focus")
        replies = team.act([(agent, payload(agent)) for agent in (4, 0, 2)])
        assert [reply.action for reply in replies] == [6, 6, 6]
        assert not team.faults and team.reproducible
        team.close()


def test_parameters_hold_from_the_next_call_and_fall_back_to_defaults(
    sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    team = sandbox.open_team(constants, [1])
    given: list[dict[str, float]] = [{}, {"LEVEL": 5}, {"LEVEL": 3}, {}]
    got = []
    for parameters in given:
        team.assign(0, "level", parameters)
        got.append(team.act([(0, payload())])[0].action)
    assert got == [2, 5, 3, 2]
    with pytest.raises(InputError, match=r"outside 0\.\.9"):
        team.assign(0, "level", {"LEVEL": 10})
    with pytest.raises(InputError, match="did you mean level"):
        team.assign(0, "levels")
    assert team.act([(0, payload())])[0].action == 2
    team.close()


def test_memory_lasts_an_episode_and_outlives_a_change_of_skill(
    sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    for _ in range(2):  # a second episode starts empty
        team = sandbox.open_team(constants, [1, 2])
        got = []
        for skill in ("counter", "counter", "level", "counter"):
            team.assign(0, skill)
            got.append(team.act([(0, payload())])[0].action)
        team.assign(1, "counter")
        assert team.act([(1, payload(1))])[0].action == 1
        assert got == [1, 2, 2, 3]
        team.close()


def test_nothing_in_a_process_outlives_the_episode(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    assert answers(sandbox, constants, payload, "module_counter", 3) == [1, 2, 3]
    assert answers(sandbox, constants, payload, "module_counter", 3) == [1, 2, 3]


def test_chance_follows_the_seed_alone(
    sandbox: Sandbox, constants: Constants, payload: Payload, raw_library: Callable[..., Library]
) -> None:
    first = answers(sandbox, constants, payload, "dice", 30)
    assert answers(sandbox, constants, payload, "dice", 30) == first
    assert answers(sandbox, constants, payload, "dice", 30, seed=4) != first
    with Sandbox(raw_library(dice=BODIES["dice"], hashes=BODIES["hashes"])) as other:
        assert answers(other, constants, payload, "dice", 30) == first
        assert answers(other, constants, payload, "hashes") == answers(sandbox, constants, payload, "hashes")


@pytest.mark.parametrize(
    ("skill", "fault", "detail"),
    [
        ("raises", Fault.EXCEPTION, "line 4: AttributeError: 'Observation' object has no attribute 'enemy'"),
        ("imports", Fault.EXCEPTION, "line 4: ImportError: a skill cannot import json"),
        ("leaves", Fault.EXCEPTION, "line 4: SystemExit: 0"),
        ("unprintable", Fault.EXCEPTION, "line 6: an exception that cannot be printed"),
        ("escapes", Fault.EXCEPTION, "line 4: ValueError:  [31mred  line at 0x..."),
        ("nan", Fault.ILLEGAL, "answered nan, which is no action"),
        ("none", Fault.ILLEGAL, "answered None, which is no action"),
        ("yes", Fault.ILLEGAL, "answered True, which is no action"),
        ("text", Fault.ILLEGAL, "answered '1', which is no action"),
        ("fraction", Fault.ILLEGAL, "answered 1.0, which is no action"),
        ("negative", Fault.ILLEGAL, "answered -1, which is no action"),
        ("beyond", Fault.ILLEGAL, "answered 11, which is not available"),
        ("masked", Fault.ILLEGAL, "answered 4, which is not available"),
        ("heavy", Fault.EXCEPTION, "line 5: ValueError: []"),
    ],
)
def test_mistakes_are_named_and_cost_only_their_own_answer(
    skill: str, fault: Fault, detail: str, sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    team = sandbox.open_team(constants, [1, 2])
    team.assign(0, skill)
    team.assign(1, "looker")
    mine, other = team.act([(0, payload(0, available=(1, 2, 3, 5))), (1, payload(1))])
    assert (mine.action, mine.fault, mine.detail) == (None, fault, detail)
    assert other.action == 6 and team.faults == {fault: 1} and team.reproducible
    team.assign(0, "counter")
    assert team.act([(0, payload())])[0].action == 1  # the same process goes on
    team.close()


def test_long_words_are_clipped(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    team = sandbox.open_team(constants, [1])
    for skill, fault in (("shouts", Fault.EXCEPTION), ("huge", Fault.ILLEGAL)):
        team.assign(0, skill)
        reply = team.act([(0, payload())])[0]
        assert reply.fault == fault and len(reply.detail) <= 200
    team.close()


def test_printing_does_no_harm(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    assert answers(sandbox, constants, payload, "prints") == [1]


def test_a_slow_skill_is_given_the_processor_time_of_the_deadline(
    sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    assert answers(sandbox, constants, payload, "slow", 3) == [1, 1, 1]


def test_calls_of_our_own_that_make_no_sense_raise(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    team = sandbox.open_team(constants, [1])
    with pytest.raises(ValueError, match="must be assigned"):
        team.act([(0, payload())])
    with pytest.raises(ValueError, match="one call at a time"):
        team.act([(0, payload()), (0, payload())])
    team.close()


def test_a_fresh_team_is_ready_at_once(sandbox: Sandbox, constants: Constants) -> None:
    sandbox.open_team(constants, range(5)).close()
    time.sleep(0.2)  # the next team's processes are forked meanwhile
    began = time.perf_counter()
    team = sandbox.open_team(constants, range(5))
    assert time.perf_counter() - began < 0.2
    team.close()


def test_teams_of_any_size_follow_each_other(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    for size in (1, 5, 40, 2):
        team = sandbox.open_team(constants, range(size))
        for agent in range(size):
            team.assign(agent, "looker")
        assert [reply.action for reply in team.act([(agent, payload(agent % 5)) for agent in range(size)])] == [
            6
        ] * size
        team.close()


def test_without_seccomp_it_refuses_unless_told(
    raw_library: Callable[..., Library], constants: Constants, payload: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = raw_library(looker=BODIES["looker"])
    monkeypatch.setattr(nursery, "program", lambda: ALLOW_ALL)
    with pytest.raises(InputError, match="--unsafe-skills"):
        Sandbox(library)
    with Sandbox(library, unsafe=True) as made:
        assert made.label == "none" and "seccomp" not in made.layers
        assert answers(made, constants, payload, "looker") == [6]


def test_other_systems_are_refused(raw_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch) -> None:
    from compass.skills import syscall_filter

    monkeypatch.setattr(syscall_filter.sys, "platform", "darwin")
    monkeypatch.setattr(nursery, "program", syscall_filter.program.__wrapped__)
    with pytest.raises(InputError, match="only Linux has; pass --unsafe-skills"):
        Sandbox(raw_library())


def test_a_missing_libseccomp_is_named(raw_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch) -> None:
    from compass.skills import syscall_filter

    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    monkeypatch.setattr(nursery, "program", syscall_filter.program.__wrapped__)
    with pytest.raises(InputError, match=r"install libseccomp .* or pass --unsafe-skills"):
        Sandbox(raw_library())


def test_a_library_without_a_usable_skill_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x =")
    with pytest.raises(InputError, match=r"no usable skill in .*: bad\.py:1: invalid syntax"):
        Sandbox(load_library(tmp_path))
