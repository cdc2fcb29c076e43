"""How an owner leaves: it decides on until another one does, so that a graceful stop makes no gap.

Who leaves a group gets none of its facts from then on; the others hear of it at their next heartbeat, join again, are
given their shares and catch up, and on a busy machine that takes seconds in which nobody would decide. Two owners at
once are safe (engine.md 1.1): so the one that leaves reads its facts without the group, and lets go of a partition
when a record there shows that another one decides it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from services.contract.topics import FACTS
from services.runtime.log import Log, LogError, Tail

PART_SECONDS_MAX = 3.0
"""How long after having left the group facts are still decided where nobody has taken over."""
QUIET_SECONDS = 0.5
"""Where nothing was to be decided for so long, and no deadline is near, nobody would notice a gap."""
OPEN_SECONDS_MAX = 1.0


class Parting:
    """The facts of some partitions, read without the group; tells when each has been held long enough."""

    def __init__(self, facts: Tail, decided: Mapping[int, int], now: float) -> None:
        """`decided` gives how many records each partition has, `now` is the loop's time in seconds."""
        self.facts = facts
        self._ends_at = now + PART_SECONDS_MAX
        self._moved = {partition: (count, now) for partition, count in decided.items()}

    def over(self, decided: Mapping[int, int], due_at: Mapping[int, float], now: float) -> list[int]:
        """Partitions to be let go of: all when the time is over, else those where nothing happens or is about to.

        `due_at` gives the next deadline, where there is one, by the loop's time: a partition is held for one that
        comes before the end.
        """
        if now >= self._ends_at:
            return list(decided)
        for partition, count in decided.items():
            if count != self._moved[partition][0]:
                self._moved[partition] = (count, now)
        return [
            partition
            for partition in decided
            if now - self._moved[partition][1] > QUIET_SECONDS
            and due_at.get(partition, self._ends_at) >= self._ends_at
        ]


async def facts_alone(source: Log, positions: Mapping[int, int]) -> Tail | None:
    """A reader of the facts from there on; None without partitions, or an answer within OPEN_SECONDS_MAX."""
    if not positions:
        return None
    try:
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            return await source.tail(FACTS, positions)
    except (LogError, TimeoutError):
        return None
