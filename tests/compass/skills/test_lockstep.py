"""Many battles in one process per agent: as each alone, and over at the first sign of anything but answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from compass.skills.faults import Fault
from compass.skills.library import Library
from compass.skills.limits import processor_seconds
from compass.skills.lockstep import Lockstep, Lost
from compass.skills.sandbox import Sandbox
from compass.types import Constants
from envs.errors import InputError

Payload = Callable[..., bytes]
OS = "os = random._os\n"
# The true answer to one call, action 3, as the process would write it.
ANSWER = (
    OS + "body = os.sys._getframe(2).f_locals['body']\n"
    "answer = (13).to_bytes(4, 'little') + bytes([4]) + body[:8] + bytes([0, 3, 0, 0, 0])\n"
)
BODIES = {
    "dice": "memory['n'] = memory.get('n', 0) + 1\nreturn random.choice((2, 3, 4, 5)) if memory['n'] % 2 else 1",
    "counter": "memory['n'] = memory.get('n', 0) + 1\nreturn memory['n']",
    "tells": "import math\nmath.tau += 1\nrandom.seen = getattr(random, 'seen', 0) + 1\nreturn int(math.tau) - 6 + random.seen",
    "reads": "return open('/etc/passwd').read()",
    "poison": OS
    + "helpers = os.sys.modules['compass.skill']\nhelpers.stop = lambda: 99\nrandom._inst.seed = None\nreturn 1",
}
LOSING = {
    "loop": "while True: pass",
    "exits": OS + "os._exit(3)",
    "forks": OS + "return os.fork()",
    "bomb": "return bytearray(1 << 40)",
    "blind": OS + "os.write(0, b'x' * 18)\nreturn 1",
    "flood": OS + "while True: os.write(0, b'x' * 1000)",
    "endless": OS + "os.write(0, b'\\xff\\xff\\xff\\x7f' + bytes([4]))\nwhile True: os.write(0, b'x' * 1000)",
    "trickle": ANSWER + "for each in answer:\n    os.write(0, bytes([each]))\n    sum(range(10 ** 6))",
    "other_nonce": ANSWER + "os.write(0, answer[:5] + bytes(8) + answer[13:])\nreturn 1",
    "long_text": ANSWER + "os.write(0, bytes([17]) + answer[1:13] + bytes([1, 0, 0, 0, 0, 255, 255, 0, 0]))\nreturn 1",
    "no_text": ANSWER + "os.write(0, answer[:13] + bytes([1, 0, 0, 0, 0]))\nreturn 1",
    "no_kind": ANSWER + "os.write(0, answer[:13] + bytes([9, 3, 0, 0, 0]))\nreturn 1",
}
LATER = {
    "stowaway": ANSWER + "os.write(0, answer)\nwhile True: pass",
    "double": ANSWER + "os.write(0, answer)\nreturn 2",
}


@pytest.fixture(scope="module")
def sandbox(raw_library: Callable[..., Library]) -> Iterator[Sandbox]:
    with Sandbox(raw_library((), **BODIES, **LOSING, **LATER)) as made:
        yield made


def test_each_battle_is_as_it_would_be_alone(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    def alone(seeds: list[int]) -> list[list[int | None]]:
        team = sandbox.open_team(constants, seeds)
        for agent in (0, 1):
            team.assign(agent, "dice")
        found = [[reply.action for reply in team.act([(0, payload(0)), (1, payload(1))])] for _ in range(6)]
        team.close()
        return found

    with Lockstep(sandbox, 2) as lockstep:
        for seeds in ([7, 8], [8, 9], [7, 8]):
            battle = lockstep.open_team(constants, seeds)
            for agent in (0, 1):
                battle.assign(agent, "dice")
        calls = [(battle, agent, payload(agent)) for battle in (0, 1, 2) for agent in (0, 1)]
        together = [[reply.action for reply in lockstep.act(calls)] for _ in range(6)]
    assert [step[:2] for step in together] == [step[4:] for step in together] == alone([7, 8])
    assert [step[2:4] for step in together] == alone([8, 9])


def test_mistakes_cost_only_their_own_answer(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        for name in ("counter", "reads", "counter"):
            lockstep.open_team(constants, [1]).assign(0, name)
        calls = [(battle, 0, payload(0)) for battle in (0, 1, 2)]
        first, second = lockstep.act(calls), lockstep.act(calls[1:])
        assert [reply.action for reply in first] == [1, None, 1] and [reply.action for reply in second] == [None, 2]
        assert first[1].fault is Fault.EXCEPTION and "Operation not permitted" in first[1].detail
        masked = lockstep.act([(0, 0, payload(0, available=(1,)))])[0]
        assert masked.fault is Fault.ILLEGAL and masked.detail == "answered 2, which is not available"
        with pytest.raises(InputError, match="unknown skill"):
            lockstep.assign(0, 0, "missing", {})


@pytest.mark.parametrize("skill", LOSING)
def test_whatever_is_no_answer_ends_the_lockstep(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        lockstep.open_team(constants, [1]).assign(0, skill)
        with pytest.raises(Lost):
            lockstep.act([(0, 0, payload(0))])


@pytest.mark.parametrize("skill", LATER)
def test_what_goes_on_after_its_answer_is_found_by_the_next_calls(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        lockstep.open_team(constants, [1]).assign(0, skill)
        with pytest.raises(Lost):
            for _ in range(3):
                lockstep.act([(0, 0, payload(0))])
                time.sleep(0.05)


def test_nothing_computes_between_the_steps(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        lockstep.open_team(constants, [1]).assign(0, "stowaway")
        lockstep.act([(0, 0, payload())])
        pid = lockstep._slots[0].process.pid
        used = processor_seconds(pid)
        time.sleep(0.3)
        assert "pauses" not in sandbox.layers or processor_seconds(pid) - used < 0.05


def test_changed_modules_are_the_battles_own(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        for _ in range(3):
            lockstep.open_team(constants, [1]).assign(0, "tells")
        calls = [(battle, 0, payload()) for battle in range(3)]
        found = [[reply.action for reply in lockstep.act(calls)] for _ in range(2)]
    assert found == [[2, 2, 2], [4, 4, 4]]


def test_poison_stays_in_its_process(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    for poisoned in (False, True, False):
        with Lockstep(sandbox, 2) as lockstep:
            battle = lockstep.open_team(constants, [1, 2])
            battle.assign(0, "poison" if poisoned else "hold")
            battle.assign(1, "dice")
            found = [battle.act([(0, payload(0)), (1, payload(1))])[1].action for _ in range(8)]
        if not poisoned:
            clean = found
        assert found == clean


def test_a_sandbox_takes_up_another_library(
    raw_library: Callable[..., Library], constants: Constants, payload: Payload
) -> None:
    with Sandbox(raw_library(four="return 4")) as sandbox:
        before = sandbox.open_team(constants, [1])
        before.assign(0, "four")
        sandbox.take_up(raw_library(four="return 5"))
        after = sandbox.open_team(constants, [1])
        after.assign(0, "four")
        assert [team.act([(0, payload(0))])[0].action for team in (before, after, before)] == [4, 5, 4]
        with pytest.raises(InputError, match="no usable skill"):
            sandbox.take_up(Library(sandbox.library.folder, {}))
        before.close()
        after.close()
