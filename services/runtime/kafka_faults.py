"""What the clients' errors mean in the log's own words, and the bounds that all Kafka parts share."""

from __future__ import annotations

from aiokafka import errors as client

from services.runtime.log import (
    LogError,
    LogRefused,
    LogUnavailable,
    OutcomeUnknown,
    PositionLost,
    RecordTooLarge,
    UnknownTopic,
)

CONNECT_MS_MAX = 10_000
ANSWER_MS_MAX = 10_000
"""How long one question (an offset, a record, a first connection) may take."""
AWAY_MS_MAX = 10_000
"""How long the broker may be silent before readers say so."""
CLOSE_SECONDS_MAX = 10.0


def away(bootstrap: object, why: object = None) -> LogUnavailable:
    reason = f" ({why})" if why else ""
    return LogUnavailable(
        f"Kafka at {bootstrap} does not answer{reason}; check the address and that the broker runs "
        "(`make kafka-up` starts one for development)"
    )


def refused(bootstrap: object, what: str) -> LogRefused:
    return LogRefused(
        f"Kafka at {bootstrap} does not let this user {what}: an ACL is missing (docs/settings.md)"
    )


def unknown_topic(topic: str, partition: int | None = None) -> UnknownTopic:
    what = topic if partition is None else f"partition {partition} of {topic}"
    return UnknownTopic(f"{what} does not exist; create_topics makes it")


def lost(topic: str, partition: int, offset: int) -> PositionLost:
    return PositionLost(
        f"offset {offset} of partition {partition} of {topic} is not in the log (any longer, or not yet); "
        "a person decides where to go on"
    )


def of_append(bootstrap: object, topic: str, error: BaseException) -> LogError:
    """The answer to an append that was handed to the client and failed there."""
    if isinstance(error, client.MessageSizeTooLargeError | client.RecordListTooLargeError):
        return RecordTooLarge(f"Kafka refused a record for {topic} as too large ({error})")
    if isinstance(error, client.UnknownTopicOrPartitionError):
        return unknown_topic(topic)
    if isinstance(error, client.TopicAuthorizationFailedError | client.ClusterAuthorizationFailedError):
        return refused(bootstrap, f"write to {topic}")
    return OutcomeUnknown(
        f"no answer from Kafka at {bootstrap} to an append to {topic} ({error!r}); repeat it with the same id"
    )


def of_read(bootstrap: object, topic: str, error: client.KafkaError) -> LogError:
    """The answer to a read that failed for good; what the client retries by itself never gets here."""
    if isinstance(error, client.OffsetOutOfRangeError):
        found = error.args[0] if error.args else None
        if isinstance(found, dict) and found:
            partition, offset = next(iter(found.items()))
            return lost(topic, partition.partition, offset)
        return lost(topic, -1, -1)
    if isinstance(error, client.TopicAuthorizationFailedError):
        return refused(bootstrap, f"read {topic}")
    if isinstance(error, client.GroupAuthorizationFailedError):
        return refused(bootstrap, f"be a member of the group that reads {topic}")
    return away(bootstrap, repr(error))
