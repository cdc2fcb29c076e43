"""The composition root of metrics: wires real parts or a test's, connects nothing by itself."""

from __future__ import annotations

from typing import Protocol

import grpc
from prometheus_client import CollectorRegistry

from services.contract.topics import DECISIONS
from services.metrics.api import NAME, MetricsApi
from services.metrics.collector import DurableTotals
from services.metrics.marking import Marker
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.metrics.tailer import Tailer
from services.runtime.clock import Clock
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.log import Appender, Log, TopicSpec


def topics(partitions: int, *, app_id: str = MetricsSettings.app_id) -> list[TopicSpec]:
    """The topic that metrics on Kafka needs beside the decisions."""
    from services.metrics import stream  # Faust is loaded by those who run it

    return stream.topics(partitions, app_id=app_id)


class Source(Protocol):
    """What keeps the board up to date: a tailer, or a Faust app."""

    async def run(self) -> None:
        """Folds until cancelled; raises when it must not go on."""
        ...

    async def ready(self) -> None:
        """Returns once what was in the log at the start is folded and exported."""
        ...


class Metrics:
    """A metrics service: run `run`, serve `add_to_grpc`; its totals are in the registry it was built with."""

    service_name = NAME

    def __init__(
        self,
        board: Board,
        source: Source,
        registry: CollectorRegistry,
        *,
        clock: Clock,
        appender: Appender | None = None,
    ) -> None:
        self.board, self._source = board, source
        self._api = MetricsApi(board, Marker(appender, board, clock) if appender is not None else None)
        registry.register(DurableTotals(lambda: board.snapshot, now_ms=clock.now_ms))

    def add_to_grpc(self, server: grpc.aio.Server) -> None:
        self._api.add_to(server)

    async def ready(self) -> None:
        """Returns once what was in the log at the start is folded and exported."""
        await self._source.ready()

    async def run(self) -> None:
        """Folds until cancelled; raises when it must not go on, and the process should end."""
        await self._source.run()


def build(
    settings: MetricsSettings, *, clock: Clock, log: Log, partitions: int, registry: CollectorRegistry
) -> Metrics:
    """Metrics on an embedded log whose topics exist. No total asks the clock, only ages of what stands now do."""
    board = Board(partitions, now_ms=clock.now_ms)
    tailer = Tailer(log, board, keep_quarters=settings.keep_quarters, publish_ms=settings.publish_ms)
    return Metrics(board, tailer, registry, clock=clock, appender=log)


def build_kafka(
    settings: MetricsSettings,
    *,
    clock: Clock,
    bootstrap: str | KafkaAccess,
    partitions: int,
    registry: CollectorRegistry,
    decisions: str = DECISIONS,
    appender: Appender | None = None,
    counts: KafkaCounts | None = None,
) -> Metrics:
    """Metrics on Kafka, on the running loop; the decisions' topic and `topics(partitions)` exist.

    Without an appender for the facts it marks no changes. `counts` is told what becomes of fetches and commits.
    """
    from services.metrics.stream import FaustSource  # Faust is loaded by those who run it

    board = Board(partitions, now_ms=clock.now_ms)
    source = FaustSource(settings, board, bootstrap=bootstrap, decisions=decisions, counts=counts)
    return Metrics(board, source, registry, clock=clock, appender=appender)
