"""Contacts at a steady rate, as intake would append them; some twice, all a little out of order.

A fact whose append is not acknowledged is appended again, under the same id, until it is. What was acknowledged is
written down for the check.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path
from typing import IO

import uvloop

from services.contract import facts as f
from services.contract.codec import encode_fact
from services.contract.topics import FACTS
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogError
from tests.chaos.shared import READY, SENT, SETTLED, STOP_SENDING, Counters, Plan

TICK_SECONDS = 0.02
TWICE = 0.03
WINDOW = 20
"""Facts that change places with one another."""


class Sender:
    """Sends until it is told to stop, then until all is acknowledged."""

    def __init__(self, plan: Plan, log: KafkaLog, counters: Counters, out: IO[str]) -> None:
        self._plan, self._log, self._counters, self._out = plan, log, counters, out
        self._rng = random.Random(plan.seed)
        self._sent = 0
        self._unacknowledged: set[asyncio.Task[None]] = set()
        self.held_seconds = 0.0
        """Time in which nothing was sent because too much was open."""

    async def run(self) -> None:
        allowance, last = 0.0, time.monotonic()
        window: list[tuple[int, str, bytes]] = []
        while not self._counters[STOP_SENDING]:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            passed, last = now - last, now
            if (
                self._sent - self._counters[SETTLED] > self._plan.open_max
                or len(self._unacknowledged) > 5_000
            ):
                self.held_seconds += passed
                continue
            allowance = min(allowance + passed * self._plan.rate, 0.2 * self._plan.rate)
            while allowance >= 1:
                allowance -= 1
                window.append(self._fact())
                if len(window) >= WINDOW:
                    self._rng.shuffle(window)
                    self._send(window)
                    window.clear()
        self._send(window)
        while self._unacknowledged:
            await asyncio.sleep(0.1)

    def _fact(self) -> tuple[int, str, bytes]:
        number = self._sent
        self._sent += 1
        self._counters[SENT] = self._sent
        partition = number % len(self._plan.desks)
        channel, medium = (
            (f.Channel.SOCIAL, "messenger") if self._rng.random() < 0.9 else (f.Channel.EMAIL, "email")
        )
        body = f.ContactArrived(
            contact_id=f"c{number}",
            channel=channel,
            medium=medium,
            customer=f.CustomerRef(type="phone", value="+100", key=f"k{number}"),
            language=f.LanguageGuess(code="en"),
            topics=(f.TopicWeight(topic_id="billing", weight=1.0),),
            text="where is my parcel",
        )
        desk_id = self._plan.desks[partition]
        fact = f.Fact(
            fact_id=f"f{number}",
            desk_id=desk_id,
            received_at_ms=time.time_ns() // 1_000_000,
            source="chaos",
            body=body,
        )
        return partition, desk_id, encode_fact(fact)

    def _send(self, window: list[tuple[int, str, bytes]]) -> None:
        for partition, desk_id, value in window:
            for _ in range(1 + (self._rng.random() < TWICE)):
                task = asyncio.create_task(self._until_acknowledged(partition, desk_id, value))
                self._unacknowledged.add(task)
                task.add_done_callback(self._unacknowledged.discard)

    async def _until_acknowledged(self, partition: int, desk_id: str, value: bytes) -> None:
        while True:
            try:
                offset = await self._log.append(FACTS, partition, desk_id.encode(), value)
            except LogError:
                await asyncio.sleep(0.5)
            else:
                self._out.write(f"{partition} {offset}\n")
                return


async def main(plan: Plan) -> None:
    counters = Counters(plan.folder)
    log = await KafkaLog.connect(plan.bootstrap, client_id="chaos-load")
    with (Path(plan.folder) / "acknowledged.txt").open("w") as out:
        sender = Sender(plan, log, counters, out)
        while not counters[READY]:
            await asyncio.sleep(0.1)
        await sender.run()
        sys.stdout.write(f"{sender.held_seconds}\n")
    await log.close()


if __name__ == "__main__":
    uvloop.run(main(Plan.read(sys.argv[1])))
