"""Metrics on Kafka: a Faust app that folds decisions into its table. The only file that knows Faust.

Faust may deliver an event twice, lose its changelog's tail and commit past both (engine.md 3.1), so nothing here
relies on its offsets. Each partition's position is in its own rows: an older record is skipped, a newer one sends
the consumer back, and after every rebalance the consumer starts where the rows end (`consumer.Positions`).
An exception in the agent would be acknowledged and forgotten by Faust; here it ends `run`, and with it the process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.auth import SASLCredentials, SSLCredentials
from faust.contrib.asgi import bind_to_running_loop
from faust.types import TP

from services.contract.topics import DECISIONS
from services.metrics.consumer import Transport
from services.metrics.errors import Gap, LogReplaced, Torn
from services.metrics.flush import changed, restore
from services.metrics.folding import fold
from services.metrics.ledger import Ledger, Verdict
from services.metrics.lost_records import outlive_lost_records
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.metrics.watchdog import Vitals, Watchdog
from services.runtime.ending import ended_within
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.log import PositionLost, TopicSpec

TABLE = "kpis"
REQUEST_BYTES_MAX = 1_048_576
STOP_SECONDS_MAX = 20.0
SEEK_AGAIN_SECONDS = 1.0
ENDS_SECONDS = 5.0
"""Time between two looks at the log's ends."""

log = structlog.get_logger()


def topics(partitions: int, *, app_id: str = MetricsSettings.app_id) -> list[TopicSpec]:
    """The changelog that Faust writes the table to; it must have as many partitions as the decisions."""
    return [TopicSpec(f"{app_id}-{TABLE}-changelog", partitions, compacted=True)]


def _credentials(access: KafkaAccess) -> SASLCredentials | SSLCredentials | None:
    """The same access in Faust's words; None for a broker that asks for nothing."""
    if access.tls is None:
        return None
    if not access.by_password:
        return SSLCredentials(access.tls)
    return SASLCredentials(
        username=access.user,
        password=access.password[:],
        ssl_context=access.tls,
        mechanism=access.mechanism,
    )


class _App(faust.App):
    """A Faust app that asks us for positions and writes nothing to the disk."""

    source: FaustSource
    counts: KafkaCounts
    decisions: str

    def positions(self) -> dict[TP, int]:
        return self.source.positions()

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """The table is in memory."""


