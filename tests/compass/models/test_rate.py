"""Who waits for a turn, and who does no more."""

from __future__ import annotations

import asyncio

from compass.models.rate import Pacer


def test_those_who_gave_up_take_no_turns():
    async def turns():
        pacer = Pacer(300)
        await pacer.turn()
        waiting = [asyncio.create_task(pacer.turn()) for _ in range(200)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.wait_for(pacer.turn(), 20)  # their turns would last 40 s

    asyncio.run(turns())
