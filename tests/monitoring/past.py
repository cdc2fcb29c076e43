"""Thirty days of a past for a run of minutes, put into Prometheus by back-filling: what is judged by baselines needs one.

Only series that baselines read, as the recording rules would have left them, in a partition of its own; the newest sample is
older than the last day, so that nothing of it is in what the run counts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.monitoring.builder.promql import durable
from deploy.monitoring.builder.recording import BASELINES
from tests.prometheus import Tools

DAY_SECONDS = 86_400
DAYS = 30
A_DAY = {"part": 40, "whole": 200}
"""Growth of each a day."""
FLAGS = ("--storage.tsdb.retention.time=40d",)
"""What the server needs to keep it; the default is 15 days."""
SECONDS_MAX = 120


def backfill(folder: Path, queues: Sequence[str], now: float, tools: Tools) -> None:
    """Writes blocks into the data folder of a Prometheus that does not run yet; raises CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "past.om"
    text.write_text("\n".join([*_lines(queues, now), "# EOF", ""]), encoding="utf-8")
    subprocess.run(
        [tools.promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")],
        check=True,
        capture_output=True,
        timeout=SECONDS_MAX,
    )


def _lines(queues: Sequence[str], now: float) -> Iterator[str]:
    """OpenMetrics wants all samples of a series together, oldest first."""
    written: set[str] = set()
    for baseline in BASELINES:
        for kind, name, where in (
            ("part", baseline.part, baseline.part_where),
            ("whole", baseline.whole, baseline.whole_where),
        ):
            for queue in queues:
                labels = f'queue="{queue}",channel="phone",partition="99"'
                more = where.replace("=~", "=").replace("4|5", "5") or _the_rest(baseline.part == name)
                series = f"{durable('frontdesk_' + name)}{{{labels}{',' + more if more else ''}}}"
                if series in written:
                    continue
                written.add(series)
                for day in range(DAYS):
                    at = int(now) - (DAYS - day) * DAY_SECONDS - 3_600
                    yield f"{series} {day * A_DAY[kind]} {at}"


def _the_rest(same: bool) -> str:
    """Where the part is a part of the very same series, the whole has more than the part."""
    return 'rest="true"' if same else ""
