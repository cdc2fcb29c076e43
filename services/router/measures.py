"""What operators see of the router's shell; the core measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.contract.decisions import HeartbeatPassed
from services.runtime.quick_metrics import DurationHistogram, QuickCounter

if TYPE_CHECKING:
    from services.router.verdict import Verdict

REJECTIONS = (
    *("undecodable", "unknown_kind", "desk_unknown", "wrong_partition", "invalid"),
    *("decide_failed", "decision_too_large"),
)


class TailMeasures:
    """What operators see of the fold."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.folded = QuickCounter(
            "frontdesk_router_records_folded_total",
            "Decision records read back.",
            "verdict",
            ("accepted", "rejected"),
            registry,
        )
        self.partitions = Gauge(
            "frontdesk_router_partitions_folded",
            "Decision partitions that this replica folds.",
            registry=registry,
        )
        self.remembered = Gauge(
            "frontdesk_router_facts_remembered",
            "Ids of facts that a partition remembers, so that a repeat is known as one.",
            ("partition",),
            registry=registry,
        )
        self.dropped = Gauge(
            "frontdesk_router_facts_dropped",
            "Ids of facts given up for the bound before their eight days were over, since the log began; "
            "when it rises, raise facts_remembered_max of the partition's desks.",
            ("partition",),
            registry=registry,
        )
        self.overloaded = Gauge(
            "frontdesk_router_desks_overloaded",
            "Desks of a partition that have more work than time: customers are told so, e-mail waits.",
            ("partition",),
            registry=registry,
        )
        self.started = Counter(
            "frontdesk_router_partitions_started_total",
            "Partitions whose folding began at a snapshot, or at the start of the decisions for want of one.",
            ("at",),
            registry=registry,
        )
        self.accepted, self.rejected = self.folded.of["accepted"], self.folded.of["rejected"]
        for at in ("snapshot", "start"):
            self.started.labels(at)


class HeartMeasures:
    """The newest sign of life that was decided and read back."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.newest = Gauge(
            "frontdesk_router_heartbeat_timestamp_seconds",
            "Birth of the newest heartbeat that was decided and folded, in seconds since the epoch.",
            ("partition",),
            registry=registry,
        )

    def on_verdict(self, verdict: Verdict) -> None:
        """Listens to the tail."""
        for event in verdict.record.events if verdict.accepted else ():
            if isinstance(event, HeartbeatPassed):
                self.newest.labels(str(verdict.partition)).set(event.born_at_ms / 1000)


class SnapshotMeasures:
    """What operators see of writing snapshots."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter(
            "frontdesk_router_snapshots_total",
            "Snapshots of a partition's state, by how writing one ended.",
            ("result",),
            registry=registry,
        )
        self.seconds = Histogram(
            "frontdesk_router_snapshot_seconds",
            "Time to write one, in steps between which decisions go on.",
            buckets=(0.01, 0.1, 1.0, 10.0, 60.0),
            registry=registry,
        )
        self.bytes = Gauge(
            "frontdesk_router_snapshot_bytes",
            "Size of a partition's newest snapshot before compression, without the memory of facts.",
            ("partition",),
            registry=registry,
        )
        for result in ("written", "too_large", "failed"):
            self.written.labels(result)


class OwnerMeasures:
    """What operators see of deciding."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.decided = QuickCounter(
            "frontdesk_router_decisions_total",
            "Decision records appended.",
            "cause",
            ("fact", "timer", "genesis"),
            registry,
        )
        self.reset = Counter(
            "frontdesk_router_resets_total",
            "Times that speculation was dropped.",
            ("reason",),
            registry=registry,
        )
        self.put_aside = Counter(
            "frontdesk_router_timers_put_aside_total",
            "Times that a due timer could not be decided and was left alone for a minute; the router's log has why.",
            ("reason",),
            registry=registry,
        )
        self.owned = Gauge(
            "frontdesk_router_partitions_owned", "Fact partitions decided here.", registry=registry
        )
        self.seconds = DurationHistogram(
            "frontdesk_router_decide_seconds",
            "Time to decide one fact and to encode its record.",
            (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.05),
            registry,
        )
        self.decided_by = self.decided.of
        for reason in ("foreign_record", "own_rejected", "append_failed", "buffer_full"):
            self.reset.labels(reason)
        for reason in ("decide_failed", "decision_too_large"):
            self.put_aside.labels(reason)


class LetterMeasures:
    """What operators see of facts that could not be used."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter(
            "frontdesk_router_dead_letters_total",
            "Rejected facts, by reason.",
            ("reason",),
            registry=registry,
        )
        self.dropped = Counter(
            "frontdesk_router_dead_letters_dropped_total",
            "Rejected facts whose dead letter could not be written; the decisions have the rejection.",
            registry=registry,
        )
        for reason in REJECTIONS:
            self.written.labels(reason)


class PriceMeasures:
    """What operators see of the prices of agents' time; of the desks owned here."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "frontdesk_router_price_seconds",
            "Time to compute one desk's prices, off the path of decisions.",
            buckets=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
            registry=registry,
        )
        self.proposed = Counter(
            "frontdesk_router_prices_total", "Tariffs appended as facts.", ("source",), registry=registry
        )
        self.failed = Counter(
            "frontdesk_router_price_failures_total",
            "Times that no prices could be computed or appended; those in force stay, then the fallback takes over.",
            ("reason",),
            registry=registry,
        )
        self.age = Gauge(
            "frontdesk_router_price_age_seconds",
            "Time since prices were last computed by the program or came from outside, of the desk for which it is longest.",
            registry=registry,
        )
        self.highest = Gauge(
            "frontdesk_router_price_highest",
            "Highest price in force, in customer-seconds per agent-second.",
            registry=registry,
        )
        for source in ("program", "fallback"):
            self.proposed.labels(source)
        for reason in ("not_solved", "raised", "timeout", "append"):
            self.failed.labels(reason)
