"""One line on the terminal that says how far a long run is; silent where nobody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

REDRAW_SECONDS = 0.2


class Progress:
    """`with Progress("A", total=20) as progress: progress.step()`."""

    def __init__(self, label: str, total: int, out: TextIO | None = None) -> None:
        self.label, self.total, self.done = label, total, 0
        self._out = sys.stderr if out is None else out
        self._shown = self._out.isatty()
        self._started, self._drawn = time.monotonic(), 0.0

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def step(self, count: int = 1) -> None:
        self.done += count
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if not self._shown or (now - self._drawn < REDRAW_SECONDS and self.done < self.total):
            return
        self._drawn = now
        spent = now - self._started
        left = f", {spent / self.done * (self.total - self.done):.0f} s left" if self.done else ""
        self._out.write(f"\r\x1b[K{self.label}: {self.done} of {self.total}, {spent:.0f} s{left}")
        self._out.flush()
