from __future__ import annotations

import pytest

from services.runtime.log import LogError, TopicSpec, UnknownTopic
from tests.conformance.places import WholeLog


async def test_a_created_topic_has_its_partitions_at_once(log: WholeLog, topic: str) -> None:
    assert await log.partitions(topic) == 4
    assert [await log.end_offset(topic, partition) for partition in range(4)] == [0, 0, 0, 0]


async def test_creating_a_topic_again_changes_nothing(log: WholeLog, topic: str) -> None:
    await log.append(topic, 0, b"k", b"v")

    await log.create_topics([TopicSpec(topic, 4)])

    assert await log.end_offset(topic, 0) == 1


async def test_a_topic_never_changes_its_number_of_partitions(log: WholeLog, topic: str) -> None:
    with pytest.raises(LogError, match="4 partitions, asked for 5"):
        await log.create_topics([TopicSpec(topic, 5)])


async def test_retention_and_compaction_are_accepted(log: WholeLog, topic: str) -> None:
    await log.create_topics(
        [
            TopicSpec(f"{topic}.days", 1, retention_ms=86_400_000),
            TopicSpec(f"{topic}.keys", 1, compacted=True),
        ]
    )

    assert await log.partitions(f"{topic}.days") == await log.partitions(f"{topic}.keys") == 1


async def test_what_was_never_created_is_unknown_everywhere(log: WholeLog, topic: str) -> None:
    with pytest.raises(UnknownTopic):
        await log.partitions("test.never")
    with pytest.raises(UnknownTopic):
        await log.end_offset(topic, 4)
    with pytest.raises(UnknownTopic):
        await log.read_at(topic, 4, 0)
    with pytest.raises(UnknownTopic):
        await log.tail("test.never", {0: 0})
    with pytest.raises(UnknownTopic):
        await log.tail(topic, {4: 0})
