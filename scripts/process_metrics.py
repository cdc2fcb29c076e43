"""What each process counts of itself: the table of docs/metrics.md, from the measures that intake, router and gRPC register.

python -m scripts.process_metrics            fails when it is stale
python -m scripts.process_metrics --write    writes it anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from services.intake.heartbeat import HeartMeasures
from services.intake.measures import Measures
from services.router import measures as router
from services.runtime.rpc_calls import RpcMeasures

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
BEGIN, END = "<!-- processes: written by make dashboards -->\n", "<!-- processes end -->"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write it anew")
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    wanted = f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"
    if parser.parse_args().write:
        PAGE.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        sys.stderr.write(f"{PAGE.name}: the table of processes is stale: make dashboards\n")
        return 1
    return 0


@dataclass(frozen=True, order=True)
class Family:
    """What /metrics says of a name."""

    name: str
    kind: str
    labels: tuple[str, ...]
    said: str


def table() -> str:
    """A row for each family, by name; the process's own and Python's apart, which Prometheus' client library explains."""
    rows = ["| name | kind | labels | what it tells |", "| --- | --- | --- | --- |"]
    for one in sorted(families()):
        total = "_total" if one.kind == "counter" else ""
        labels = ", ".join(one.labels) or "-"
        rows.append(f"| `{one.name}{total}` | {one.kind} | {labels} | {one.said} |")
    return "\n".join(rows) + "\n"


def registered() -> CollectorRegistry:
    """What intake, router and gRPC register, each of them once."""
    registry = CollectorRegistry()
    Measures(registry)
    HeartMeasures(registry)
    for name in dir(router):
        if name.endswith("Measures"):
            getattr(router, name)(registry)
    RpcMeasures(registry)
    return registry


def families() -> Iterator[Family]:
    registry = registered()
    for collector in list(registry._collector_to_names):
        for family in collector.collect():
            if isinstance(collector, MetricWrapperBase):
                labels = tuple(collector._labelnames)
            else:  # one of our own, which has no children by label
                labels = tuple(sorted({label for one in family.samples for label in one.labels} - {"le"}))
            yield Family(family.name, family.type, labels, family.documentation)


if __name__ == "__main__":
    sys.exit(main())
