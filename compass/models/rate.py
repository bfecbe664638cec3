"""Spaces the starts of requests."""

from __future__ import annotations

import asyncio
import time


class Pacer:
    """Lets requests begin evenly spaced, `per_minute` of them a minute; None: at once."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next request may begin. Who is cancelled meanwhile leaves the queue, and takes up no turn."""
        if self._gap:
            async with self._queue:
                now = time.monotonic()
                begin = max(now, self._next)
                await asyncio.sleep(begin - now)
                self._next = begin + self._gap
