"""The kernel filter of a skill's process: which system calls it may make. This is the boundary that holds hostile code.

Whatever is not listed kills the process at once. Allowed is what a Python interpreter needs to compute and to answer: reading and
writing its one channel, private memory that can never be executed, and its own end. Calls that an innocent mistake makes (opening a
file) fail with "not permitted" instead, so that the author gets an exception with a line number.
"""

from __future__ import annotations

import errno
import sys
from functools import cache
from tempfile import TemporaryFile

from envs.errors import InputError

CHANNEL = 0
"""The one descriptor of a skill's process."""

_PROT_EXEC = 4
_MAP_ANONYMOUS = 0x20
_ALLOWED = ("brk", "exit", "exit_group", "mremap", "munmap", "rt_sigreturn")
# fmt: off
_REFUSED = (
    "access", "chdir", "clock_nanosleep", "creat", "faccessat", "faccessat2", "fcntl", "fstat", "futex", "getcwd",
    "getdents64", "getrandom", "ioctl", "lseek", "lstat", "madvise", "mkdir", "mkdirat", "mprotect", "nanosleep",
    "newfstatat", "open", "openat", "openat2", "poll", "readlink", "readlinkat", "rename", "renameat", "renameat2",
    "rmdir", "rt_sigaction", "rt_sigprocmask", "select", "socket", "stat", "statx", "unlink", "unlinkat",
)
# fmt: on

WAY_OUT = "install libseccomp (Debian: libseccomp2), or pass --unsafe-skills to run skills with your own rights"


@cache
def program() -> bytes:
    """The filter as BPF instructions for this processor.

    Raises:
        InputError: no seccomp here: another system than Linux, or libseccomp is missing.
    """
    if sys.platform != "linux":
        raise InputError(
            "skills run in a sandbox that only Linux has; pass --unsafe-skills to run them with your own rights"
        )
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise InputError(f"skills run in a sandbox that needs libseccomp ({error}); {WAY_OUT}") from error
    rules = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    channel = pyseccomp.Arg(0, pyseccomp.EQ, CHANNEL)
    for name in ("read", "write"):
        rules.add_rule(pyseccomp.ALLOW, name, channel)
        rules.syscall_priority(name, 255)
    data = pyseccomp.Arg(2, pyseccomp.MASKED_EQ, _PROT_EXEC, 0)
    anonymous = pyseccomp.Arg(3, pyseccomp.MASKED_EQ, _MAP_ANONYMOUS, _MAP_ANONYMOUS)
    rules.add_rule(pyseccomp.ALLOW, "mmap", data, anonymous)
    for name in _ALLOWED:
        rules.add_rule(pyseccomp.ALLOW, name)
    for name in _REFUSED:
        if _exists(name):
            rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    with TemporaryFile() as store:
        rules.export_bpf(store)
        store.seek(0)
        return store.read()


def _exists(name: str) -> bool:
    """Whether this processor's Linux has the call: newer ones lack `open`, `stat` and their like."""
    import pyseccomp

    try:
        return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) >= 0
    except (OSError, ValueError):
        return False
