"""Turns the pictures of a call into data URLs, beside the event loop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from compass.models.base import Picture
from compass.observation import picture, png

LOW_DETAIL = 512  # pixels: the hosted API's view of low detail, in which a picture so small loses nothing
_KEPT = 256  # pictures, about 60 kB each: the modules of one round of planning, and a repaired answer, send the same ones again


class Encoded(NamedTuple):
    """A picture as it is sent; sha256 is that of its size and its RGB bytes, row by row."""

    url: str
    sha256: str


def encode(one: Picture) -> Encoded:
    """Draw a picture and encode it."""
    image = picture.draw(one.observation, one.size)
    digest = hashlib.sha256(b"%d %d " % image.size + image.tobytes())
    return Encoded("data:image/png;base64," + base64.b64encode(png.png(image)).decode("ascii"), digest.hexdigest())


class Encoder:
    """A few threads that encode pictures, each picture once as long as it is remembered."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="pictures")
        self._known: dict[str, asyncio.Future[Encoded]] = {}

    async def encode(self, pictures: Sequence[Picture]) -> list[Encoded]:
        """The pictures as they are sent, in order."""
        return list(await asyncio.gather(*[asyncio.shield(self._begun(one)) for one in pictures]))

    def close(self) -> None:
        """End the threads; what they have not begun is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begun(self, one: Picture) -> asyncio.Future[Encoded]:
        name = one.identity
        if name not in self._known:
            if len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[name] = asyncio.get_running_loop().run_in_executor(self._threads, encode, one)
        return self._known[name]
