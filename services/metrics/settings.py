"""Settings of metrics; all faults are reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.metrics.ledger import KEEP_QUARTERS_MAX
from services.runtime.settings import Reader

_QUARTERS_A_DAY = 96


@dataclass(frozen=True)
class MetricsSettings:
    """What a metrics process needs to know; the defaults suit it."""

    keep_days: int = 36
    """Days whose quarter hours GetKpis can tell apart; older ones are summed up into one row per desk."""
    publish_ms: int = 250
    """Least time between two snapshots for /metrics, in milliseconds."""
    app_id: str = "frontdesk-metrics"
    """Faust's app id (Kafka only): consumer group and prefix of the changelog topic."""
    flush_records: int = 500
    """Records of a partition folded between two writes of its changed rows (Kafka only)."""
    flush_ms: int = 10_000
    """Most time between two writes while records come, in milliseconds (Kafka only)."""
    session_timeout_ms: int = 10_000
    """A dead replica's partitions stand still that long (Kafka only)."""
    group_instance_id: str = ""
    """A name that this replica keeps over a restart; its partitions then wait for it (Kafka only)."""
    stall_ms: int = 60_000
    """Records wait and none is folded, or no partition is assigned, for that long: the process ends (Kafka only)."""

    @property
    def keep_quarters(self) -> int:
        return self.keep_days * _QUARTERS_A_DAY

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> MetricsSettings:
        """Reads FRONTDESK_METRICS_ and the field's name in capitals; raises SettingsError."""
        reader = Reader(mapping)
        name = "FRONTDESK_METRICS_{}".format
        settings = cls(
            keep_days=reader.integer(
                name("KEEP_DAYS"), default=36, low=1, high=KEEP_QUARTERS_MAX // _QUARTERS_A_DAY
            ),
            publish_ms=reader.integer(name("PUBLISH_MS"), default=250, low=10, high=60_000),
            app_id=reader.text(name("APP_ID"), default="frontdesk-metrics"),
            flush_records=reader.integer(name("FLUSH_RECORDS"), default=500, low=1, high=100_000),
            flush_ms=reader.integer(name("FLUSH_MS"), default=10_000, low=1, high=60_000),
            session_timeout_ms=reader.integer(
                name("SESSION_TIMEOUT_MS"), default=10_000, low=6_000, high=300_000
            ),
            group_instance_id=reader.text(name("GROUP_INSTANCE_ID"), default=""),
            stall_ms=reader.integer(name("STALL_MS"), default=60_000, low=1_000, high=3_600_000),
        )
        reader.done()
        return settings
