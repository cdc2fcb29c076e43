"""How an owner lets go: it decides on until another one does, so that neither a stop nor a rebalance makes a gap.

Who leaves a group gets none of its facts from then on, and while the group shares out anew nobody gets any: its members
hear of it at their next heartbeats, join again, are given their shares and catch up, and on a busy machine that takes
seconds in which nobody would decide. Two owners at once are safe (engine.md 1.1): so whoever loses a partition reads its
facts without the group, stands back when a record there shows that another one decides it too, and lets go once that one
goes on, or when the group has given it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from services.contract.topics import FACTS
from services.router.model import PartitionState
from services.runtime.ending import UNWIND_SECONDS_MAX, ended_within
from services.runtime.log import Log, LogError, Tail

PART_SECONDS_MAX = 12.0
"""How long after having left the group facts are still decided where nobody has taken over."""
HOLD_SECONDS_MAX = 15.0
"""The same for who stays: longer than the group waits for a member that is gone (its session, 10 s)."""
QUIET_SECONDS = 0.5
"""Where nothing was to be decided for so long, and no deadline is near, nobody would notice a gap."""
SILENT_READS_MIN = 2
"""So many reads in a row must have had nothing too: who is late himself has not looked."""
LOOK_SECONDS, LOOKS_MAX = 0.25, 8
"""Who decides without the group and stands back looks so often, each time after so long, whether another one goes on: it does
that decides in three of them, or in one while nothing waits."""
GOES_ON_LOOKS, STUCK_LOOKS, IDLE_LOOKS = 3, 2, 2
OPEN_SECONDS_MAX = 2.0
AGAIN_SECONDS = 10.0
"""A reader that could not be opened is tried again after so long, or when there is something to read."""
CLOSE_SECONDS_MAX = 5.0

log = structlog.get_logger()


@dataclass(slots=True)
class _Hold:
    ends_at: float
    count: int
    """Records that the partition had when it moved last ..."""
    moved_at: float
    """... which was then, by the loop's time."""
    silent: int = 0
    """Reads since without a fact of it."""


