"""Time comes in from outside: the wall clock, a scaled one for demonstrations, and a test's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

from services.runtime.settings import Reader


class Clock(Protocol):
    """Tells the time; never asked by the core, which gets instants as arguments."""

    @property
    def rate(self) -> float:
        """How many times as fast as the wall clock it runs."""
        ...

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...

    async def sleep_ms(self, duration_ms: float) -> None:
        """Waits for that long by this clock."""
        ...


class WallClock:
    """The machine's clock."""

    rate = 1.0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep_ms(self, duration_ms: float) -> None:
        await asyncio.sleep(max(0.0, duration_ms) / 1000)


class ScaledClock:
    """Runs `rate` times as fast as the wall clock; at wall time `start_ms` it shows `origin_ms`.

    Several processes given the same three numbers agree on the time, which is what lets a demonstration
    play a morning in a minute over real services.
    """

    def __init__(self, start_ms: int, origin_ms: int, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"rate must be above 0, not {rate}")
        self.start_ms, self.origin_ms, self.rate = start_ms, origin_ms, rate

    def now_ms(self) -> int:
        return self.origin_ms + int((time.time_ns() / 1e6 - self.start_ms) * self.rate)

    async def sleep_ms(self, duration_ms: float) -> None:
        await asyncio.sleep(max(0.0, duration_ms) / 1000 / self.rate)


class ManualClock:
    """A test's clock: stands until it is moved; sleepers wake when their time has come."""

    rate = 1.0

    def __init__(self, now_ms: int = 1_775_203_200_000) -> None:
        self._now_ms = now_ms
        self._moved = asyncio.Event()

    def now_ms(self) -> int:
        return self._now_ms

    def advance_ms(self, duration_ms: int) -> None:
        self._now_ms += duration_ms
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_ms(self, duration_ms: float) -> None:
        wake_ms = self._now_ms + duration_ms
        while self._now_ms < wake_ms:
            await self._moved.wait()


def clock_from(mapping: Mapping[str, str]) -> Clock:
    """The clock that FRONTDESK_CLOCK asks for: "wall" (default) or "scaled:START_MS:ORIGIN_MS:RATE".

    Raises SettingsError when it asks for anything else.
    """
    reader = Reader(mapping)
    words = reader.text("FRONTDESK_CLOCK", default="wall").split(":")
    if words == ["wall"]:
        return WallClock()
    if words[0] == "scaled" and len(words) == 4:
        try:
            return ScaledClock(int(words[1]), int(words[2]), float(words[3]))
        except ValueError as error:
            reader.fault(f"FRONTDESK_CLOCK is not scaled:START_MS:ORIGIN_MS:RATE ({error})")
    else:
        reader.fault('FRONTDESK_CLOCK must be "wall" or "scaled:START_MS:ORIGIN_MS:RATE"')
    reader.done()
    raise AssertionError("unreachable")
