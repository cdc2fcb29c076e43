"""A watcher that resumes reads the log until what is left is remembered, and never for nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import pytest

from frontdesk.v1 import router_pb2
from services.contract.decisions import Decision
from services.router.replica import Replica
from services.router.serving.watching import NothingRead, Watching
from services.router.trail.recent import Trail
from tests.unit.router.test_switchboard import running


class FakeReplica:
    """Every desk is in partition 0 and every position can be gone on from."""

    def desk(self, desk_id: str) -> None:
        return None

    def state(self, desk_id: str) -> tuple[int, None]:
        return 0, None

    def now(self, partition: int) -> router_pb2.Position:
        return self.position(partition, 9)

    def position(self, partition: int, offset: int) -> router_pb2.Position:
        return router_pb2.Position(generation=1, partition=partition, offset=offset)

    async def resumable(self, desk_id: str, after: router_pb2.Position, field: str) -> router_pb2.Position:
        return after


class FakeTrail:
    """Remembers from an offset on; each reading of the log gives the next of these lists of offsets."""

    def __init__(self, remembered_from: int, readings: list[list[int]]) -> None:
        self._from, self.readings = remembered_from, readings

    def since(self, partition: int, offset: int) -> list[tuple[int, Decision]] | None:
        if offset + 1 < self._from:
            return None
        return [(at, record()) for at in range(offset + 1, 10)]

    async def accepted(self, partition: int, *, after: int) -> AsyncGenerator[tuple[int, Decision]]:
        for offset in self.readings.pop(0):
            assert offset > after
            yield offset, record()


def record() -> Decision:
    return Decision(desk_id="acme")


async def watched(trail: FakeTrail, after: int, count: int) -> list[int]:
    """So many offsets that are told after a position."""
    _, board = running("A")
    watching = Watching(cast(Replica, FakeReplica()), cast(Trail, trail), board)
    request = router_pb2.WatchDecisionsRequest(
        desk_id="acme", resume_after=router_pb2.Position(generation=1, offset=after)
    )
    offsets: list[int] = []
    async with aclosing(watching.watch(request)) as stream:
        async for one in stream:
            offsets.append(one.position.offset)
            if len(offsets) == count:
                break
    return offsets


async def test_the_log_is_read_until_what_is_left_is_remembered() -> None:
    trail = FakeTrail(remembered_from=8, readings=[[3, 4], [5, 7], []])
    assert await watched(trail, after=2, count=6) == [3, 4, 5, 7, 8, 9]
    assert trail.readings == [[]]


async def test_a_reading_that_brings_nothing_is_the_last_and_a_fault() -> None:
    trail = FakeTrail(remembered_from=8, readings=[[3], [], []])
    with pytest.raises(NothingRead):
        await watched(trail, after=2, count=6)
    assert trail.readings == [[]]
