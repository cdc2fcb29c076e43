"""How long to wait after failures, so that a provider that is down is neither hammered nor forgotten. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Random = Callable[[], float]
"""From 0 to below 1; from outside, for tests."""


@dataclass
class Backoff:
    """Doubles from `first_ms` to `longest_ms`, each wait drawn from its upper half, so that processes part."""

    random: Random
    first_ms: int
    longest_ms: int
    failures: int = 0

    def failed(self, at_least_ms: int = 0) -> int:
        """Milliseconds to wait now, one failure more; never less than the provider asked for."""
        longest = min(self.longest_ms, self.first_ms << min(self.failures, 30))
        self.failures += 1
        return max(at_least_ms, int(longest * (0.5 + self.random() / 2)))

    def succeeded(self) -> None:
        self.failures = 0
