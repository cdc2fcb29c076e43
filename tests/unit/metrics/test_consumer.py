"""What our consumer asks of the broker."""

from __future__ import annotations

from typing import Any

from faust.contrib.asgi import bind_to_running_loop
from faust.transport.drivers import aiokafka as driver

from services.metrics.consumer import FETCH_WAIT_MS
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.metrics.stream import FaustSource


async def test_a_fetch_is_not_held_so_long_that_a_take_over_waits_behind_it() -> None:
    source = FaustSource(MetricsSettings(), Board(1), bootstrap="127.0.0.1:1")
    app: Any = source._build()
    bind_to_running_loop(app)

    theirs = driver.Consumer._new_consumer_thread(app.consumer)._create_worker_consumer(app.transport)
    assert theirs._fetch_max_wait_ms == 1_500  # the name is aiokafka's: one that it gave up would set nothing

    consumer = app.consumer._new_consumer_thread()._create_worker_consumer(app.transport)

    assert consumer._fetch_max_wait_ms == FETCH_WAIT_MS