class FaustSource:
    """Keeps a board up to date from Kafka; run it once, on the loop that it shares with the gRPC server."""

    def __init__(
        self,
        settings: MetricsSettings,
        board: Board,
        *,
        bootstrap: str | KafkaAccess,
        decisions: str = DECISIONS,
        counts: KafkaCounts | None = None,
    ) -> None:
        self._counts = counts or KafkaCounts()
        self.board, self._settings, self._access = board, settings, KafkaAccess.of(bootstrap)
        self._topic = decisions
        self._settled = asyncio.Event()
        self._ready = asyncio.Event()
        self._wanted: dict[int, int] = {}
        self._gap = asyncio.Event()
        self._written_at: dict[int, float] = {}

    async def ready(self) -> None:
        """Returns once the partitions owned are recovered and all that was in the log then is folded and exported."""
        await self._ready.wait()

    def positions(self) -> dict[TP, int]:
        """Where each partition owned is to be read on."""
        return {
            TP(self._topic, partition): ledger.last_offset + 1
            for partition, ledger in self.board.ledgers.items()
        }

    async def run(self) -> None:
        """Folds until cancelled; raises what broke."""
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        outlive_lost_records()
        app = self.app = self._build()
        bind_to_running_loop(app)
        app.finalize()
        now = time.monotonic()
        vitals = Vitals(now, now, now, now)
        watchdog = Watchdog(vitals, self._settings.stall_ms / 1000)
        work = [
            asyncio.create_task(coroutine)
            for coroutine in (
                self._live(app),
                self._publish(app, vitals),
                self._ends(app, vitals),
                self._back(app),
            )
        ]
        watchdog.start()
        try:
            done, _ = await asyncio.wait({*work, self._broken}, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
            raise RuntimeError("Faust stopped by itself")
        finally:
            watchdog.stop()
            await self._stop(app, work)

    def _build(self) -> _App:
        settings, partitions = self._settings, self.board.partitions
        app = _App(
            settings.app_id,
            broker=[f"kafka://{address}" for address in self._access.bootstrap.split(",")],
            broker_credentials=_credentials(self._access),
            store="memory://",
            autodiscover=False,
            web_enabled=False,
            key_serializer="raw",
            value_serializer="raw",
            topic_partitions=partitions,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_group_instance_id=settings.group_instance_id or None,
            broker_session_timeout=settings.session_timeout_ms / 1000,
            broker_heartbeat_interval=settings.session_timeout_ms / 3000,
            broker_commit_interval=1.0,
            consumer_auto_offset_reset="earliest",
            producer_request_timeout=30.0,
            producer_linger=0.005,
            producer_max_request_size=REQUEST_BYTES_MAX,
            stream_wait_empty=True,
        )
        app.source, app.counts, app.decisions = self, self._counts, self._topic
        self._table = app.Table(TABLE, partitions=partitions, key_type=bytes, value_type=bytes)
        decisions = app.topic(
            self._topic, partitions=partitions, key_type=bytes, value_type=bytes, value_serializer="raw"
        )
        app.agent(decisions, name="frontdesk-metrics-fold")(self._fold_all)
        app.on_partitions_revoked.connect(self._revoked)
        app.on_rebalance_complete.connect(self._assigned)
        return app

    # --- the agent -----------------------------------------------------------------------------------------

    async def _fold_all(self, stream: Any) -> None:
        async for event in stream.events():
            if not self._broken.done():
                try:
                    self._fold(event.message)
                except Exception as error:
                    self._break(error)

    def _fold(self, message: Any) -> None:
        """Folds and stores without an await between, so that a value is never of two moments (rule 6)."""
        partition, offset = message.partition, message.offset
        if partition not in self.board.ledgers:
            return  # revoked, or not recovered yet: it will be read again
        if offset > self._wanted.get(partition, offset):
            return  # on its way back
        try:
            verdict = fold(self.board, partition, offset, message.value)
        except Gap as gap:
            log.warning("gap", partition=partition, wanted=gap.wanted, found=gap.found)
            self.board.gaps += 1
            self._wanted[partition] = gap.wanted
            self._gap.set()
            return
        if verdict is not Verdict.SKIPPED:
            self._wanted.pop(partition, None)
            self._store(self.board.ledgers[partition])

    def _store(self, ledger: Ledger) -> None:
        """Writes changed rows every so many records, or at the first one after a while."""
        now = time.monotonic()
        waited_ms = (now - self._written_at.setdefault(ledger.partition, now)) * 1000
        folded = ledger.last_offset - ledger.flushed_offset
        if folded >= self._settings.flush_records or waited_ms >= self._settings.flush_ms:
            for key, value in changed(ledger):
                self._table[key] = value
            self._written_at[ledger.partition] = now

    # --- partitions come and go ----------------------------------------------------------------------------

    async def _revoked(self, *sent: Any, **_: Any) -> None:
        """Gets the app and the partitions revoked."""
        self._settled.clear()
        for tp in sent[1]:
            if tp.topic == self._topic:
                self._drop(tp.partition)

    async def _assigned(self, *sent: Any, **_: Any) -> None:
        """Gets the app; the table is recovered, and Faust seeks next."""
        try:
            await self._restore(sent[0])
        except Exception as error:
            self._break(error)
            raise

    async def _restore(self, app: Any) -> None:
        for partition in list(self.board.ledgers):
            self._drop(partition)
        owned = sorted(tp for tp in app.consumer.assignment() if tp.topic == self._topic)
        ends, starts = await self._ends_and_starts(app, owned) if owned else ({}, {})
        for tp in owned:
            ledger = self._recovered(tp.partition)
            if ledger.last_offset >= ends[tp]:
                raise LogReplaced(tp.partition, ledger.last_offset, ends[tp])
            if ledger.last_offset + 1 < starts[tp]:
                raise PositionLost(
                    f"partition {tp.partition}: offset {ledger.last_offset + 1} is wanted and the log starts at "
                    f"{starts[tp]}; decisions must be kept for ever"
                )
            self.board.own(ledger, target=ends[tp])
        self._settled.set()
        log.info("partitions_assigned", partitions=len(owned))

    async def _ends_and_starts(self, app: Any, owned: list[TP]) -> tuple[Mapping[TP, int], Mapping[TP, int]]:
        """Where the log of each partition ends and starts now; asked at once."""
        ends, starts = await asyncio.gather(
            app.consumer.highwaters(*owned), app.consumer.earliest_offsets(*owned)
        )
        return ends, starts

    def _recovered(self, partition: int) -> Ledger:
        """The ledger in the table; an empty one, to be folded from the log's start, when the rows are torn."""
        keep = self._settings.keep_quarters
        try:
            return restore(partition, self._table.get, keep_quarters=keep)
        except Torn as torn:
            log.warning("rebuild", partition=partition, reason=str(torn))
            self.board.rebuilds += 1
            ledger = Ledger(partition, keep_quarters=keep)
            ledger.flush_from = torn.newest
            return ledger

    def _drop(self, partition: int) -> None:
        self.board.drop(partition)
        self._wanted.pop(partition, None)
        self._written_at.pop(partition, None)

    # --- beside it -----------------------------------------------------------------------------------------

    async def _live(self, app: Any) -> None:
        """Starts Faust and waits until it stops; raises what crashed it."""
        await app.maybe_start()
        await app.wait_until_stopped()
        if app.crash_reason is not None:
            raise app.crash_reason

    async def _publish(self, app: Any, vitals: Vitals) -> None:
        while True:
            settled = self._settled.is_set()
            remaining = app.tables.recovery.active_remaining_total() if app.in_recovery and not settled else 0
            if settled or remaining != self.board.recovery_remaining:
                vitals.settled_at = time.monotonic()
            self.board.recovery_remaining = remaining  # told with what is ready, never from before it
            self.board.publish()
            if self._settled.is_set() and self.board.caught_up():
                self._ready.set()
            vitals.loop_at = time.monotonic()
            await asyncio.sleep(self._settings.publish_ms / 1000)

    async def _ends(self, app: Any, vitals: Vitals) -> None:
        """Compares positions with the log's ends; the watchdog acts on what does not move."""
        seen: dict[int, int] = {}
        while True:
            await asyncio.sleep(ENDS_SECONDS)
            if not self._settled.is_set():
                vitals.asked_at = vitals.moved_at = time.monotonic()  # `settled_at` watches over this
                continue
            positions = self.positions()
            try:
                ends = await app.consumer.highwaters(*positions) if positions else {}
            except (KafkaError, TimeoutError) as error:  # the watchdog bounds how long this may last
                log.warning("ends_unknown", error=type(error).__name__)
                continue
            vitals.asked_at = time.monotonic()
            stuck = [
                tp for tp, at in positions.items() if at < ends.get(tp, 0) and seen.get(tp.partition) == at
            ]
            if not stuck:
                vitals.moved_at = vitals.asked_at
            seen = {tp.partition: at for tp, at in positions.items()}

    async def _back(self, app: Any) -> None:
        """Sends the consumer back to where a gap was seen, again until a record of there is folded.

        Faust forgets a seek that falls between two records of a batch, hence the repetition.
        """
        while True:
            await self._gap.wait()
            self._gap.clear()
            for partition, offset in list(self._wanted.items()):
                if TP(self._topic, partition) in app.consumer.assignment():
                    await app.consumer.seek(TP(self._topic, partition), offset)
            await asyncio.sleep(SEEK_AGAIN_SECONDS)
            if self._wanted:
                self._gap.set()

    def _break(self, error: Exception) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    async def _stop(self, app: Any, work: list[asyncio.Task[None]]) -> None:
        error = await ended_within(STOP_SECONDS_MAX, app.stop())
        if error is not None:  # whatever it is, the rows in the changelog hold
            log.warning("stop_failed", error=f"{type(error).__name__}: {error}")
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if self._broken.done() and not self._broken.cancelled():
            self._broken.exception()
        for partition in list(self.board.ledgers):
            self._drop(partition)
