"""Settings of the router; all faults are reported together."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from services.contract.topics import PARTITIONS_DEFAULT
from services.runtime.settings import Reader


@dataclass(frozen=True)
class RouterSettings:
    """What a router process needs to know."""

    instance: str
    """Name written into records, for people; the pod's name by default."""
    partitions: int
    """Partitions of facts and decisions; never changes for a log generation."""
    pending_max: int
    """Records appended and not yet read back, per partition; then the partition pauses."""
    commands_waiting_max: int
    """Callers waiting for a decision at once; then RESOURCE_EXHAUSTED."""

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> RouterSettings:
        """Reads FRONTDESK_INSTANCE, _PARTITIONS, _PENDING_MAX, _COMMANDS_WAITING_MAX; raises SettingsError."""
        reader = Reader(mapping)
        settings = cls(
            instance=reader.text("FRONTDESK_INSTANCE", default=socket.gethostname()),
            partitions=reader.integer("FRONTDESK_PARTITIONS", default=PARTITIONS_DEFAULT, low=1, high=4096),
            pending_max=reader.integer("FRONTDESK_PENDING_MAX", default=500, low=1, high=100_000),
            commands_waiting_max=reader.integer(
                "FRONTDESK_COMMANDS_WAITING_MAX", default=20_000, low=1, high=1_000_000
            ),
        )
        reader.done()
        return settings
