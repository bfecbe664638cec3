"""Worker processes that play seeds: started by `spawn`, replaced when killed, told of Ctrl-C by nobody but the parent."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from compass.errors import InputError

MAX_DEATHS = 2
"""How often workers may die over one job before that counts as crashed, and in a row before they have begun to play."""

_STOP_SECONDS = 2.0

Play = Callable[[Any], Any]
"""Plays a job: a seed, or whatever else is picklable and hashable."""
MakePlayer = Callable[[], AbstractContextManager[Play]]


class Unfit(Exception):
    """A player raises this when something it stands on was killed: its worker is replaced, as if it had been killed itself."""


@dataclass(frozen=True)
class Played:
    """What a worker gave for a seed (or another job), or, when workers died `MAX_DEATHS` times over it, one line on how."""

    seed: Any
    value: Any
    died: str = ""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def play_all(seeds: Iterable[int], make_player: MakePlayer, workers: int) -> Generator[Played, None, None]:
    """Play every seed in one of `workers` processes; results come as they are finished, in no particular order.

    make_player: picklable; called once in each worker, it gives a context whose value plays one seed.

    Raises:
        InputError: as raised in a worker. RuntimeError: any other exception of a worker, with its traceback.
    """
    crew = Crew(make_player, workers)
    try:
        yield from crew.play(seeds)
    finally:
        crew.dismiss()


class Crew:
    """Up to `workers` workers, started when there is something to play and kept until they are dismissed."""

    def __init__(self, make_player: MakePlayer, workers: int) -> None:
        self._make_player = make_player
        self._most = workers
        self._seeds: Iterator[Any] = iter(())  # there may be more than fit into memory
        self._waiting: deque[Any] = deque()
        self._workers: list[_Worker] = []
        self._deaths: Counter[Any] = Counter()
        self._failed_starts = 0

    def play(self, seeds: Iterable[Any]) -> Iterator[Played]:
        """Play every seed, as `play_all` does; to be iterated to its end before the next, or else dismissed."""
        self._seeds = iter(seeds)
        self._hire()
        for worker in self._workers:
            if worker.ready:
                worker.give(self._next())
        while self._waiting or any(worker.seed is not None for worker in self._workers):
            yield from self._listen()

    def _next(self) -> Any:
        """The next seed to play; afterwards one still waits, if there is any."""
        seed = self._waiting.popleft() if self._waiting else None
        if not self._waiting:
            self._waiting.extend(islice(self._seeds, 1))
        return seed

    def _hire(self) -> None:
        self._waiting.extend(islice(self._seeds, self._most))
        resource_tracker.ensure_running()  # started here, it cannot undo the signal mask under which workers start
        for _ in range(min(self._most, len(self._waiting)) - len(self._workers)):
            self._workers.append(_Worker(self._make_player))

    def _listen(self) -> Iterator[Played]:
        """Wait until some workers speak or die; give every idle one its next seed before passing on what it said."""
        talking = wait([worker.connection for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.connection in talking]:
            try:
                kind, value = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._replace(worker)
                continue
            if kind == "unfit":
                yield from self._replace(worker, value)
                continue
            if kind == "input error":
                raise InputError(value)
            if kind == "error":
                raise RuntimeError(f"a worker failed on seed {worker.seed}:\n{value}")
            self._failed_starts = 0
            worker.ready = True
            seed = worker.seed
            worker.give(self._next())
            if seed is not None:
                yield Played(seed, value)

    def _replace(self, dead: _Worker, why: str = "") -> Iterator[Played]:
        self._workers.remove(dead)
        exit, seed = dead.bury(), dead.seed
        how = why or exit
        if seed is None:
            self._failed_starts += 1
            if self._failed_starts == MAX_DEATHS:
                raise RuntimeError(f"worker processes end before they begin to play, the last {how}")
        else:
            self._deaths[seed] += 1
            if self._deaths[seed] < MAX_DEATHS:
                self._waiting.appendleft(seed)
            else:
                yield Played(seed, None, f"the worker that played it died {MAX_DEATHS} times, at last {how}")
        if self._waiting:
            self._workers.append(_Worker(self._make_player))

    def dismiss(self) -> None:
        """End the workers, whatever they do."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.bury()


class _Worker:
    """The parent's side of one worker; `ready` once it has started, `seed` is what it plays, None while it plays nothing."""

    def __init__(self, make_player: MakePlayer) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, make_player))
        # Ctrl-C reaches the whole process group; workers inherit the mask and leave it to the parent.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
        self.seed: Any = None
        self.ready = False

    def give(self, seed: Any) -> None:
        self.seed = seed
        if seed is not None:
            try:
                self.connection.send(seed)
            except OSError:
                return  # it has died: the next read says so

    def stop(self) -> None:
        """Hang up, on which an idle worker ends in good order; one that plays is terminated."""
        self.connection.close()
        if self.seed is not None:
            self._process.terminate()

    def bury(self) -> str:
        """Make sure that it is gone, and say how it ended."""
        self.connection.close()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        code = self._process.exitcode or 0
        self._process.close()
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _work(connection: Connection, make_player: MakePlayer) -> None:
    """The worker's side: play what is given until the parent hangs up."""
    try:
        with make_player() as play:
            _tell(connection, ("ready", None))
            while True:
                try:
                    seed = connection.recv()
                except (EOFError, OSError):
                    return
                _tell(connection, ("done", play(seed)))
    except Unfit as unfit:
        _tell(connection, ("unfit", str(unfit)))
    except InputError as error:
        _tell(connection, ("input error", str(error)))
    except Exception:
        _tell(connection, ("error", traceback.format_exc()))


def _tell(connection: Connection, message: tuple[str, Any]) -> None:
    try:
        connection.send(message)
    except OSError:
        return  # the parent has gone: the read that follows ends this process
