"""The evaluator's side of the forking process: fresh processes for skills, kept ready, and the end of those no longer wanted."""

from __future__ import annotations

import marshal
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from struct import Struct

import compass
from compass.skills.library import Library, compile_skill
from compass.skills.protocol import BATCH, END, HEAD, READY, SETUP, SKILLS, SPAWN
from compass.skills.syscall_filter import WAY_OUT, program
from envs.errors import InputError

_STARTUP_S = 60.0  # patience with a heavily loaded machine before its silence is called an error
_ENDING_S = 1.0  # between the end of its forks, which is noticed first, and its own
_BOOT = "import sys; sys.path.append(sys.argv[1]); from compass.skills.zygote import main; main()"
_TIMEVAL = Struct("ll")


class NurseryEnded(RuntimeError):
    """The process that forks skills' processes has ended, as when somebody killed it."""

    def __init__(self) -> None:
        super().__init__("the process that forks skills' processes has ended")


class Process:
    """One skill's process: the evaluator's end of its channel, and its id once the forking process has told it."""

    __slots__ = ("channel", "pid")

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.pid = 0


class Nursery:
    """Starts the forking process for a library and hands out fresh processes.

    `patience`: seconds after which a read from a process, or a write to it, gives up with `BlockingIOError`.

    Raises:
        InputError: the library has no usable skill, or this system cannot confine skills and `unsafe` was not asked for.
    """

    def __init__(self, library: Library, *, unsafe: bool, memory: int, cpu_seconds: float, patience: float) -> None:
        codes = _compiled(library)
        self._patience = _TIMEVAL.pack(int(patience), int(patience % 1 * 1e6))
        self._ready: deque[Process] = deque()
        self._owed: deque[list[Process]] = deque()  # processes per request whose reply has not been read
        setup = {"codes": codes, "filter": b"" if unsafe else program(), "memory": memory, "cpu_seconds": cpu_seconds}
        self._zygote, self._control = _start()
        body = marshal.dumps(setup)
        try:
            self._control.sendall(HEAD.pack(len(body), SETUP) + body)
            length, _ = HEAD.unpack(self._exactly(HEAD.size))
            self.layers: tuple[str, ...] = tuple(marshal.loads(self._exactly(length)))
            if not unsafe and "seccomp" not in self.layers:
                raise InputError(f"the kernel refuses to confine skills here (seccomp); {WAY_OUT}")
            self._pauses = _may_signal(self._zygote.pid)
            self.layers += ("pauses",) * self._pauses
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The id of the forking process."""
        return self._zygote.pid

    def has_ended(self) -> bool:
        """Whether the forking process is gone; a moment's patience tells it from one that is about to be."""
        try:
            self._zygote.wait(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def take_up(self, library: Library) -> None:
        """Give this library's skills to every process taken from now on; those taken before keep theirs.

        Raises:
            InputError: the library has no usable skill.
        """
        body = marshal.dumps(_compiled(library))
        while self._owed:
            self._settle()  # ids, without which those that are ready cannot be ended
        self.end(list(self._ready))
        self._ready.clear()
        self._send(HEAD.pack(len(body), SKILLS) + body, [])

    def take(self, count: int) -> list[Process]:
        """`count` fresh, confined processes; as many new ones are begun behind them, for whoever comes next."""
        self._spawn(count - len(self._ready))
        taken = [self._ready.popleft() for _ in range(count)]
        self._spawn(count - len(self._ready))
        for process in taken:
            while not process.pid:
                self._settle()
            self._await_ready(process)
        return taken

    def pause(self, process: Process) -> None:
        """Let a process compute nothing until it is resumed, so that whoever goes on after its answer gets nowhere."""
        self._signal(process, signal.SIGSTOP)

    def resume(self, process: Process) -> None:
        """Let a process go on."""
        self._signal(process, signal.SIGCONT)

    def _signal(self, process: Process, number: signal.Signals) -> None:
        if self._pauses:
            with suppress(ProcessLookupError):  # gone with the forking process, as the next request will tell
                os.kill(process.pid, number)

    def end(self, processes: list[Process]) -> None:
        """Kill processes without waiting for their end."""
        for process in processes:
            os.close(process.channel)
        self._request_end(processes)

    def bury(self, process: Process) -> int:
        """Kill a process if it still lives, and return its wait status: how it died."""
        os.close(process.channel)
        self._request_end([process])
        while len(self._owed) > 1:
            self._settle()
        (status,) = self._settle()
        return status

    def close(self) -> None:
        """End the forking process, and with it every process it forked."""
        for process in self._ready:
            os.close(process.channel)
        self._ready.clear()
        self._control.close()
        try:
            self._zygote.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait()

    def _spawn(self, count: int) -> None:
        while count > 0:
            batch = min(count, BATCH)
            pairs = _channels(batch)
            for ours, _ in pairs:
                for ways in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                    ours.setsockopt(socket.SOL_SOCKET, ways, self._patience)
            self._send(HEAD.pack(batch, SPAWN), [theirs.fileno() for _, theirs in pairs])
            for _, theirs in pairs:
                theirs.close()
            processes = [Process(ours.detach()) for ours, _ in pairs]
            self._ready.extend(processes)
            self._owed.append(processes)
            count -= batch

    def _request_end(self, processes: list[Process]) -> None:
        if processes:
            pids = b"".join(process.pid.to_bytes(4, "little") for process in processes)
            self._send(HEAD.pack(len(processes), END) + pids, [])
            self._owed.append(processes)

    def _settle(self) -> list[int]:
        """Read the oldest reply owed: process ids for the new, wait statuses for the ended.

        Raises:
            InputError: the system refused a new process.
        """
        processes = self._owed.popleft()
        body = self._exactly(4 * len(processes))
        numbers = [int.from_bytes(body[i : i + 4], "little", signed=True) for i in range(0, len(body), 4)]
        for process, number in zip(processes, numbers, strict=True):
            if number < 0:
                reason = os.strerror(-number)
                raise InputError(f"no process left for a skill ({reason}); raise `ulimit -u` or use fewer workers")
            process.pid = process.pid or number
        return numbers

    def _await_ready(self, process: Process) -> None:
        began = time.monotonic()
        while time.monotonic() - began < _STARTUP_S:
            try:
                said = os.read(process.channel, 256)
            except BlockingIOError:
                continue
            if said == READY:
                return
            raise RuntimeError(
                f"a skill's process could not confine itself: {said.decode(errors='replace') or 'it ended'}"
            )
        raise RuntimeError(f"a skill's process was not ready within {_STARTUP_S:.0f} s")

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        try:
            if descriptors:
                socket.send_fds(self._control, [message], descriptors)
            else:
                self._control.sendall(message)
        except OSError as error:
            raise NurseryEnded from error

    def _exactly(self, length: int) -> bytes:
        parts = []
        while length:
            try:
                data = self._control.recv(length)
            except ConnectionError:
                data = b""
            if not data:
                raise NurseryEnded
            parts.append(data)
            length -= len(data)
        return b"".join(parts)


def _may_signal(pid: int) -> bool:
    """Whether the system lets this process signal that one: some containers take this right from root as against other users."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    return True


def _compiled(library: Library) -> dict[str, bytes]:
    if not library.skills:
        first = f": {library.broken[0]}" if library.broken else ""
        raise InputError(f"no usable skill in {library.folder}{first}")
    return {name: marshal.dumps(compile_skill(name, skill.source)) for name, skill in library.skills.items()}


def _channels(count: int) -> list[tuple[socket.socket, socket.socket]]:
    """So many new channels; none if they are not all to be had."""
    pairs: list[tuple[socket.socket, socket.socket]] = []
    try:
        while len(pairs) < count:
            pairs.append(socket.socketpair())
    except OSError as error:
        for end in (end for pair in pairs for end in pair):
            end.close()
        raise InputError(f"no channel left for a skill's process ({error.strerror}); raise `ulimit -n`") from error
    return pairs


def how_it_ended(status: int) -> str:
    """One line about a wait status of a skill's process."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"its process ended itself (exit {code})"
    if -code == signal.SIGSYS:
        return "its process was killed for a forbidden system call"
    if -code == signal.SIGKILL:
        return "its process was killed for using too much processor time or memory"
    return f"its process crashed ({signal.Signals(-code).name})"


def _start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The forking process, with nothing of ours but its channel: no environment, no other descriptor, no terminal."""
    ours, theirs = socket.socketpair()
    root = str(Path(compass.__file__).resolve().parent.parent)
    command = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _BOOT, root, str(os.getpid())]
    with theirs:
        zygote = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={"PYTHONHASHSEED": "0"},
            start_new_session=True,  # a Ctrl-C in the terminal is the evaluator's to handle
        )
    ours.settimeout(_STARTUP_S)
    return zygote, ours
