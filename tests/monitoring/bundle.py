"""What deploy/monitoring holds, read for its tests: rules, dashboards, selectors, and what the services export."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from scripts.process_metrics import registered
from services.metrics.catalogue import GAUGES, MEASURES, PIPELINE
from services.metrics.measure import Kind
from services.runtime.kafka_counts import KafkaCollector, KafkaCounts, Reader

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "deploy" / "monitoring"
RULES = sorted((PLACE / "rules").glob("*.yml"))
RECORDED = sorted((PLACE / "rules" / "recorded").glob("*.yml"))
RULE_TESTS = sorted((PLACE / "tests").glob("*.yml"))
DASHBOARDS = sorted((PLACE / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "runbooks"

Json = dict[str, Any]
_HISTOGRAM = ("_bucket", "_sum", "_count")
_SCRAPED = {"job", "instance"}
"""Labels that Prometheus itself adds."""


@dataclass(frozen=True)
class Selector:
    """A metric's name in an expression, and the labels that it is chosen or grouped by there."""

    name: str
    labels: frozenset[str]


@cache
def rules() -> list[Json]:
    return [rule for path in (*RECORDED, *RULES) for rule in _groups(path)]


def alerts() -> list[Json]:
    return [rule for rule in rules() if "alert" in rule]


def _groups(path: Path) -> Iterator[Json]:
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


@cache
def board(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> list[Json]:
    """Panels that draw something."""
    return [panel for panel in board(path)["panels"] if panel["type"] != "row"]


def filled(expression: str, *, window: str = "5m") -> str:
    """An expression as Grafana sends it: every variable chosen whole."""
    for variable in ("$__rate_interval", "$__range"):
        expression = expression.replace(variable, window)
    return re.sub(r"\$(queue|channel|job|instance)\b", ".*", expression)


def selectors(expression: str) -> Iterator[Selector]:
    """Every selector of an expression; raises ValueError when it cannot be parsed."""
    for node in _walk(promql_parser.parse(filled(expression))):
        if isinstance(node, promql_parser.VectorSelector):
            yield Selector(node.name or "", frozenset(m.name for m in node.matchers.matchers))


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "args", "vector_selector", "param"):
        below = getattr(node, name, None)
        for one in below if isinstance(below, list | tuple) else [below]:
            if one is not None and hasattr(one, "prettify"):
                yield from _walk(one)


@cache
def exported() -> dict[str, frozenset[str]]:
    """Every series that the services export, with its own labels; those of the process itself apart."""
    found = {name: frozenset(labels) for name, labels in _of_processes()}
    for measure in MEASURES:
        place = {"desk"} if measure.of_desk else {"channel", "queue"}
        labels = frozenset({*place, *(label.name for label in measure.labels), "partition"})
        for name in _names(measure.name, measure.kind is Kind.HISTOGRAM):
            found[name] = labels | {"le"} if name.endswith("_bucket") else labels
    for name, (gauge_labels, _) in GAUGES.items():
        found[name] = frozenset({*gauge_labels, "partition"})
    for name in PIPELINE:
        found[name] = _PIPELINE_LABELS.get(name, frozenset())
    return found


_PIPELINE_LABELS = {
    "frontdesk_metrics_watermark_timestamp_seconds": frozenset({"partition"}),
    "frontdesk_metrics_heartbeat_timestamp_seconds": frozenset({"partition"}),
    "frontdesk_stage_delay_seconds": frozenset({"stage", "partition"}),
    "frontdesk_decisions_folded_total": frozenset({"partition", "verdict"}),
    "frontdesk_events_unknown_total": frozenset({"partition"}),
    "frontdesk_queue_info": frozenset({"queue", "desk", "partition"}),
    "frontdesk_build_info": frozenset({"version", "service"}),
}


def _of_processes() -> Iterator[tuple[str, tuple[str, ...]]]:
    registry = registered()
    counts = KafkaCounts()
    Reader(counts, "facts").begin()
    counts.buffers["frontdesk"] = (lambda: 0), 1
    registry.register(KafkaCollector(counts))
    for collector in list(registry._collector_to_names):
        if not isinstance(collector, MetricWrapperBase):  # one of our own, which has no children by label
            yield from _told(collector)
            continue
        histogram = collector._type == "histogram"
        kind = "" if collector._type == "gauge" else "_total"
        for name in _names(collector._name, histogram, suffix=kind):
            yield name, (*collector._labelnames, *(("le",) if name.endswith("_bucket") else ()))
    yield "frontdesk_build_info", ("version", "service")
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"):
        yield f"process_{name}", ()


def _told(collector: Collector) -> Iterator[tuple[str, tuple[str, ...]]]:
    for family in collector.collect():
        for sample in family.samples:
            yield sample.name, tuple(sample.labels)


def _names(family: str, histogram: bool, *, suffix: str = "_total") -> tuple[str, ...]:
    return tuple(family + part for part in _HISTOGRAM) if histogram else (family + suffix,)


@cache
def recorded() -> frozenset[str]:
    """Names that recording rules give."""
    return frozenset(rule["record"] for rule in rules() if "record" in rule)


def known(selector: Selector) -> str:
    """Empty when what is selected exists with those labels, else what is wrong."""
    name = base_name(selector.name)
    if name in ("up", "ALERTS"):
        return ""
    if selector.name in recorded() and not selector.name.startswith("partition:"):
        return ""
    if selector.name.startswith("partition:") and selector.name not in recorded():
        return f"{selector.name} is not recorded"
    if name not in exported():
        return f"{selector.name} is exported by nobody"
    strange = selector.labels - exported()[name] - _SCRAPED
    return f"{selector.name} has no label {', '.join(sorted(strange))}" if strange else ""


def base_name(name: str) -> str:
    """The exported series behind a recorded total: partition:frontdesk_x:max is frontdesk_x_total."""
    if not name.startswith("partition:"):
        return name
    family = name.removeprefix("partition:").removesuffix(":max")
    return family if family.endswith(_HISTOGRAM) else f"{family}_total"


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the boards, with where it stands."""
    for path in DASHBOARDS:
        for panel in panels(path):
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']} {target['refId']}", target["expr"]
        for annotation in board(path)["annotations"]["list"]:
            yield f"{path.stem}: {annotation['name']}", annotation["expr"]
