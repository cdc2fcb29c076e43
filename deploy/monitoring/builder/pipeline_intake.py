"""The row of intake on the board of who runs Frontdesk."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Panel, Row, Target
from deploy.monitoring.builder.process_panels import OF_CHOSEN, grown_of, rate_of, slow
from deploy.monitoring.builder.promql import RANGE

INTAKE = Row(
    "Intake: what comes in",
    (
        rate_of(
            "Deliveries by what became of them",
            "Deliveries of providers.",
            "frontdesk_intake_deliveries_total",
            "verdict",
        ),
        rate_of(
            "Deliveries by provider",
            "Deliveries of providers.",
            "frontdesk_intake_deliveries_total",
            "provider",
        ),
        rate_of("Facts written", "Facts appended durably, by kind.", "frontdesk_intake_facts_total", "kind"),
        slow(
            "Delivery: first byte to answer",
            "The durable append is in it; the strictest provider waits 3 s.",
            "frontdesk_intake_delivery_seconds",
            "provider",
            bad_above=3,
        ),
        slow(
            "Delivery: reading alone",
            "Verify, parse, enrich.",
            "frontdesk_intake_reading_seconds",
            "provider",
        ),
        grown_of(
            "Dead letters",
            "Deliveries that could not be read; `frontdesk letters` lists them. Alert FrontdeskDeadLetters.",
            "frontdesk_intake_dead_letters_total",
            "reason",
        ),
        grown_of(
            "No events",
            "Receipts, typing and news of an account: read and left out.",
            "frontdesk_intake_dropped_total",
            "provider",
        ),
        grown_of(
            "Facts refused over gRPC",
            "By the field at fault.",
            "frontdesk_intake_refused_facts_total",
            "field",
        ),
        Panel(
            "Messages whose topics were left out",
            "Reading them took too long; they went on without. Above 0 asks for a look at the machine's load.",
            "short",
            (
                Target(
                    f"sum(increase(frontdesk_intake_need_cut_short_total{{{OF_CHOSEN}}}[{RANGE}]))",
                    "messages",
                ),
            ),
            kind="stat",
            width=6,
            bad_above=1,
        ),
        grown_of(
            "Fetches for providers", "By what became of them.", "frontdesk_intake_fetches_total", "outcome"
        ),
        grown_of(
            "Rounds of asking providers", "By how they ended.", "frontdesk_intake_polls_total", "outcome"
        ),
        grown_of(
            "Connections to providers that stream",
            "Opened, and how they ended.",
            "frontdesk_intake_stream_connections_total",
            "outcome",
        ),
        Panel(
            "Streams open",
            "Connections to providers that stream, open now.",
            "short",
            (Target(f"sum by (stream) (frontdesk_intake_stream_open{{{OF_CHOSEN}}})", "{{stream}}"),),
            kind="bargauge",
            width=6,
            decimals=0,
        ),
        grown_of(
            "Connections that we ended",
            "HTTP connections: too slow, displaced by newer ones, or refused.",
            "frontdesk_intake_connections_ended_total",
            "reason",
        ),
        Panel(
            "Signs of life not written",
            "Heartbeats that intake could not append: Kafka was away. frontdesk_intake_heartbeats_failed.",
            "short",
            (
                Target(
                    f"sum(increase(frontdesk_intake_heartbeats_failed_total{{{OF_CHOSEN}}}[{RANGE}]))",
                    "failed",
                ),
            ),
            kind="stat",
            width=6,
            bad_above=1,
        ),
        Panel(
            "Doors broken",
            "Mailboxes, files or topics that intake reads and that broke by a fault of ours. Alert FrontdeskDoorBroken.",
            "short",
            (
                Target(
                    f"sum(increase(frontdesk_intake_doors_broken_total{{{OF_CHOSEN}}}[{RANGE}])) or vector(0)",
                    "doors",
                ),
            ),
            kind="stat",
            width=6,
            bad_above=1,
        ),
    ),
)
