"""Asterisk's queue_log, read as it grows: through rotation by renaming, by copying and cutting, and restarts.

There is no cursor to keep: after a start the file's newest part is read again, and the facts' ids make that
harmless. What is older than a day is read for what it says about calls that are still open, and not published.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog

from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.asterisk.queue_log import Entry, Lines, Ordered
from services.intake.canonical import Collector, Problem
from services.intake.doors.insisting import Insisting, Pause
from services.runtime.clock import Clock

CHUNK_BYTES = 256 * 1024
LOOK_SECONDS = 0.5
"""Between two looks at a file that does not grow."""
BACK_BYTES_MAX = 8 * 1024 * 1024
"""How much of a file is read again after a start."""
AGE_SECONDS_MAX = 24 * 3600
"""Events that are older are not published; the router remembers facts for longer."""
AHEAD_SECONDS_MAX = 3600
"""A line of a later time is no line of ours: it would end every open call."""
SETTLED_SECONDS = 2
"""A second is over when it is so long ago and nothing more came."""

log = structlog.get_logger()


@dataclass
class QueueLogDoor:
    """One queue_log."""

    path: Path
    calls: QueueCalls
    insisting: Insisting
    clock: Clock
    pause: Pause = asyncio.sleep
    lines: Lines = field(default_factory=Lines)
    _file: BinaryIO | None = None
    _ordered: Ordered = field(default_factory=Ordered)
    _absent: bool = False
    _begun: bool = False

    async def run(self) -> None:
        """Reads for ever."""
        try:
            while True:
                await self.look()
                await self.pause(LOOK_SECONDS)
        finally:
            self.close()

    async def look(self) -> None:
        """Reads what is new, durable on return; then what the time by itself says."""
        while (data := await asyncio.to_thread(self._more)) is not None:
            malformed = self.lines.malformed
            await self._take(list(self.lines.feed(data)))
            if self.lines.malformed > malformed:
                log.warning("queue_log_malformed", lines=self.lines.malformed - malformed)
        now_seconds = self.clock.now_ms() // 1000
        newest = self._ordered.at_seconds
        if newest is not None and newest + SETTLED_SECONDS <= now_seconds:
            await self._settle(self._ordered.flush(), now_seconds)
        elif newest is None:
            await self._settle([], now_seconds)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _more(self) -> bytes | None:
        """The next bytes, of the next file after a rotation; None when there are none now."""
        if self._file is None and not self._open():
            return None
        while self._file is not None:
            data = self._file.read(CHUNK_BYTES)
            if data:
                return data
            if not self._moved_on(self._file):
                return None
        return None

    def _open(self) -> bool:
        try:
            file = self.path.open("rb", buffering=0)
        except OSError as error:
            if not self._absent:
                log.warning("queue_log_absent", error=type(error).__name__)
            self._absent = True
            return False
        if not self._begun:
            size = os.fstat(file.fileno()).st_size
            if size > BACK_BYTES_MAX:
                file.seek(size - BACK_BYTES_MAX)
                file.read(1)
                while (piece := file.read(1)) not in (b"", b"\n"):
                    del piece
        self._file, self._absent, self._begun = file, False, True
        return True

    def _moved_on(self, file: BinaryIO) -> bool:
        """At the file's end: whether there is more, in this file after it was cut, or in the one that came after."""
        ours = os.fstat(file.fileno())
        if ours.st_size < file.tell():
            self.lines.forget_rest()
            file.seek(0)
            return True
        try:
            there = self.path.stat()
        except OSError:
            return False  # renamed, and the new one is not there yet
        if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
            return False
        if os.fstat(file.fileno()).st_size > file.tell():
            return True  # a last line before the new file
        self.lines.forget_rest()
        file.close()
        self._file = None
        return self._open()

    async def _take(self, entries: list[Entry]) -> None:
        found = Collector()
        latest = self.clock.now_ms() // 1000 + AHEAD_SECONDS_MAX
        for entry in entries:
            if entry.at_seconds > latest:
                self.lines.malformed += 1
                continue
            for ready in self._ordered.push(entry):
                self._read(ready, found)
        await self._publish(found)

    async def _settle(self, entries: list[Entry], now_seconds: int) -> None:
        found = Collector()
        for entry in entries:
            self._read(entry, found)
        self.calls.until(now_seconds, found)
        await self._publish(found)

    def _read(self, entry: Entry, found: Collector) -> None:
        try:
            self.calls.read(entry, found)
        except Exception as error:  # a fault of ours: keep the evidence, go on
            detail = f"asterisk's reader failed with {type(error).__name__}"
            found.problems.append(Problem("reader_failed", detail, repr(entry).encode()))

    async def _publish(self, found: Collector) -> None:
        found.leave_out_before(self.clock.now_ms() - AGE_SECONDS_MAX * 1000)
        await self.insisting.publish(found)
