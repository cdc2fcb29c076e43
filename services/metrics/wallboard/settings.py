"""Settings of the wallboard; all faults are reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from services.runtime.settings import Reader, Secret

TOKEN_BYTES_MIN = 16
PORT_DEFAULT = 9465


@dataclass(frozen=True)
class WallboardSettings:
    """Where the wallboard listens, who may see it, and how often it moves."""

    enabled: bool = True
    port: int = PORT_DEFAULT
    """0 takes a free one."""
    tokens: tuple[Secret, ...] = ()
    """Any of them opens the board (`Authorization: Bearer`); without one it is open to whoever reaches the port."""
    viewers_max: int = 250
    """Browsers that watch at once."""
    frame_ms: int = 1_000
    """Least time between two frames, in milliseconds."""
    time_zone: tzinfo = UTC
    """Whose midnight begins the day."""
    weeks: int = 4
    """Earlier days of the same weekday that today is compared with, as far as they are kept; 0 compares with none."""

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> WallboardSettings:
        """Reads FRONTDESK_WALLBOARD_...; raises SettingsError. The port follows that of /metrics, 0 by 0."""
        reader = Reader(mapping)
        beside = mapping.get("FRONTDESK_METRICS_PORT", "")
        tokens = reader.secret_list("FRONTDESK_WALLBOARD_TOKENS")
        if any(len(token.encode()) < TOKEN_BYTES_MIN for token in tokens):
            reader.fault(f"FRONTDESK_WALLBOARD_TOKENS must have at least {TOKEN_BYTES_MIN} bytes each")
        if not all(token.isascii() for token in tokens):
            reader.fault("FRONTDESK_WALLBOARD_TOKENS must be ASCII, as all that a header carries")
        settings = cls(
            enabled=reader.flag("FRONTDESK_WALLBOARD", default=True),
            port=reader.integer("FRONTDESK_WALLBOARD_PORT", default=_following(beside), low=0, high=65535),
            tokens=tokens,
            viewers_max=reader.integer("FRONTDESK_WALLBOARD_VIEWERS_MAX", default=250, low=1, high=5_000),
            frame_ms=reader.integer("FRONTDESK_WALLBOARD_FRAME_MS", default=1_000, low=100, high=60_000),
            time_zone=_zone(reader, reader.text("FRONTDESK_WALLBOARD_TIME_ZONE", default="UTC")),
            weeks=reader.integer("FRONTDESK_WALLBOARD_WEEKS", default=4, low=0, high=8),
        )
        reader.done()
        return settings


def _following(port: str) -> int:
    """The port after that of /metrics: several processes on one machine differ in one setting only."""
    if not port.isdecimal() or int(port) > 65_534:
        return PORT_DEFAULT
    return int(port) + 1 if int(port) else 0


def _zone(reader: Reader, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):  # unknown, or not a name at all
        reader.fault(
            f"FRONTDESK_WALLBOARD_TIME_ZONE must be a name like Europe/Ljubljana that this system knows, not {name!r}"
        )
        return ZoneInfo("UTC")
