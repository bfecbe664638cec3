"""Episodes side by side in one process, for players that mostly wait, as on a model: a waiting episode holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue

from compass.evaluate.workers import MAX_DEATHS, MakePlayer, Played, Unfit

Admit = Callable[[int], bool]
"""Whether another episode may begin beside so many that run."""


def play_beside(
    seeds: Iterable[int], make_player: MakePlayer, threads: int, admit: Admit, interrupt: Callable[[], None]
) -> Generator[Played, None, None]:
    """Play seeds in `threads` threads; results come as they are finished, in no particular order.

    make_player: called once in each thread, it gives a context whose value plays one seed. interrupt: called when this ends early,
    it makes every player that waits raise. A thread that `admit` turns away ends; the others play on.

    Raises:
        What a player raises; `Unfit` makes a new player instead, `MAX_DEATHS` times for a seed.
    """
    crew = _Crew(seeds, make_player, admit, interrupt)
    try:
        crew.hire(threads)
        yield from crew.results()
    finally:
        crew.dismiss()


class _Crew:
    """The threads, the seeds that wait for them, and what they say: a `Played`, an exception, or None at a thread's end."""

    def __init__(
        self, seeds: Iterable[int], make_player: MakePlayer, admit: Admit, interrupt: Callable[[], None]
    ) -> None:
        self._seeds = iter(seeds)
        self._make_player = make_player
        self._admit = admit
        self._interrupt = interrupt
        self._said: SimpleQueue[Played | BaseException | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._running = self._working = 0
        self._over = False
        self._threads: list[threading.Thread] = []

    def hire(self, threads: int) -> None:
        self._threads = [threading.Thread(target=self._work, name=f"episode {i}", daemon=True) for i in range(threads)]
        self._working = threads
        for thread in self._threads:
            thread.start()

    def results(self) -> Generator[Played, None, None]:
        """What the threads give. When a player raises the others are interrupted; what they had finished still comes first."""
        failure: BaseException | None = None
        while self._working:
            said = self._said.get()
            if isinstance(said, Played):
                yield said
                continue
            self._working -= 1
            if said is not None and failure is None:
                failure = said
                self._stop()
        if failure is not None:
            raise failure

    def dismiss(self) -> None:
        if self._working:
            self._stop()
        for thread in self._threads:
            thread.join()

    def _stop(self) -> None:
        with self._lock:
            self._over = True
        self._interrupt()

    def _next(self) -> int | None:
        with self._lock:
            if self._over or not self._admit(self._running):
                return None  # whoever plays on asks again
            seed = next(self._seeds, None)
            self._running += seed is not None
            return seed

    def _finish(self, played: Played) -> None:
        with self._lock:
            self._running -= 1
        self._said.put(played)

    def _work(self) -> None:
        try:
            seed = self._next()
            deaths = 0
            while seed is not None:
                try:
                    with self._make_player() as play:
                        while seed is not None:
                            self._finish(Played(seed, play(seed)))
                            seed, deaths = self._next(), 0
                except Unfit as unfit:
                    deaths += 1
                    if deaths == MAX_DEATHS and seed is not None:
                        self._finish(Played(seed, None, f"its player died {MAX_DEATHS} times, at last {unfit}"))
                        seed, deaths = self._next(), 0
        except BaseException as error:
            self._said.put(error)
        else:
            self._said.put(None)
