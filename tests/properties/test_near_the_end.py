"""A router is ready when it is near the end of a log that grows, not when it has read what there was once: else it would be
given partitions that nobody decides until it has read the rest."""

from __future__ import annotations

import asyncio
import random

import pytest

from services.contract.codec import encode_decision
from services.contract.topics import DECISIONS, PARTITION_HASH
from services.router import tail
from services.router.decide import decide_genesis
from tests.rivals.replica import Replica, SkewedClock
from tests.rivals.store import CALM, Store
from tests.rivals.virtual import play

GENESIS = encode_decision(
    decide_genesis(
        generation=1,
        partitions=1,
        partition_hash=PARTITION_HASH,
        first_fact_offset=0,
        now_ms=1,
        decision_id=1,
        owner="another",
    )
)
"""Every further one is rejected, which is folded as well."""


def _ready_after(*grows: int) -> tuple[int, int]:
    """How many records were folded when the router was ready, of how many; the log has grown by so many more each time that
    it is asked for its end."""

    async def whole() -> tuple[int, int]:
        store = Store(random.Random(1))
        store.weather = CALM
        left = list(grows)

        def seen(_: str, __: object) -> None:
            return

        one = Replica("one", store, SkewedClock(lambda: 1), lambda _: 2, seen=seen)
        ask = one.view.end_offset

        async def growing(topic: str, partition: int) -> int:
            for _ in range(left.pop(0) if left and topic == DECISIONS else 0):
                store.land(DECISIONS, b"", GENESIS)
            return await ask(topic, partition)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one.view, "end_offset", growing)
            while not one.tail.ready:
                await asyncio.sleep(0.001)
            found = one.tail.next_offset(0), len(store.records[DECISIONS])
            one.kill()
            await asyncio.sleep(0)
            return found

    return play(whole())


def test_what_came_meanwhile_is_folded_too() -> None:
    assert _ready_after(5_000, 3_000, 2_000, 1, 500) == (10_001, 10_001)


def test_a_log_that_grows_as_fast_as_it_is_read_keeps_it_away_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grows = [3_000] * 40
    assert _ready_after(*grows)[0] >= 120_000
    monkeypatch.setattr(tail, "READY_SECONDS_MAX", 0.05)
    folded, _ = _ready_after(*grows)
    assert 3_000 <= folded < 60_000
