"""Libraries are loaded by several threads at once, as when episodes of a model are played side by side."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

from compass.skills.library import default_library_folder, load_library


class Finalised:
    """Garbage whose end runs Python code, as while another thread makes a tree."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        sum(range(50))


def load(_: int) -> int:
    garbage = [Finalised() for _ in range(50)]
    del garbage
    return len(load_library(default_library_folder()).skills)


def test_threads_may_load_a_library_at_once() -> None:
    before = gc.get_threshold()
    gc.set_threshold(20)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert len(set(threads.map(load, range(32)))) == 1
    finally:
        gc.set_threshold(*before)
