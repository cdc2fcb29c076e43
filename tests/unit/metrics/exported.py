"""What a /metrics text says, in the shape of ground_truth.samples."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.unit.metrics.ground_truth import Sample

OF_THE_PROCESS = (
    "frontdesk_kafka_",
    "frontdesk_metrics_",
    "frontdesk_events_",
    "frontdesk_partitions_",
    "frontdesk_queue_info",
    "frontdesk_stage_",
)
AGES = ("frontdesk_queue_oldest_wait_seconds", "frontdesk_unanswered_age_seconds")
"""What depends on when one asks."""


def samples(text: str) -> dict[Sample, float]:
    """Every frontdesk sample above 0 that tells of the log; the process's own facts left out."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("frontdesk_")
        and not sample.name.startswith((*OF_THE_PROCESS, *AGES))
        and sample.value
    }
