"""A partition that an owner decides, or is about to; and when something is due in those that it has."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.router.model import PartitionState
from services.router.timers import TimerIndex
from services.runtime.clock import Clock

PATIENCE_MS_MAX = 100


@dataclass
class Held:
    """A partition owned here. `ready` is False while the folded state catches up."""

    ahead: PartitionState
    timers: TimerIndex = field(default_factory=TimerIndex)
    pending: deque[int] = field(default_factory=deque)
    dropped: set[int] = field(default_factory=set)
    """Own records that were pending when speculation was dropped, and were not seen since: no word of another's."""
    others: int = 0
    """Records of others that were accepted while this one was not ready."""
    in_flight: dict[asyncio.Future[int], float] = field(default_factory=dict)
    """With the loop's time at which each was appended, oldest first."""
    ready: bool = False
    paused: bool = False
    alone: bool = False
    """Decided without the group, which has taken it away or was left (parting.py)."""
    decided: bool = False
    """It has been `ready`."""
    taking: asyncio.Task[None] | None = None
    hinted: int = -1

    @property
    def goes_on(self) -> bool:
        """It is decided here, or will be again in a moment: what was speculated is being dropped."""
        return self.ready or (self.decided and self.taking is not None)


def due_at(held: Mapping[int, Held], clock: Clock) -> dict[int, float]:
    """When the next deadline of each partition is due, by the loop's time in seconds; without those that have none."""
    now, now_ms = asyncio.get_running_loop().time(), clock.now_ms()
    nearest = {partition: one.timers.next_at_ms(one.ahead) for partition, one in held.items()}
    return {
        partition: now + (at_ms - now_ms) / clock.rate / 1000
        for partition, at_ms in nearest.items()
        if at_ms is not None
    }


def patience_ms(held: Mapping[int, Held], clock: Clock) -> int:
    """How long to wait for facts: short while deadlines are near, so that timers fire on time."""
    nearest = min(
        (at for one in held.values() if one.ready and (at := one.timers.next_at_ms(one.ahead))), default=None
    )
    if nearest is None:
        return PATIENCE_MS_MAX
    return int(max(1, min(PATIENCE_MS_MAX, (nearest - clock.now_ms()) / clock.rate)))


def due_within(held: Held, state: PartitionState, clock: Clock, seconds: float) -> bool:
    """Whether a deadline of the partition comes before so many seconds are over; its timers are found anew, for those that
    were fired in what was speculated are not known any more."""
    held.timers.rebuild(state)
    at_ms = held.timers.next_at_ms(state)
    return at_ms is not None and at_ms < clock.now_ms() + seconds * 1000 * clock.rate
