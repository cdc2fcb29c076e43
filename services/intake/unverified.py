"""What deliveries may cause that nobody has verified yet: anyone can send a body that is too long to verify, or name
certificates that nobody ever needed."""

from __future__ import annotations

from dataclasses import dataclass, field

UNVERIFIED_LETTERS_PER_MINUTE = 10
"""Letters per source and minute of the clock; what comes beyond is only counted."""
UNVERIFIED_FETCHES_PER_MINUTE = 30
"""Addresses per fetcher and minute that were never fetched before; for certificates and keys, which come first."""
MINUTE_MS = 60_000


@dataclass
class PerMinute:
    """What happened in the current minute, by source; sources are ours (providers), never a sender's word."""

    per_minute_max: int
    _minute: int = -1
    _happened: dict[str, int] = field(default_factory=dict)

    def allow(self, source: str, now_ms: int) -> bool:
        """Whether it may happen once more now; it is taken to happen."""
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            self._happened.clear()
        happened = self._happened.get(source, 0)
        if happened >= self.per_minute_max:
            return False
        self._happened[source] = happened + 1
        return True


@dataclass
class UnverifiedLetters(PerMinute):
    """Dead letters of what nobody has verified."""

    per_minute_max: int = UNVERIFIED_LETTERS_PER_MINUTE


@dataclass
class UnverifiedFetches(PerMinute):
    """Fetches for what nobody has verified."""

    per_minute_max: int = UNVERIFIED_FETCHES_PER_MINUTE
