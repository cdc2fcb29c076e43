"""Remembers what may come once only, where a provider's signature does not cover the body (Mailgun's tokens).

    new              goes in; once its facts are durable it is taken, and never goes in again
    taken            a replay: refused, whatever body it carries
    turned away      we could not store it: it goes in again, judged by the instant that it first came, for a
                     provider that repeats with the first timestamp would else be refused for being late
    under way        the same nonce twice at once: the second is told to come back
    not genuine      leaves nothing behind, so strangers cannot fill the memory

The memory is one process's, and bounded in number and time. What is beyond it the narrow window of the provider's
timestamp still refuses, and the facts' ids make an unchanged repeat harmless.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

NONCES_MAX = 100_000
"""Remembered at once; the oldest go first."""
KEEP_MS = 25 * 3_600_000
"""Longer than a timestamp may count: twice the longest window that may be set (mailgun.WINDOW_SECONDS_HIGH), for it
may be ahead of our clock by as much as behind."""
NEW, UNDER_WAY, TURNED_AWAY, TAKEN = "new", "under_way", "turned_away", "taken"


@dataclass
class Passage:
    """One delivery at the guard: in which state its nonce was found, when it first came, and what became of it.

    Whoever reads the delivery sets `became` to TAKEN or TURNED_AWAY once it is known to be genuine.
    """

    found: str
    first_at_ms: int
    became: str = ""


@dataclass
class ReplayGuard:
    """Nonces by source, oldest first."""

    nonces_max: int = NONCES_MAX
    keep_ms: int = KEEP_MS
    _seen: OrderedDict[tuple[str, str], tuple[str, int]] = field(default_factory=OrderedDict)

    @contextmanager
    def passing(self, source: str, nonce: str, now_ms: int) -> Iterator[Passage]:
        """Guards one delivery; a nonce "" is none and always new."""
        self._forget(now_ms)
        key = (source, nonce)
        state, first_at_ms = self._seen.get(key, (NEW, now_ms)) if nonce else (NEW, now_ms)
        passage = Passage(state, first_at_ms)
        if not nonce or state in (TAKEN, UNDER_WAY):
            yield passage
            return
        self._seen[key] = (UNDER_WAY, first_at_ms)
        try:
            yield passage
        finally:
            after = passage.became or (TURNED_AWAY if state == TURNED_AWAY else "")
            if after:
                self._seen[key] = (after, first_at_ms)
            else:
                self._seen.pop(key, None)

    def _forget(self, now_ms: int) -> None:
        while self._seen:
            oldest = next(iter(self._seen.values()))
            if len(self._seen) <= self.nonces_max and now_ms - oldest[1] < self.keep_ms:
                break
            self._seen.popitem(last=False)
