"""How the processes that run skills give up their rights. Runs in them; the evaluator never imports this.

`harden` once in the process that forks, `confine` in every fork. Only `confine`'s system-call filter is a boundary; the rest
bounds memory and processor time, or keeps answers repeatable. Steps that some containers forbid are attempted and reported.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import sys
from pathlib import Path

from compass.skills.syscall_filter import CHANNEL

LINUX = sys.platform == "linux"
NOBODY = 65534
DESCRIPTORS = 256

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_TSC, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 26, 38
_SECCOMP_MODE_FILTER, _TSC_SIGSEGV = 2, 2
_ADDR_NO_RANDOMIZE, _QUERY = 0x0040000, 0xFFFFFFFF
_INSTRUCTION = 8  # bytes of a BPF instruction

_libc = ctypes.CDLL(None, use_errno=True)
_munmap = _libc.munmap  # looked up before any fork: a fork pays for every page it touches first


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


class Filter:
    """A system-call filter in the form the kernel takes, ready to be loaded after a fork without further work."""

    def __init__(self, program: bytes) -> None:
        self._bytes = ctypes.create_string_buffer(program, len(program))
        self._program = _Program(len(program) // _INSTRUCTION, ctypes.addressof(self._bytes))

    def load(self) -> None:
        """Put this process under the filter, for good."""
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program))


def fix_addresses() -> None:
    """Start this process anew without address randomisation, where the system lets us: Python hashes some objects by address."""
    if not LINUX:
        return
    current = _libc.personality(_QUERY)
    if current != -1 and not _addresses_fixed() and _libc.personality(current | _ADDR_NO_RANDOMIZE) != -1:
        os.execv(sys.executable, sys.orig_argv)


def _addresses_fixed() -> bool:
    current = _libc.personality(_QUERY)
    return bool(current != -1 and current & _ADDR_NO_RANDOMIZE)


def harden(memory: int) -> list[str]:
    """Give up what the forking process does not need, and return what took hold. `memory`: bytes of address space per process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
    ):
        _lower(limit, value)
    held = ["limits"]
    if not LINUX:
        return held
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _addresses_fixed():
        held.append("fixed addresses")
    if os.geteuid() == 0 and _become_nobody():
        held.append("nobody")
    _prctl(_PR_SET_DUMPABLE, 0)  # after the change of user, which resets it
    return held


def confine(parent: int, cpu_seconds: int, clocks: list[tuple[int, int]], filter_: Filter | None) -> bool:
    """Give up everything but the channel, memory and processor time; whether the clocks went, too.

    `parent`: the forking process, with which this one dies; `clocks`: its clock pages.
    """
    os.closerange(CHANNEL + 1, DESCRIPTORS)
    if LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_NPROC, 0)
    _lower(resource.RLIMIT_NOFILE, 0)
    clockless = LINUX and forget_clocks(clocks)
    if filter_ is not None:
        filter_.load()
    return clockless


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _prctl(option: int, value: int, pointer: object = None) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), pointer, None, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def _become_nobody() -> bool:
    """Root's skills run as nobody. Containers without the right to change user keep theirs: the filter stands either way."""
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return False
    return True


def clock_pages() -> list[tuple[int, int]]:
    """Address and length of the pages through which the kernel tells a process the time without a system call."""
    if not LINUX:
        return []
    maps = Path("/proc/self/maps").read_text()
    pages = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) .*\[vvar\w*\]$", maps, re.MULTILINE)
    return [(int(first, 16), int(end, 16) - int(first, 16)) for first, end in pages]


def forget_clocks(pages: list[tuple[int, int]]) -> bool:
    """Take the clock pages and the processor's counter away; whether both are gone.

    Reading either then ends the process, and system calls that tell the time fall to the filter. Python's own locks look at the
    clock, too: nothing in a skill's process may take one.
    """
    unmapped = [_munmap(ctypes.c_void_p(start), ctypes.c_size_t(length)) for start, length in pages]
    counter = _libc.prctl(_PR_SET_TSC, ctypes.c_ulong(_TSC_SIGSEGV), None, None, None)
    return bool(pages) and not any(unmapped) and counter == 0
