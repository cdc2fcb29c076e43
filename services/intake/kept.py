"""Answers that may serve again: certificates and keys, bounded in number and bytes. Time is given."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

ANSWERS_MAX = 256
BYTES_MAX = 16 * 1024 * 1024

Key = tuple[str, str]
"""Fetcher and address."""


@dataclass
class KeptAnswers:
    """The least used go first. An answer past its time is stale: it serves once more while a new one cannot be had,
    and never beyond twice its time."""

    answers_max: int = ANSWERS_MAX
    bytes_max: int = BYTES_MAX
    _answers: OrderedDict[Key, tuple[bytes, int, int]] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def fresh(self, key: Key, now_ms: int) -> bytes | None:
        """The answer within its time."""
        kept = self._answers.get(key)
        if kept is None or now_ms >= kept[1]:
            return None
        self._answers.move_to_end(key)
        return kept[0]

    def stale(self, key: Key, now_ms: int) -> bytes | None:
        """The answer within twice its time, for when there is no newer one."""
        kept = self._answers.get(key)
        return kept[0] if kept is not None and now_ms < kept[2] else None

    def knows(self, key: Key) -> bool:
        """Whether this was ever answered, as far as we remember."""
        return key in self._answers

    def keep(self, key: Key, body: bytes, now_ms: int, seconds: int) -> None:
        """Keeps an answer for that long."""
        self.forget(key)
        self._answers[key] = (body, now_ms + seconds * 1000, now_ms + 2 * seconds * 1000)
        self._bytes += len(body)
        while self._answers and (len(self._answers) > self.answers_max or self._bytes > self.bytes_max):
            self.forget(next(iter(self._answers)))

    def forget(self, key: Key) -> None:
        self._bytes -= len(self._answers.pop(key, (b"", 0, 0))[0])
