"""What a delivery wants besides itself is fetched before it is read; what only follows from it, after the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.intake.canonical import Delivery, Known, Wanted
from services.intake.channels.adapter import Adapter, nothing
from services.intake.fetch import Fetcher
from services.intake.fetch_faults import FetchFailed
from services.intake.taking import THREAD_BYTES_MIN

SECONDS_MAX = 2.5
"""For all that one delivery wants; with the append the answer still comes within 3 s (channels.md 1, rule 4)."""
ROUNDS_MAX = 3
"""A certificate, then what can only be named once it is there, and one more."""
WANTED_MAX = 20
"""Addresses of one round; what is beyond stays absent."""
FOLLOWING_MAX = 100
"""Fetches after answers that are under way; beyond it they are left out, and counted."""

log = structlog.get_logger()


@dataclass
class Gatherer:
    """Fetches for deliveries; close it with its process."""

    fetcher: Fetcher
    known: Known
    seconds_max: float = SECONDS_MAX
    _following: set[asyncio.Task[None]] = field(default_factory=set)

    async def completed(self, adapter: Adapter, delivery: Delivery) -> Delivery:
        """The delivery with what could be fetched of what its adapter wants, in time; never raises.

        What could not is absent, and the adapter decides: it refuses, does without or says NotNow.
        """
        if adapter.wants is nothing:
            return delivery
        until = asyncio.get_running_loop().time() + self.seconds_max
        tried: set[Wanted] = set()
        for _ in range(ROUNDS_MAX):
            wanted = [one for one in await self._wanted(adapter, delivery) if one not in tried]
            left = until - asyncio.get_running_loop().time()
            if not wanted or left <= 0:
                break
            tried.update(wanted)
            fetched = await self._round(list(dict.fromkeys(wanted))[:WANTED_MAX], left)
            delivery = replace(delivery, fetched={**delivery.fetched, **fetched})
        return delivery

    def follow(self, wanted: Sequence[Wanted]) -> None:
        """Fetches these meanwhile and throws the answers away."""
        for one in wanted[:WANTED_MAX]:
            if len(self._following) >= FOLLOWING_MAX:
                self.fetcher.left_out(one)
                continue
            task = asyncio.create_task(self._followed(one))
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = list(self._following)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wanted(self, adapter: Adapter, delivery: Delivery) -> tuple[Wanted, ...]:
        if len(delivery.body) > THREAD_BYTES_MIN:
            return await asyncio.to_thread(adapter.wanted, delivery, self.known)
        return adapter.wanted(delivery, self.known)

    async def _round(self, wanted: Sequence[Wanted], seconds: float) -> dict[str, bytes]:
        tasks = {asyncio.create_task(self._one(one)): one for one in wanted}
        try:
            done, late = await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
        if late:
            log.warning("fetch_too_late", fetchers=sorted({tasks[task].fetcher for task in late}))
        bodies = {tasks[task].url: task.result() for task in done}
        return {url: body for url, body in bodies.items() if body is not None}

    async def _one(self, wanted: Wanted) -> bytes | None:
        """The body, b"" for what the provider says there is none of, None for what could not be had."""
        try:
            return await self.fetcher.fetch(wanted)
        except FetchFailed as failed:
            return b"" if failed.reason == "gone" else None

    async def _followed(self, wanted: Wanted) -> None:
        if await self._one(wanted):
            log.info("followed", fetcher=wanted.fetcher)
