"""The batches that appends go into, without a broker."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

from aiokafka.producer.message_accumulator import BatchBuilder

from services.runtime.kafka_append import _Lane


def begun() -> _Lane:
    lane = _Lane()
    lane.begin(SimpleNamespace(create_batch=lambda: BatchBuilder(16_384, 0)))
    return lane


def test_a_batch_takes_nothing_once_the_sender_has_it() -> None:
    lane = begun()
    assert lane.batch.append(timestamp=None, key=b"k", value=b"v") is not None

    lane.batch._set_producer_state(1, 0, 0)
    assert lane.batch.append(timestamp=None, key=b"k", value=b"v") is None
    assert lane.batch.record_count() == 1


def test_a_batch_that_was_sent_is_freed_without_the_cycle_collector() -> None:
    """The services let the collector run seldom, and a batch holds up to a megabyte."""
    lane = begun()
    batch = weakref.ref(lane.batch)
    gc.disable()
    try:
        lane.batch._set_producer_state(1, 0, 0)
        lane.batch = None
        assert batch() is None
    finally:
        gc.enable()
