"""Faust's consumer, made to start where our rows end and to lose nothing that it has fetched.

Faust stops its flow while partitions move, but a fetch that waits in the consumer's thread may still be answered then,
after recovery has already sent the consumer to where it begins. Faust throws these records away and goes on behind
them, and a recovery waits for ever for what it will not be given. So records that nobody takes are given back: the
consumer is sent to the first of them, in the thread that has just taken them out, before anything else can move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import aiokafka
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.runtime.kafka_counts import KafkaCounts, Reader

FETCH_WAIT_MS = 200
"""The longest that the broker holds a fetch when nothing comes; Faust has 1,500, and a take-over asked for two ends of the
log behind two such fetches."""


class Positioned(Protocol):
    """An app that knows better than Kafka how far it has come."""

    counts: KafkaCounts
    """What becomes of fetches and commits."""
    decisions: str
    """The topic that is folded."""

    def positions(self) -> Mapping[TP, int]:
        """Where each partition owned is to be read on."""


class Positions(driver.Consumer):
    """Starts where the rows end instead of where the group committed; Faust seeks after `on_rebalance_complete`."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        offsets = dict(await super().seek_to_committed())
        thread = cast(ConsumerThread, self._thread)
        thread.reader.begin()
        return {**offsets, **await thread.sent_to(cast(Positioned, self.app).positions())}

    async def _seek(self, partition: TP, offset: int) -> None:
        await cast(ConsumerThread, self._thread).sent_to({partition: offset})

    def takes(self, tp: TP) -> bool:
        """Whether a record of a partition would be handed on now. Asked from the consumer's thread."""
        return self.flow_active and (tp in self._active_partitions or tp in self._buffered_partitions)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's, whose fetches are not held for long and whose records, when nobody takes them, are not lost."""

    def __post_init__(self) -> None:
        super().__post_init__()
        app = cast(Positioned, self.app)
        self._counts, self.reader = app.counts, Reader(app.counts, app.decisions)
        """Of the decisions; the changelog is read in recovery only, which tells what remains."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def _fetch_records(self, consumer: aiokafka.AIOKafkaConsumer, *args: Any, **kwargs: Any) -> Any:
        try:
            records = dict(await super()._fetch_records(consumer, *args, **kwargs))
        except KafkaError:
            self._counts.fetches["failed"] += 1
            raise
        self._counts.fetches["records" if records else "nothing"] += 1
        owner, assigned = cast(Positions, self.consumer), consumer.assignment()
        for tp in [tp for tp in records if not owner.takes(tp)]:
            given_back = records.pop(
                tp
            )  # no await since they were taken out: nothing else has moved the position
            if tp in assigned and given_back:
                consumer.seek(tp, given_back[0].offset)
        decisions = [tp for tp in assigned if tp.topic == self.reader.topic]
        if decisions and all(map(owner.takes, decisions)):
            found = [some for tp, some in records.items() if tp.topic == self.reader.topic]
            newest_ms = [records[-1].timestamp for records in found if records]
            self.reader.read(newest_ms, at_the_end=all(_at_the_end(consumer, tp) for tp in decisions))
        return records

    async def sent_to(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        """Goes on there, in the partitions that are assigned still; answers these.

        In the thread: Faust seeks from where it is asked, and a fetch whose records a seek throws away at that moment ends
        the process (KeyError).
        """
        sent: Mapping[TP, int] = await self.call_thread(self._sent_to, positions)
        return sent

    async def _sent_to(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        sent = {tp: offset for tp, offset in positions.items() if tp in assigned}
        for tp, offset in sent.items():
            consumer.seek(tp, offset)
        return sent

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done: bool = await super()._commit(offsets)
        self._counts.commits["done" if done else "failed"] += 1
        return done


def _at_the_end(consumer: aiokafka.AIOKafkaConsumer, tp: TP) -> bool:
    """Whether an assigned partition has been read to its end, as far as its broker has told it."""
    state = consumer._subscription.subscription.assignment.state_value(tp)
    return state.has_valid_position and state.highwater is not None and state.position >= state.highwater


class Transport(driver.Transport):
    """Faust's, with our consumer."""

    Consumer = Positions
