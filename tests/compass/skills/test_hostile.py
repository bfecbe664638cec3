"""Hostile skills that no checker has seen: each is contained, and the other agents' answers go on.

They reach `os`, `sys` and `ctypes` through what they may import, as any Python code can.
"""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from compass.skills.faults import Fault
from compass.skills.library import Library
from compass.skills.limits import Limits, processor_seconds
from compass.skills.lockstep import Lockstep, Lost
from compass.skills.parse import Parameter
from compass.skills.sandbox import Sandbox
from compass.types import Constants

Payload = Callable[..., bytes]
LIMITS = Limits(processes=1000)
GRACE = 0.3  # seconds by which nothing may outlive its deadline
OS = "os = random._os\nsys = os.sys\n"
LIBC = OS + "libc = sys.modules['compass.skills.confine']._libc\n"
CTYPES = LIBC + "ctypes = sys.modules['ctypes']\n"
NONCE = "nonce = random._os.sys._getframe(2).f_locals['body'][:8]\n"
NUMBER = Parameter("NUMBER", 0, 0, 1 << 31, "of a system call")

ENDLESS = {
    "loop": "while True: pass",
    "loop_in_c": "return sum(range(10 ** 12))",
    "power": "return len(str(7 ** 10 ** 8))",
    "long_text": "return ('a' * 10 ** 7).count('a' * 5 * 10 ** 6 + 'b' + 'a' * 10 ** 6) + sum(range(10 ** 12))",
    "catches_all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "waits_for_more": OS + "while True: os.read(0, 1 << 16)",
    "sorts": "class A:\n    def __lt__(self, other):\n        while True: pass\nsorted([A(), A()])",
    "finalises": "class A:\n    def __del__(self):\n        while True: pass\nA()\nreturn 1",
    "matches": OS + "return len(sys.modules['re'].findall('(a+)+b', 'a' * 60))",
    "in_its_name": "class M(type):\n    @property\n    def __name__(cls):\n        while True: pass\n"
    "class E(Exception, metaclass=M): pass\nraise E()",
    "in_its_trace": "me = property(lambda self: self)\n"
    "class E(Exception): __traceback__ = tb_next = tb_frame = f_code = co_filename = me\nraise E()",
    "in_its_text": "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()",
}
FORBIDDEN = {
    "reads": "return open('/etc/passwd').read()",
    "reads_by_number": OS + "return os.open('/etc/passwd', 0)",
    "writes": "return open(WHERE, 'w').write('pwned')",
    "lists": OS + "return os.listdir('/')",
    "deletes": OS + "return os.unlink(WHERE)",
    "runs": OS + "return os.system('touch ' + WHERE)",
    "executes": OS + "return os.execv('/bin/touch', ['touch', WHERE])",
    "connects": OS + "s = sys.modules['socket'].socket()\ns.connect(('127.0.0.1', PORT))",
    "forks": LIBC + "return libc.fork()",
    "forks_in_python": OS + "return os.fork()",
    "kills_parent": OS + "return os.kill(os.getppid(), 9)",
    "kills_by_number": LIBC + "return libc.kill(EVALUATOR, 9)",
    "kills_all": LIBC + "return libc.kill(-1, 9)",
    "prlimit": LIBC + "return libc.prlimit(0, 9, None, None)",
    "traces": LIBC + "return libc.ptrace(16, EVALUATOR, 0, 0)",
    "executable_memory": LIBC + "return libc.mmap(0, 4096, 7, 0x22, -1, 0)",
    "executable_later": LIBC + "return libc.mprotect(0x7ffff0000000, 4096, 7)",
    "maps_file": LIBC + "return libc.mmap(0, 4096, 1, 2, 0, 0)",
    "other_channel": OS + "return os.write(3, b'x' * 13)",
    "stdout": OS + "return os.write(1, b'x' * 13)",
    "stderr": OS + "return os.write(2, b'x' * 13)",
    "wide_number": LIBC + "return libc.syscall(*map(sys.modules['ctypes'].c_long, (1, 1 << 32, 0, 13)))",
    "closes": OS + "return os.close(0)",
    "copies": OS + "return os.dup2(0, 5)",
    "passes_on": LIBC + "return libc.sendmsg(0, 0, 0)",
    "own_end": LIBC + "return libc['raise'](9)",
    "alarm": LIBC + "return libc.alarm(1)",
    "handler": OS + "return sys.modules['signal'].signal(15, sys.modules['signal'].SIG_IGN)",
    "thread": OS + "return sys.modules['_thread'].start_new_thread(print, ())",
    "old_clock": CTYPES + "return ctypes.CFUNCTYPE(ctypes.c_long)(0xFFFFFFFFFF600400)()",
    "subclasses": "for each in ().__class__.__base__.__subclasses__():\n"
    "    if each.__name__ == '_wrap_close':\n        return each.__init__.__globals__['popen']('id')\nraise ValueError",
}
CLUMSY = {
    "hash": "class A:\n    def __hash__(self): return hash(self)\nreturn len({A(): 1})",
    "equals": "class A:\n    def __hash__(self): return 1\n    def __eq__(self, other): return other == self\n{A(), A()}",
    "repr": "class A:\n    def __repr__(self): return repr(self)\nreturn A()",
    "long_repr": "class A:\n    def __repr__(self): return 'x' * (80 << 20)\nreturn A()",
    "no_text": "class E(Exception):\n    def __str__(self): return 3\nraise E()",
    "subclass": "class I(int): pass\nreturn I(1)",
    "index": "class I:\n    def __index__(self): return 1\n    __int__ = __index__\nreturn I()",
    "posing": "class I: __class__ = int\nreturn I()",
    "interrupt": "raise KeyboardInterrupt",
    "generator_exit": "raise GeneratorExit",
    "base": "class E(BaseException): pass\nraise E()",
    "group": "raise BaseExceptionGroup('x', [SystemExit()])",
    "generator": "return (yield 1)",
    "coroutine": "async def later(): return 1\nreturn later()",
    "negative": "return -(10 ** 30)",
    "too_large": "return 1 << 31",
    "complex": "return 1j",
}
DEADLY = {
    "exits": OS + "os._exit(3)",
    "deep": "class A:\n    def __repr__(self): return repr(self)\n"
    + OS
    + "sys.setrecursionlimit(10 ** 9)\nreturn len(repr(A()))",
    "crashes": CTYPES + "ctypes.string_at(8)",
    "clock": OS + "return int(sys.modules['time'].time()) * 0 + 1",
    "coarse_clock": OS + "return int(sys.modules['time'].clock_gettime(5)) * 0 + 1",
    "new_seed": "random.seed()\nreturn 1",
}
FORGED = {
    "short": OS + "os.write(0, b'x')\nreturn 1",
    "blind": OS + "os.write(0, b'x' * 13)\nreturn 1",
    "flood": OS + "while True: os.write(0, b'x' * 1000)",
}
OTHER = {
    "bomb": "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
    "big_bomb": "return bytearray(1 << 40)",
    "recursion": "def again(n): return again(n + 1)\nreturn again(0)",
    "poison": OS
    + """known = sys.modules
for name in ("compass.skill", "compass.types", "compass.wire", "compass.skills.worker", "math", "random", "os"):
    for each in list(vars(known[name])):
        if each not in ("__builtins__", "os", "ANSWER", "CHANNEL", "CALL", "NONCE", "HEAD", "ACTION"):
            vars(known[name])[each] = None
known['builtins'].len = known['builtins'].range = None
return 1
""",
    "stowaway": NONCE + "random._os.write(0, nonce + bytes([0, 3, 0, 0, 0]))\nwhile True: pass",
    "double": NONCE + "random._os.write(0, nonce + bytes([0, 3, 0, 0, 0]))\nreturn 2",
    "command": OS + "raise ValueError(sys.argv, sys.orig_argv)",
    "environment": OS + "raise ValueError(sorted(os.environ))",
    "dice": "return random.choice((2, 3, 4, 5))",
    "call": CTYPES + "ctypes.set_errno(0)\ndone = libc.syscall(ctypes.c_long(NUMBER), *[ctypes.c_long(-1)] * 6)\n"
    "return 1 if done == -1 and ctypes.get_errno() == 1 else 2",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that anybody may write, with a file in it."""
    folder = tmp_path_factory.mktemp("target")
    folder.chmod(0o777)
    (folder / "file").write_text("whole")
    return folder


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def sandbox(raw_library: Callable[..., Library], target: Path, listener: socket.socket) -> Iterator[Sandbox]:
    known = {"WHERE": repr(str(target / "file")), "PORT": str(listener.getsockname()[1]), "EVALUATOR": str(os.getpid())}
    bodies = {}
    for name, body in {**ENDLESS, **FORBIDDEN, **CLUMSY, **DEADLY, **FORGED, **OTHER}.items():
        for word, value in known.items():
            body = body.replace(word, value)
        bodies[name] = body
    with Sandbox(raw_library((NUMBER,), **bodies), limits=LIMITS) as made:
        yield made


def buried_seconds(sandbox: Sandbox) -> float:
    """The processor time of all processes that the forking process has buried: wall time would depend on the machine's load."""
    fields = Path(f"/proc/{sandbox.nursery.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def contained(sandbox: Sandbox, constants: Constants, payload: Payload, skill: str) -> tuple[Fault | None, str]:
    """Let agent 1 run a hostile skill twice among others; its first fault, after seeing that the others answered."""
    team = sandbox.open_team(constants, [1, 2, 3])
    for agent, name in enumerate(("hold", skill, "hold")):
        team.assign(agent, name)
    first, again = ([*team.act([(agent, payload(agent)) for agent in range(3)])] for _ in range(2))
    assert [first[0].action, first[2].action, again[0].action, again[2].action] == [1, 1, 1, 1]
    assert first[1].action is None and again[1].fault == first[1].fault
    team.assign(1, "hold")
    assert team.act([(1, payload(1))])[0].action == 1
    team.close()
    return first[1].fault, first[1].detail


@pytest.mark.parametrize("skill", ENDLESS)
def test_the_endless_is_ended(skill: str, sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    team = sandbox.open_team(constants, [1, 2])
    team.assign(0, skill)
    team.assign(1, "hold")
    before, began = buried_seconds(sandbox), time.perf_counter()
    mine, other = team.act([(0, payload(0)), (1, payload(1))])
    assert (mine.action, mine.fault, other.action) == (None, Fault.DEADLINE, 1)
    assert not team.reproducible
    assert buried_seconds(sandbox) - before < LIMITS.deadline + GRACE
    assert time.perf_counter() - began < LIMITS.patience
    team.close()


@pytest.mark.parametrize("skill", FORBIDDEN)
def test_what_leads_outside_is_refused(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload, target: Path, listener: socket.socket
) -> None:
    fault, detail = contained(sandbox, constants, payload, skill)
    killed = fault == Fault.DIED and ("forbidden system call" in detail or "SIGSEGV" in detail)
    assert killed or refused(fault, detail), detail
    nothing_came_out(target, listener)


@pytest.mark.parametrize("skill", FORBIDDEN)
def test_it_is_refused_in_a_process_of_many_battles_too(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload, target: Path, listener: socket.socket
) -> None:
    with Lockstep(sandbox, 1) as lockstep:
        for name in (skill, "hold"):
            lockstep.open_team(constants, [1]).assign(0, name)
        with suppress(Lost):
            mine, other = lockstep.act([(0, 0, payload()), (1, 0, payload())])
            assert mine.fault is not None and refused(mine.fault, mine.detail) and other.action == 1
    nothing_came_out(target, listener)


def refused(fault: Fault | None, detail: str) -> bool:
    """Whether a call failed as the filter says, and the process went on."""
    return (fault == Fault.EXCEPTION and "not permitted" in detail) or (
        fault == Fault.ILLEGAL and detail == "answered -1, which is no action"
    )


def nothing_came_out(target: Path, listener: socket.socket) -> None:
    assert [path.name for path in target.iterdir()] == ["file"] and (target / "file").read_text() == "whole"
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("skill", CLUMSY)
def test_hostile_answers_and_exceptions_are_mistakes_like_others(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    assert contained(sandbox, constants, payload, skill)[0] in (Fault.EXCEPTION, Fault.ILLEGAL)


@pytest.mark.parametrize("skill", DEADLY)
def test_the_end_of_a_process_is_only_its_own(
    skill: str, sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    if ("clock" in skill or skill == "new_seed") and "no clock" not in sandbox.layers:
        pytest.skip("this system leaves clocks to its processes")
    fault, detail = contained(sandbox, constants, payload, skill)
    assert fault == Fault.DIED and ("SIGSEGV" in detail or detail == "its process ended itself (exit 3)"), detail


@pytest.mark.parametrize("skill", FORGED)
def test_forged_answers_are_recognised(skill: str, sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    assert contained(sandbox, constants, payload, skill)[0] == Fault.FORGED


def test_memory_is_bounded(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    assert contained(sandbox, constants, payload, "big_bomb") == (Fault.MEMORY, "more than 128 MiB")
    team = sandbox.open_team(constants, [1])
    team.assign(0, "bomb")
    assert team.act([(0, payload())])[0].fault in (Fault.MEMORY, Fault.DEADLINE)
    team.close()


def test_deep_recursion_is_an_exception(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    fault, detail = contained(sandbox, constants, payload, "recursion")
    assert fault == Fault.EXCEPTION and "RecursionError" in detail


def test_poisoned_modules_reach_nobody_else(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    def dice(poisoned: bool) -> list[int | None]:
        team = sandbox.open_team(constants, [1, 2])
        team.assign(0, "poison" if poisoned else "hold")
        team.assign(1, "dice")
        replies = [team.act([(0, payload(0)), (1, payload(1))])[1].action for _ in range(10)]
        team.close()
        return replies

    clean = dice(False)
    assert dice(True) == clean and None not in clean
    assert dice(False) == clean  # nor anybody in the next episode


def test_an_answer_written_twice_is_found_by_the_next_call(
    sandbox: Sandbox, constants: Constants, payload: Payload
) -> None:
    team = sandbox.open_team(constants, [1])
    team.assign(0, "double")
    replies = [team.act([(0, payload())])[0] for _ in range(2)]
    assert replies[0].action in (3, None)  # its own legal answer, only sent another way, if the second came later
    assert Fault.FORGED in (replies[0].fault, replies[1].fault) and not team.reproducible
    team.close()


@pytest.mark.parametrize("pauses", [True, False])
def test_computing_on_after_the_answer_leads_nowhere(
    pauses: bool, sandbox: Sandbox, constants: Constants, payload: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system lets us the process is stopped till its next call; elsewhere that call finds it out."""
    if not pauses:
        monkeypatch.setattr(sandbox.nursery, "_pauses", False)
    team = sandbox.open_team(constants, [1])
    team.assign(0, "stowaway")
    assert team.act([(0, payload())])[0].action == 3
    (pid,) = team.pids()
    used = processor_seconds(pid)
    time.sleep(0.5)
    if pauses and "pauses" in sandbox.layers:
        assert processor_seconds(pid) - used < 0.05
    assert team.act([(0, payload())])[0].fault == Fault.DEADLINE and not team.reproducible
    team.close()


def test_a_skill_learns_nothing_from_its_process(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    assert contained(sandbox, constants, payload, "environment") == (
        Fault.EXCEPTION,
        "line 6: ValueError: ['LC_CTYPE', 'PYTHONHASHSEED']",
    )
    assert contained(sandbox, constants, payload, "command") == (Fault.EXCEPTION, "line 6: ValueError: ([], [])")


def test_an_agent_has_a_bounded_number_of_processes(
    raw_library: Callable[..., Library], constants: Constants, payload: Payload
) -> None:
    with Sandbox(raw_library(exits=DEADLY["exits"]), limits=Limits(processes=3)) as made:
        team = made.open_team(constants, [1, 2])
        team.assign(0, "exits")
        team.assign(1, "hold")
        faults = [team.act([(0, payload(0)), (1, payload(1))])[0].fault for _ in range(5)]
        assert faults == [Fault.DIED] * 3 + [Fault.RETIRED] * 2
        assert team.faults == {Fault.DIED: 3, Fault.RETIRED: 2}
        team.close()
        team = made.open_team(constants, [1, 2])
        team.assign(0, "hold")
        assert team.act([(0, payload(0))])[0].action == 1  # the next episode begins afresh
        team.close()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="system calls are numbered by processor")
def test_every_system_call_but_the_listed_is_refused(sandbox: Sandbox, constants: Constants, payload: Payload) -> None:
    listed = {0, 1, 9, 11, 12, 15, 25, 60, 231}  # read write mmap munmap brk rt_sigreturn mremap exit exit_group
    listed |= {
        335,
        336,
    }  # uretprobe, uprobe: newer kernels exempt them from every filter, and refuse them outside a probe
    team = sandbox.open_team(constants, [1])
    granted = []
    for number in [*range(480), 0x40000000, 0x40000001, 0x40000002, 0x4000003B]:  # the last: the x32 variants
        if number in listed:
            continue
        team.assign(0, "call", {"NUMBER": number})
        reply = team.act([(0, payload())])[0]
        if reply.action != 1 and "forbidden system call" not in reply.detail:
            granted.append((number, reply))
    team.close()
    assert granted == []
