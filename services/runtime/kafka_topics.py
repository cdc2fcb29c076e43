"""Creating topics and removing records: the administrator's side of Kafka, by kafka-python in a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import AuthorizationError, KafkaError, TopicAlreadyExistsError
from kafka.structs import TopicPartition

from services.runtime import kafka_faults
from services.runtime.kafka_access import KafkaAccess
from services.runtime.log import RECORD_BYTES_MAX, LogError, TopicSpec

ADMIN_MS_MAX = 10_000
CREATE_MS_MAX = 30_000
"""A busy broker takes its time to lead some hundred new partitions."""
SEGMENT_MS_COMPACTED = 600_000
"""A compacted topic closes a segment this often, so that a restart reads minutes of changes and not a week."""


def create_topics(
    bootstrap: KafkaAccess, topics: Sequence[TopicSpec], *, replication_factor: int = -1
) -> None:
    """Creates what is missing and returns when every partition has a leader. Blocks.

    `replication_factor` -1 takes the broker's default. Raises LogError for a topic that exists with another
    number of partitions, LogUnavailable.
    """
    with _admin(bootstrap) as admin:
        missing = [spec for spec in topics if not _check(admin, spec)]
        for spec in missing:
            with contextlib.suppress(TopicAlreadyExistsError):  # another process was faster: checked below
                admin.create_topics(
                    {spec.name: _creation(spec, replication_factor)}, timeout_ms=CREATE_MS_MAX
                )
        if topics:
            admin.wait_for_topics([spec.name for spec in topics], timeout_ms=CREATE_MS_MAX)
        for spec in missing:
            _check(admin, spec)


def partitions(bootstrap: KafkaAccess, topic: str) -> int:
    """The topic's number of partitions. Blocks; raises UnknownTopic, LogUnavailable."""
    with _admin(bootstrap) as admin:
        for found in admin.describe_topics([topic]):
            if found["error_code"] == 0:
                return len(found["partitions"])
    raise kafka_faults.unknown_topic(topic)


def delete_before(bootstrap: KafkaAccess, topic: str, partition: int, offset: int) -> None:
    """Removes the records before the offset, as retention would. Blocks."""
    with _admin(bootstrap) as admin:
        admin.delete_records({TopicPartition(topic, partition): offset}, timeout_ms=ADMIN_MS_MAX)


def _creation(spec: TopicSpec, replication_factor: int) -> dict[str, Any]:
    configs = {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": str(spec.retention_ms),
        # Room for the key and Kafka's own framing around the largest value.
        "max.message.bytes": str(RECORD_BYTES_MAX + 48_576),
        "unclean.leader.election.enable": "false",
    }
    if spec.compacted:
        # Compaction works on closed segments only, and recovery reads what it left.
        configs |= {"segment.ms": str(SEGMENT_MS_COMPACTED), "min.cleanable.dirty.ratio": "0.1"}
    return {"num_partitions": spec.partitions, "replication_factor": replication_factor, "configs": configs}


def _check(admin: Any, spec: TopicSpec) -> bool:
    """Whether the topic exists; raises LogError when it does with another number of partitions."""
    for found in admin.describe_topics([spec.name]):
        if found["error_code"] != 0:
            continue
        count = len(found["partitions"])
        if count != spec.partitions:
            raise LogError(
                f"topic {spec.name} exists with {count} partitions, asked for {spec.partitions}; "
                "the number never changes in place"
            )
        return True
    return False


@contextlib.contextmanager
def _admin(bootstrap: KafkaAccess) -> Iterator[Any]:
    try:
        admin = KafkaAdminClient(
            **bootstrap.for_kafka_python(),
            bootstrap_timeout_ms=ADMIN_MS_MAX,
            request_timeout_ms=ADMIN_MS_MAX,
        )
    except KafkaError as error:
        raise kafka_faults.away(bootstrap, error) from error
    try:
        yield admin
    except AuthorizationError as error:
        raise kafka_faults.refused(bootstrap, f"look at or create topics ({type(error).__name__})") from error
    except KafkaError as error:
        raise kafka_faults.away(bootstrap, error) from error
    finally:
        admin.close()
