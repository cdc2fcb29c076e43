"""Names of the topics, and the one function from desk to partition (engine.md 1.2).

Every program that writes or reads a desk uses `partition_of`; its name and version stand in each partition's
genesis record, so that two programs that disagree refuse to run together.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

FACTS = "frontdesk.facts.v1"
"""What happened outside; key desk_id; expires."""
DECISIONS = "frontdesk.decisions.v1"
"""What the router decided; key desk_id, partition that of the fact; kept for ever."""
SNAPSHOTS = "frontdesk.snapshots.v1"
"""Where the router's state stood at a position of the decisions; compacted; key partition and slot."""
DEAD_LETTERS = "frontdesk.dead-letters.v1"
"""What could not be read: origin, reason, a capped copy of the bytes; key origin."""

PARTITION_HASH = "blake2b-64/1"
"""Name and version of `partition_of`'s hash, written into genesis records."""
PARTITIONS_DEFAULT = 32
"""Partitions of facts and of decisions unless the settings say otherwise; the limit of scale."""
FACTS_RETENTION_MS = 7 * 86_400_000
DEAD_LETTERS_RETENTION_MS = 30 * 86_400_000
_OF_GENERATIONS = frozenset({FACTS, DECISIONS, SNAPSHOTS, DEAD_LETTERS})


def of_generation(topic: str, generation: int) -> str:
    """The topic's name in a generation of the log (engine.md 1.11); topics that are not the log's have one name."""
    return f"{topic.removesuffix('.v1')}.v{generation}" if topic in _OF_GENERATIONS else topic


@lru_cache(maxsize=10_000)
def partition_of(desk_id: str, partitions: int) -> int:
    """Partition of a desk, 0 <= p < partitions; the same on every machine and in every version."""
    return int.from_bytes(blake2b(desk_id.encode(), digest_size=8).digest(), "big") % partitions
