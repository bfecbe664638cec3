"""The process that forks skills' processes: single-threaded, of fixed hash seed, preloaded, and never running a skill itself.

A fresh Python costs 20 ms to start, a fork of this one well under a millisecond. Started by `compass.skills.nursery` with the
control channel as its standard input and the evaluator's process id as its last argument; it ends with the evaluator, and with it
all forks.
"""

from __future__ import annotations

import array
import gc
import marshal
import os
import select
import signal
import socket
import sys
from struct import Struct
from typing import Any

from compass.skills import confine
from compass.skills.protocol import END, HEAD, READY, SKILLS, SPAWN
from compass.skills.syscall_filter import CHANNEL
from compass.skills.worker import Worker

_NUMBER = Struct("<i")
_CLOCKLESS, _FILTERED, _FAILED = 1, 2, 4


def main() -> None:
    """Serve the evaluator until it closes the channel or ends."""
    evaluator = int(sys.argv[-1])
    confine.fix_addresses()
    sys.argv, sys.orig_argv = [], []  # a skill's answer must not follow from a process id or a folder's name
    control = socket.socket(fileno=os.dup(0))
    ending = _watch(evaluator)
    length, _ = HEAD.unpack(_exactly(control, HEAD.size))
    setup: dict[str, Any] = marshal.loads(_exactly(control, length))
    zygote = Zygote(setup)
    zygote.layers = confine.harden(setup["memory"])
    gc.collect()
    gc.freeze()
    zygote.rehearse()
    _send(control, marshal.dumps(zygote.layers))
    waiting = select.poll()
    waiting.register(control, select.POLLIN)
    if ending is not None:
        waiting.register(ending, select.POLLIN)
    try:
        while all(descriptor == control.fileno() for descriptor, _ in waiting.poll()):
            _obey(zygote, control)
    except ConnectionError:  # the evaluator closed its end or died: not worth a traceback
        pass
    os._exit(0)  # the forks die with this process


def _obey(zygote: Zygote, control: socket.socket) -> None:
    """Carry out one request and reply."""
    head, channels = _request(control)
    if not head:
        raise ConnectionResetError
    count, kind = HEAD.unpack(head)
    if kind == SPAWN:
        control.sendall(zygote.spawn(channels, count))
    elif kind == END:
        control.sendall(zygote.end(_exactly(control, count * _NUMBER.size)))
    elif kind == SKILLS:
        zygote.take_up(marshal.loads(_exactly(control, count)))


class Zygote:
    """Forks and buries skills' processes."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.take_up(setup["codes"])
        self._filter = confine.Filter(setup["filter"]) if setup["filter"] else None
        self._cpu_seconds = int(setup["cpu_seconds"])
        self._clocks = confine.clock_pages()
        self._pid = os.getpid()
        self.layers: list[str] = []

    def take_up(self, codes: dict[str, bytes]) -> None:
        """Give these skills, compiled and marshalled, to all forks from now on."""
        self._codes = {name: marshal.loads(code) for name, code in codes.items()}

    def spawn(self, channels: list[int], count: int) -> bytes:
        """Fork one process per channel; their ids, and where the system refused one, the error's number below zero."""
        if len(channels) != count:
            raise RuntimeError(f"{count} channels announced, {len(channels)} arrived")
        pids = []
        for channel in channels:
            try:
                pid = os.fork()
            except OSError as error:
                pid = -(error.errno or 1)
            if pid == 0:
                self._run(channel)
            os.close(channel)
            pids.append(_NUMBER.pack(pid))
        return b"".join(pids)

    def end(self, body: bytes) -> bytes:
        """Kill these processes; their wait statuses, which for those dead already tell how they died."""
        pids = [pid for (pid,) in _NUMBER.iter_unpack(body)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return b"".join(_NUMBER.pack(os.waitpid(pid, 0)[1]) for pid in pids)

    def rehearse(self) -> None:
        """Confine one fork and see what holds; `layers` gains "no clock" and "seccomp" where they do."""
        pid = os.fork()
        if pid == 0:
            found = _FAILED
            try:
                found = _CLOCKLESS if self._confine() else 0
                os.open("/", os.O_RDONLY)
            except PermissionError:
                found |= _FILTERED
            finally:
                os._exit(found)
        found = os.waitpid(pid, 0)[1] >> 8
        if found & _FAILED == 0:
            self.layers += [name for bit, name in ((_CLOCKLESS, "no clock"), (_FILTERED, "seccomp")) if found & bit]

    def _confine(self) -> bool:
        return confine.confine(self._pid, self._cpu_seconds, self._clocks, self._filter)

    def _run(self, channel: int) -> None:
        """A fork's whole life."""
        try:
            sys.stdin = sys.stdout = sys.stderr = None
            os.dup2(channel, CHANNEL)
            try:
                self._confine()
            except OSError as error:
                os.write(CHANNEL, str(error).encode())
                os._exit(1)
            os.write(CHANNEL, READY)
            Worker(self._codes).serve()
        finally:
            os._exit(1)


def _watch(evaluator: int) -> int | None:
    """A descriptor that becomes readable when the evaluator ends, however it ends; elsewhere the closing channel must do."""
    if not confine.LINUX:
        return None
    try:
        ending = os.pidfd_open(evaluator)
    except OSError:  # an older kernel, or a container that forbids it
        ending = None
    if os.getppid() != evaluator:
        os._exit(0)
    return ending


def _request(control: socket.socket) -> tuple[bytes, list[int]]:
    """The head of the next request and the channels that came with it; nothing when the evaluator is gone."""
    numbers = array.array("i")
    room = socket.CMSG_SPACE(confine.DESCRIPTORS * numbers.itemsize)
    head, ancillary, _, _ = control.recvmsg(HEAD.size, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return head, list(numbers)


def _exactly(control: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        data = control.recv(length)
        if not data:
            os._exit(0)
        parts.append(data)
        length -= len(data)
    return b"".join(parts)


def _send(control: socket.socket, body: bytes) -> None:
    control.sendall(HEAD.pack(len(body), 0) + body)


if __name__ == "__main__":
    main()
