"""What operators see of the router's shell; the core measures nothing."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REJECTIONS = (
    *("undecodable", "unknown_kind", "desk_unknown", "wrong_partition", "invalid"),
    *("decide_failed", "decision_too_large"),
)


class TailMeasures:
    """What operators see of the fold."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.folded = Counter(
            "frontdesk_router_records_folded_total",
            "Decision records read back.",
            ("verdict",),
            registry=registry,
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
        for verdict in ("accepted", "rejected"):
            self.folded.labels(verdict)


class OwnerMeasures:
    """What operators see of deciding."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.decided = Counter(
            "frontdesk_router_decisions_total", "Decision records appended.", ("cause",), registry=registry
        )
        self.reset = Counter(
            "frontdesk_router_resets_total",
            "Times that speculation was dropped.",
            ("reason",),
            registry=registry,
        )
        self.owned = Gauge(
            "frontdesk_router_partitions_owned", "Fact partitions decided here.", registry=registry
        )
        self.seconds = Histogram(
            "frontdesk_router_decide_seconds",
            "Time to decide and fold one fact.",
            buckets=(0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.05),
            registry=registry,
        )
        for cause in ("fact", "timer", "genesis"):
            self.decided.labels(cause)
        for reason in ("foreign_record", "own_rejected", "append_failed", "buffer_full"):
            self.reset.labels(reason)


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
