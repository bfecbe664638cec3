"""The event loop of all calls to models, in a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class ModelLoop:
    """Runs coroutines from entering to leaving; leaving cancels those under way and waits until they have ended.

    All methods may be called from any thread but the loop's own. After leaving they raise RuntimeError.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._lock = threading.Lock()
        self._open = self._interrupted = False
        self._under_way: set[Future[Any]] = set()
        self._thread = threading.Thread(target=self._turn, name="model-loop", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> ModelLoop:
        self._thread.start()
        self._ready.wait()
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._open = False
            left = list(self._under_way)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for future in left:
            future.cancel()  # those that had not begun: the loop does not know them

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for its result. Raises what it raises, CancelledError when the loop is left meanwhile."""
        future = self._begin(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # for Ctrl-C; one that is done takes no notice
            raise

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin to run a coroutine.

        Raises:
            CancelledError: (of concurrent.futures) after `interrupt`.
        """
        return self._begin(coroutine, even_interrupted=False)

    def interrupt(self) -> None:
        """Cancel what was submitted, and whatever will be: whoever waits for it goes on at once. `run` still runs."""
        with self._lock:
            self._interrupted = True
            left = list(self._under_way)
        for future in left:
            future.cancel()

    def _begin(self, coroutine: Coroutine[Any, Any, T], even_interrupted: bool = True) -> Future[T]:
        with self._lock:
            if not self._open:
                coroutine.close()
                raise RuntimeError("the loop of the calls to models is not running")
            if self._interrupted and not even_interrupted:
                coroutine.close()
                raise CancelledError
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            self._under_way.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._under_way.discard(future)

    def _turn(self) -> None:
        with self._runner as runner:  # leaving it cancels the tasks, then closes the loop
            self._loop = runner.get_loop()
            self._ready.set()
            self._loop.run_forever()
