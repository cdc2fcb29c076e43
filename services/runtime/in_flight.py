"""Appends that have been asked for and not been answered: bounded in number, resolved at their deadline at the latest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from services.runtime.log import RECORD_BYTES_MAX, BufferFull, RecordTooLarge

RECORDS_IN_FLIGHT_MAX = 10_000
APPEND_DEADLINE_MS = 10_000


@dataclass(slots=True, eq=False)
class Pending:
    """One append on its way. `sent` tells whether it may have reached the log, which decides what failing means."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    future: asyncio.Future[int]
    deadline: float
    sent: bool = False
    answered: bool = False
    """By the log, or by who gave it up."""

    @property
    def over(self) -> bool:
        """Nothing more comes of it. Who cancelled one that was sent does not wait any more, but the log still owes an answer."""
        return self.future.done() and (self.answered or not self.sent)

    def settle(self, offset: int) -> bool:
        """False when it has been answered already."""
        self.answered = True
        if self.future.done():
            return False
        self.future.set_result(offset)
        return True

    def fail(self, error: Exception) -> bool:
        """False when it has been answered already."""
        self.answered = True
        if self.future.done():
            return False
        self.future.set_exception(error)
        return True


class InFlight:
    """Admits appends up to a bound and sees to it that none stays unresolved.

    `overdue` is called on the loop with each append whose deadline has passed; it must resolve its future.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        records_max: int,
        deadline_ms: int,
        overdue: Callable[[Pending], None],
    ) -> None:
        self._loop = loop
        self._records_max = records_max
        self._deadline_seconds = deadline_ms / 1000
        self._overdue = overdue
        self._count = 0
        self._by_deadline: deque[Pending] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def admit(self, topic: str, partition: int, key: bytes, value: bytes) -> Pending:
        """Raises BufferFull or RecordTooLarge; nothing is kept then."""
        if len(value) > RECORD_BYTES_MAX:
            raise RecordTooLarge(
                f"a record of {len(value)} bytes for {topic} exceeds {RECORD_BYTES_MAX}; make it smaller"
            )
        if self._count >= self._records_max:
            raise BufferFull(f"{self._count} records are in flight to {topic} and elsewhere; slow down")
        self._count += 1
        future: asyncio.Future[int] = self._loop.create_future()
        future.add_done_callback(self._resolved)
        pending = Pending(topic, partition, key, value, future, self._loop.time() + self._deadline_seconds)
        while self._by_deadline and self._by_deadline[0].over:
            self._forget_first()
        self._by_deadline.append(pending)
        if self._timer is None:
            self._timer = self._loop.call_at(pending.deadline, self._sweep)
        return pending

    def unresolved(self) -> list[Pending]:
        return [pending for pending in self._by_deadline if not pending.future.done()]

    async def drained(self, seconds_max: float) -> None:
        """Returns when nothing is in flight, or when the time is over."""
        futures = [pending.future for pending in self.unresolved()]
        if futures:
            await asyncio.wait(futures, timeout=seconds_max)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _resolved(self, future: asyncio.Future[int]) -> None:
        if (
            not future.cancelled()
        ):  # whoever cancelled has gone, what it appended is kept until those before it are over
            self._count -= 1

    def _forget_first(self) -> None:
        if self._by_deadline.popleft().future.cancelled():
            self._count -= 1

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._by_deadline:
            pending = self._by_deadline[0]
            if not pending.over:
                if pending.deadline > now:
                    self._timer = self._loop.call_at(pending.deadline, self._sweep)
                    return
                self._overdue(pending)
            if self._by_deadline and self._by_deadline[0] is pending:
                self._forget_first()
