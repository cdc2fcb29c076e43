"""The log's past as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from openmetrics` (operations.md 2.2).

    promtool tsdb create-blocks-from openmetrics past.txt /var/lib/prometheus

Every total of /metrics, as it stood at each step of event time. Prometheus stamps what it scrapes with the scrape; the
past of a desk that got its Prometheus today is in the log. A family's samples must stand together, so each is spooled
to a file of its own; memory holds one moment.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from prometheus_client.metrics_core import Metric

from services.contract.codec import decode_decision
from services.contract.topics import DECISIONS
from services.metrics.collector import totals
from services.metrics.ledger import Ledger
from services.runtime.log import Log, Record, Tail

EVERY_SECONDS = 300
"""Prometheus looks five minutes back for a sample, so a longer step leaves holes."""
BATCH_RECORDS = 500


class Spool:
    """Samples by family, on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        self._heads: dict[str, Metric] = {}
        self.samples = 0

    def add(self, families: Iterable[Metric], at_ms: int) -> None:
        """All samples of the families, as they stood at `at_ms`."""
        stamp = f"{at_ms / 1000:.3f}"
        for family in families:
            file = self._files.get(family.name)
            if file is None:
                file = self._files[family.name] = (self._folder / family.name).open("w+", encoding="utf-8")
                self._heads[family.name] = family
            for sample in family.samples:
                labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
                file.write(f"{sample.name}{{{labels}}} {sample.value!r} {stamp}\n")
                self.samples += 1

    def write(self, out: IO[str]) -> None:
        """The whole text, closed by its end mark."""
        for name, file in self._files.items():
            head = self._heads[name]
            out.write(f"# HELP {name} {_escaped(head.documentation)}\n# TYPE {name} {head.type}\n")
            file.seek(0)
            for line in file:
                out.write(line)
            file.close()
        out.write("# EOF\n")


async def backfill(log: Log, out: IO[str], *, every_seconds: int = EVERY_SECONDS) -> int:
    """Writes the past of every partition; answers the number of samples. Raises LogError, Undecodable, UnknownCause."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-backfill-") as folder:
        spool = Spool(Path(folder))
        for partition in range(await log.partitions(DECISIONS)):
            await _partition(log, partition, spool, every_seconds * 1000)
        spool.write(out)
    return spool.samples


async def _partition(log: Log, partition: int, spool: Spool, every_ms: int) -> None:
    """One partition's totals at each step from its first desk to its newest record."""
    end = await log.end_offset(DECISIONS, partition)
    if not end:
        return
    ledger = Ledger(partition)
    tail = await log.tail(DECISIONS, {partition: 0})
    next_ms = 0
    try:
        while ledger.last_offset + 1 < end:
            for record in await _read(tail):
                decision = decode_decision(record.value)
                at_ms = max(decision.decided_at_ms, ledger.watermark_ms)
                if ledger.desks and not next_ms:
                    next_ms = at_ms - at_ms % every_ms
                for step_ms in _steps(next_ms, at_ms, every_ms):
                    spool.add(totals([ledger.snapshot()]), step_ms)
                    next_ms = step_ms + every_ms
                ledger.apply(record.offset, decision)
    finally:
        await tail.close()
    if ledger.desks:
        spool.add(totals([ledger.snapshot()]), next_ms or ledger.watermark_ms)


def _steps(next_ms: int, at_ms: int, every_ms: int) -> Iterator[int]:
    """Steps that are over once something happens at `at_ms`."""
    while 0 < next_ms <= at_ms:
        yield next_ms
        next_ms += every_ms


async def _read(tail: Tail) -> list[Record]:
    return await tail.read(records_max=BATCH_RECORDS)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