class Parting:
    """The partitions that are decided without the group, how long, and the reader of their facts.

    The reader stands by, open and with nothing to read, from the start: to open one takes seconds on a busy machine.
    """

    def __init__(self, source: Log, partitions: int, next_fact: Callable[[int], int]) -> None:
        """`next_fact` answers the offset at which a partition's facts are to be read."""
        self._source, self._partitions, self._next_fact = source, partitions, next_fact
        self._holds: dict[int, _Hold] = {}
        self._covered: set[int] = set()
        """Partitions whose facts are read."""
        self._reader: Tail | None = None
        self._opening: asyncio.Future[None] | None = None
        self._again_at = 0.0
        self._closing: set[asyncio.Future[Any]] = set()

    @property
    def facts(self) -> Tail | None:
        """What reads them; None while there is nothing to read, and where it cannot be opened."""
        return self._reader if self._covered else None

    @property
    def holding(self) -> bool:
        """Some partition is decided without the group."""
        return bool(self._holds)

    @property
    def held(self) -> frozenset[int]:
        return frozenset(self._holds)

    def holds(self, partition: int) -> bool:
        return partition in self._holds

    def looked(self, found: Iterable[int]) -> None:
        """The reader has answered, with facts of these partitions."""
        spoken = set(found)
        for partition, hold in self._holds.items():
            hold.silent = 0 if partition in spoken else hold.silent + 1

    @property
    def opening(self) -> tuple[asyncio.Future[None], ...]:
        """What opens the reader, while that is under way; raises what it ended by, which is no answer of the log's."""
        if self._opening is None:
            return ()
        if not self._opening.done():
            return (self._opening,)
        self._opening.result()
        return ()

    def stand_by(self) -> None:
        """Opens the reader, unless it is open; one that failed is tried again after a while."""
        now = asyncio.get_running_loop().time()
        if self._reader is None and not self.opening and now >= self._again_at:
            self._again_at = now + AGAIN_SECONDS
            self._opening = asyncio.ensure_future(self._open())

    def cover(self, partitions: Iterable[int]) -> None:
        """Has their facts read too, from where they are to be read now."""
        self._covered.update(partitions)
        self._again_at = 0.0
        self.stand_by()
        for partition in partitions:
            self.seek(partition, self._next_fact(partition))

    def hold(self, counts: Mapping[int, int], seconds_max: float) -> None:
        """Partitions with the number of their records, and for how long at the most."""
        now = asyncio.get_running_loop().time()
        for partition, count in counts.items():
            self._holds[partition] = _Hold(now + seconds_max, count, now)

    def seconds_left(self, partition: int) -> float:
        """How long it may still be held; 0 where it is not."""
        hold = self._holds.get(partition)
        return max(0.0, hold.ends_at - asyncio.get_running_loop().time()) if hold is not None else 0.0

    def forget(self, partition: int) -> None:
        """It is not decided without the group any more."""
        self._holds.pop(partition, None)
        if partition in self._covered:
            self._covered.discard(partition)
            if self._reader is not None:
                self._reader.rest(partition)

    def over(self, decided: Mapping[int, int], due_at: Mapping[int, float]) -> list[int]:
        """Partitions to be let go of: whose time is over, or where nothing happens or is about to; all without a reader.

        `decided` gives how many records each has that is decided right now, those on their way among them; `due_at` the next
        deadline, where there is one, by the loop's time: a partition is held for one that comes before the end.
        """
        if self._reader is None and not self.opening:
            return list(self._holds)
        found, now = [], asyncio.get_running_loop().time()
        for partition, hold in self._holds.items():
            count = decided.get(partition)
            if count != hold.count or self.opening:  # what comes meanwhile is not seen yet
                hold.count, hold.moved_at, hold.silent = count or hold.count, now, 0
            quiet = (
                now - hold.moved_at > QUIET_SECONDS
                and hold.silent >= SILENT_READS_MIN
                and due_at.get(partition, hold.ends_at) >= hold.ends_at
            )
            if quiet or now >= hold.ends_at:
                found.append(partition)
        return found

    def seek(self, partition: int, offset: int) -> None:
        if self._reader is not None and partition in self._covered:
            self._reader.seek(partition, offset)

    def give_up(self, facts: Tail) -> None:
        """This reader has failed."""
        if facts is self._reader:
            self._drop(facts)

    def end(self) -> None:
        """Nothing is read any more, for good."""
        if self._opening is not None:
            if self._opening.cancel():
                self._closes(self._opening)
            self._opening = None
        if self._reader is not None:
            self._drop(self._reader)
        self._covered.clear()

    async def close(self) -> None:
        """Returns once every reader has ended."""
        self.end()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS_MAX + UNWIND_SECONDS_MAX)

    async def _open(self) -> None:
        reader = await facts_alone(self._source, {p: self._next_fact(p) for p in range(self._partitions)})
        if reader is None:
            log.warning("facts_not_opened", partitions=sorted(self._covered))
            return
        self._reader = reader
        for partition in range(self._partitions):  # those were decided further meanwhile
            if partition in self._covered:
                reader.seek(partition, self._next_fact(partition))
            else:
                reader.rest(partition)

    def _drop(self, facts: Tail) -> None:
        self._reader = None
        self._closes(asyncio.ensure_future(_ended(facts)))

    def _closes(self, closing: asyncio.Future[Any]) -> None:
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _ended(facts: Tail) -> None:
    await ended_within(CLOSE_SECONDS_MAX, facts.close())


async def left_undecided(
    source: Log,
    partition: int,
    *,
    caught_up: Callable[[], Awaitable[None]],
    state: Callable[[], PartitionState],
    others: Callable[[], int],
    due: Callable[[PartitionState], bool],
) -> bool:
    """Whether to go on after another one's record: facts stand that nobody decides, or a deadline is near and nobody else is
    seen. Who is late drops what it began with and takes the partition again for seconds; who is gone decides nothing.

    `caught_up` returns once what is in the log is folded, for old records of another's are no sign of life; `state` answers
    the folded one, `others` how many records of others were accepted since, `due` whether a deadline is near.
    """
    went_on = stuck = idle = 0
    for _ in range(LOOKS_MAX):
        try:
            await caught_up()
            before = others()
            end, _ = await asyncio.gather(source.end_offset(FACTS, partition), asyncio.sleep(LOOK_SECONDS))
        except LogError:  # nobody decides while it is away
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if others() != before:
            went_on, stuck = went_on + 1, 0
        elif state().last_fact + 1 < end:
            stuck += 1
        else:
            idle += 1
        if stuck == STUCK_LOOKS:
            return True
        if went_on == GOES_ON_LOOKS:
            return False
        if idle == IDLE_LOOKS:
            return not went_on and due(state())
    return False


async def facts_alone(source: Log, positions: Mapping[int, int]) -> Tail | None:
    """A reader of the facts from there on; None without partitions, or an answer within OPEN_SECONDS_MAX."""
    if not positions:
        return None
    try:
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            return await source.tail(FACTS, positions)
    except (LogError, TimeoutError):
        return None
