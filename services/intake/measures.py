"""What intake counts; every label is from a closed list, and no value of a delivery is ever one (style 14)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.intake.channels import FETCHERS, PROVIDERS
from services.intake.fetch_faults import OUTCOMES
from services.runtime.quick_metrics import Children, DurationHistogram

SOURCES = (*(one.name for one in PROVIDERS), "grpc")
VERDICTS = (
    "genuine",
    "refused",
    "too_large",
    "truncated",
    "too_slow",
    "encoded",
    "busy",
    "log_away",
    "not_now",
    "failed",
)
POLL_OUTCOMES = ("done", "failed", "unreadable", "log_away")
STREAM_OUTCOMES = ("opened", "ended", "silent", "too_large", "not_a_stream", "log_away", "failed")
CONNECTIONS_ENDED = ("too_slow", "displaced", "refused")
FACT_KINDS = (
    "ContactArrived",
    "CallerHungUp",
    "MentionSeen",
    "IdentityLinked",
    "MessageSent",
    "NonContactSeen",
)
DEAD_LETTER_REASONS = (
    "unreadable",
    "unknown_event",
    "unknown_account",
    "provider_error",
    "reader_failed",
    "too_large",
    "fact_too_large",
    "unencodable",
)
SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
"""3 s is what the strictest provider waits (channels.md 1, rule 4)."""


class Measures:
    """Counters and histograms of one process, all at zero from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.deliveries = Children(
            Counter(
                "frontdesk_intake_deliveries",
                "Deliveries received, by provider and by what became of them.",
                ("provider", "verdict"),
                registry=registry,
            )
        )
        self.facts = Children(
            Counter(
                "frontdesk_intake_facts", "Facts appended durably, by kind.", ("kind",), registry=registry
            )
        )
        self.dead_letters = Counter(
            "frontdesk_intake_dead_letters",
            "Dead letters written, by provider and reason.",
            ("provider", "reason"),
            registry=registry,
        )
        self.dropped = Counter(
            "frontdesk_intake_dropped",
            "Items that are no events (receipts, typing, news of an account), by provider and kind.",
            ("provider", "kind"),
            registry=registry,
        )
        self.need_cut_short = Counter(
            "frontdesk_intake_need_cut_short",
            "Messages whose topics were left out because reading them took too long.",
            registry=registry,
        )
        self.reading_seconds = DurationHistogram(
            "frontdesk_intake_reading_seconds",
            "Time to verify, parse and enrich one delivery.",
            SECONDS_BOUNDS,
            registry,
            label="provider",
            values=SOURCES,
        )
        self.seconds = DurationHistogram(
            "frontdesk_intake_delivery_seconds",
            "Time from a delivery's first byte to its answer, the durable append included.",
            SECONDS_BOUNDS,
            registry,
            label="provider",
            values=SOURCES,
        )
        self.refused_facts = Counter(
            "frontdesk_intake_refused_facts",
            "Facts refused by name over gRPC.",
            ("field",),
            registry=registry,
        )
        self.fetches = Counter(
            "frontdesk_intake_fetches",
            "Fetches for provider modules, by fetcher and by what became of them.",
            ("fetcher", "outcome"),
            registry=registry,
        )
        for fetcher in FETCHERS:
            for outcome in OUTCOMES:
                self.fetches.labels(fetcher, outcome)
        self.polls = Counter(
            "frontdesk_intake_polls",
            "Rounds of asking a provider for news, by poller and by how they ended.",
            ("poller", "outcome"),
            registry=registry,
        )
        self.stream_connections = Counter(
            "frontdesk_intake_stream_connections",
            "Connections to providers that stream: opened, and how they ended.",
            ("stream", "outcome"),
            registry=registry,
        )
        self.stream_open = Gauge(
            "frontdesk_intake_stream_open",
            "Whether the connection to a provider that streams is open.",
            ("stream",),
            registry=registry,
        )
        self.doors_broken = Counter(
            "frontdesk_intake_doors_broken",
            "Doors that intake opens itself (a mailbox, a file, a topic) that broke by a fault of ours, by door.",
            ("door",),
            registry=registry,
        )
        self.connections_ended = Counter(
            "frontdesk_intake_connections_ended",
            "HTTP connections that we ended: too slow, displaced by newer ones in a full house, or refused.",
            ("reason",),
            registry=registry,
        )
        for reason in CONNECTIONS_ENDED:
            self.connections_ended.labels(reason)
        for provider in PROVIDERS:
            for poller in (*provider.pollers, *(stream.missed for stream in provider.streams)):
                for outcome in POLL_OUTCOMES:
                    self.polls.labels(poller.name, outcome)
            for stream in provider.streams:
                self.stream_open.labels(stream.name)
                for outcome in STREAM_OUTCOMES:
                    self.stream_connections.labels(stream.name, outcome)
        for source in SOURCES:
            for verdict in VERDICTS:
                self.deliveries.labels(source, verdict)
            for reason in DEAD_LETTER_REASONS:
                self.dead_letters.labels(source, reason)
        for kind in FACT_KINDS:
            self.facts.labels(kind)
