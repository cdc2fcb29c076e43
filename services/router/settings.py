"""Settings of the router; all faults are reported together."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from services.contract.topics import PARTITIONS_DEFAULT
from services.runtime.settings import Reader


class Pricing(Enum):
    """Who computes the prices of agents' time."""

    PROGRAM = "program"
    """The router, by the price program; without it for a while, by how busy groups are."""
    FALLBACK = "fallback"
    """Others, as facts; when none came for a while, the router by how busy groups are."""
    OFF = "off"
    """Others or nobody: what is in force stays so."""


PRICES_STALE_SECONDS = 180
SNAPSHOT_DECISIONS = 10_000
SNAPSHOT_SECONDS = 60
SNAPSHOT_MEGABYTES_MAX = 512


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

    pricing: Pricing = Pricing.PROGRAM
    prices_stale_seconds: int = PRICES_STALE_SECONDS
    """Without newer prices for that long, they follow how busy groups are."""
    snapshot_decisions: int = SNAPSHOT_DECISIONS
    """A partition's state is kept after so many decisions, or as many as it has objects; a restart folds the rest."""
    snapshot_seconds: int = SNAPSHOT_SECONDS
    """It is kept after this too, when anything was decided."""
    snapshot_megabytes_max: int = SNAPSHOT_MEGABYTES_MAX
    """A larger state is not kept, and a restart folds from the one before."""
    generation: int = 1
    """Of the log; each has topics and a number of partitions of its own."""
    watchdog_seconds: float = 30.0
    """The process ends when it stands still for this long; 0 for never."""
    watchdog_rebalance_seconds: float = 60.0
    """It ends when the group shares out partitions for this long."""

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> RouterSettings:
        """Reads FRONTDESK_INSTANCE, _PARTITIONS, _PENDING_MAX, _COMMANDS_WAITING_MAX, _PRICES,
        _PRICES_STALE_SECONDS, _SNAPSHOT_DECISIONS, _SNAPSHOT_SECONDS, _SNAPSHOT_MEGABYTES_MAX, _LOG_GENERATION,
        _WATCHDOG_SECONDS, _WATCHDOG_REBALANCE_SECONDS; raises SettingsError."""
        reader = Reader(mapping)
        settings = cls(
            instance=reader.text("FRONTDESK_INSTANCE", default=socket.gethostname()),
            partitions=reader.integer("FRONTDESK_PARTITIONS", default=PARTITIONS_DEFAULT, low=1, high=4096),
            pending_max=reader.integer("FRONTDESK_PENDING_MAX", default=500, low=1, high=100_000),
            commands_waiting_max=reader.integer(
                "FRONTDESK_COMMANDS_WAITING_MAX", default=20_000, low=1, high=1_000_000
            ),
            pricing=_pricing(reader),
            prices_stale_seconds=reader.integer(
                "FRONTDESK_PRICES_STALE_SECONDS", default=PRICES_STALE_SECONDS, low=10, high=86_400
            ),
            snapshot_decisions=reader.integer(
                "FRONTDESK_SNAPSHOT_DECISIONS", default=SNAPSHOT_DECISIONS, low=1, high=10_000_000
            ),
            snapshot_seconds=reader.integer(
                "FRONTDESK_SNAPSHOT_SECONDS", default=SNAPSHOT_SECONDS, low=1, high=86_400
            ),
            snapshot_megabytes_max=reader.integer(
                "FRONTDESK_SNAPSHOT_MEGABYTES_MAX", default=SNAPSHOT_MEGABYTES_MAX, low=1, high=65_536
            ),
            generation=reader.integer("FRONTDESK_LOG_GENERATION", default=1, low=1, high=1_000),
            watchdog_seconds=reader.number("FRONTDESK_WATCHDOG_SECONDS", default=30, low=0, high=3_600),
            watchdog_rebalance_seconds=reader.number(
                "FRONTDESK_WATCHDOG_REBALANCE_SECONDS", default=60, low=1, high=3_600
            ),
        )
        reader.done()
        return settings


def _pricing(reader: Reader) -> Pricing:
    text = reader.text("FRONTDESK_PRICES", default=Pricing.PROGRAM.value)
    known = {mode.value: mode for mode in Pricing}
    if text not in known:
        reader.fault(f"FRONTDESK_PRICES must be one of {', '.join(known)}")
    return known.get(text, Pricing.PROGRAM)
