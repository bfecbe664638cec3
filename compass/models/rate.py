"""Spaces the starts of requests."""

from __future__ import annotations

import asyncio
import time


class Pacer:
    """Lets requests begin evenly spaced, `per_minute` of them a minute; None: at once."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next request may begin."""
        if self._gap:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self._gap
            await asyncio.sleep(begin - now)
