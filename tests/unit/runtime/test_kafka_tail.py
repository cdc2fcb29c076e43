"""Who stops waiting for a reader to be opened is not kept until the client has ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.kafka_tail import KafkaTail, stop


async def test_a_consumer_whose_opener_went_away_is_stopped_meanwhile() -> None:
    """At a broker that takes the connection and says nothing."""
    connected = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    access = KafkaAccess(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    abandoned: list[Any] = []
    opening = asyncio.ensure_future(
        KafkaTail.open(
            access,
            "test",
            "facts",
            {0: 0},
            away_ms_max=1_000,
            forget=lambda _: None,
            abandon=abandoned.append,
            counts=KafkaCounts(),
        )
    )
    async with asyncio.timeout(30):
        await connected.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert len(abandoned) == 1
        await stop(abandoned[0])
    server.close()
