"""How many dead letters what nobody has verified may write: anyone can send a body that is too long to verify."""

from __future__ import annotations

from dataclasses import dataclass, field

UNVERIFIED_LETTERS_PER_MINUTE = 10
"""Letters per source and minute of the clock; what comes beyond is only counted."""
MINUTE_MS = 60_000


@dataclass
class UnverifiedLetters:
    """Letters of the current minute by source; sources are ours (providers), never a sender's word."""

    per_minute_max: int = UNVERIFIED_LETTERS_PER_MINUTE
    _minute: int = -1
    _written: dict[str, int] = field(default_factory=dict)

    def allow(self, source: str, now_ms: int) -> bool:
        """Whether one more may be written now; it is taken as written."""
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            self._written.clear()
        written = self._written.get(source, 0)
        if written >= self.per_minute_max:
            return False
        self._written[source] = written + 1
        return True
