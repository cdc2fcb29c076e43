"""The row of each process's own dealings with Kafka on the board of who runs Frontdesk."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Row
from deploy.monitoring.builder.process_panels import OF_CHOSEN, curve, grown_of, rate_of

KAFKA = Row(
    "Kafka, as the services meet it",
    (
        curve(
            "Delay of records read",
            "Time from a record's append to its being read, of the newest fetch of facts by routers and of decisions by metrics; "
            "starting while a reader has not yet come to the end of its partitions. frontdesk_kafka_record_delay_seconds.",
            "s",
            (
                f"max by (job, topic, phase) (frontdesk_kafka_record_delay_seconds{{{OF_CHOSEN}}})",
                "{{job}} {{topic}} {{phase}}",
            ),
            width=12,
            bad_above=30,
        ),
        curve(
            "Appends: how full the buffer is",
            "Records that wait for their append to be durable, as a share of the bound beyond which appends are refused; by appender, "
            "for intake has one of its own.",
            "percentunit",
            (
                f"frontdesk_kafka_append_buffer_records{{{OF_CHOSEN}}} / "
                f"frontdesk_kafka_append_buffer_records_max{{{OF_CHOSEN}}}",
                "{{job}} {{instance}} {{appender}}",
            ),
            width=12,
            bad_above=0.8,
        ),
        rate_of(
            "Appends by result",
            "Each record. Unknown: sent and never answered; refused: by Kafka, or for its size or a full buffer; failed: not sent in "
            "time.",
            "frontdesk_kafka_appends_total",
            "result",
        ),
        rate_of(
            "Fetches by result",
            "Each attempt: with records, with nothing new, or failed.",
            "frontdesk_kafka_fetches_total",
            "result",
        ),
        rate_of(
            "Commits by result",
            "Each attempt to commit a group's offset, which is a hint only: the log itself says where to go on.",
            "frontdesk_kafka_commits_total",
            "result",
        ),
        grown_of(
            "Producers replaced",
            "Given up after an append of unknown outcome, or a refusal.",
            "frontdesk_kafka_producers_replaced_total",
            "job",
        ),
    ),
)
