"""The table of make monitoring: a difference shows, a share without a whole is absent."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from frontdesk.v1 import metrics_pb2
from services.metrics.collector import DurableTotals
from services.metrics.kpis import Dimension, kpis
from services.metrics.ledger import Ledger
from services.metrics.query import kpi_row
from services.metrics.store import Board
from services.runtime.observe import serve_metrics
from tests.monitoring.kpi_table import ROWS, Count, Told, printed, table
from tests.prometheus import Prometheus, Tools
from tests.unit.metrics import ground_truth
from tests.unit.metrics.ground_truth import Sample
from tests.unit.metrics.world import random_log

SAMPLES: dict[Sample, float] = {
    ("frontdesk_survey_responses_total", (("queue", "calls"), ("score", "5"))): 3.0,
    ("frontdesk_survey_responses_total", (("queue", "post"), ("score", "4"))): 2.0,
    ("frontdesk_survey_responses_total", (("queue", "post"), ("score", "1"))): 7.0,
}


def test_a_count_chooses_the_same_series_in_the_log_and_in_promql() -> None:
    count = Count("survey_responses_total", {"score": "4|5"})

    assert count.of(SAMPLES) == 5
    assert count.promql() == (
        'sum(max without (pod, instance) (frontdesk_survey_responses_total{score=~"4|5"}))'
    )


@pytest.mark.parametrize(
    ("ours", "truth", "promql", "equal"),
    [
        (12.0, 12.0, 12.0, True),
        (12.0, 12.0, 12.001, False),  # a millisecond
        (12.0, 11.0, 12.0, False),
        (5931.015 / 30, 5931.014999999999 / 30, 5931.015 / 30, True),  # either side of 197.7005
        (0.7, 0.7, 0.7 + 1e-16, True),  # one division, told to 12 digits
        (0.7, 0.7, 0.7001, False),
        (None, None, None, True),
        (0.0, None, None, False),  # absent is not 0
    ],
)
def test_three_answers_are_equal_or_it_says_differs(
    ours: float | None, truth: float | None, promql: float | None, equal: bool
) -> None:
    told = Told("waits", ours, truth, promql)

    assert told.equal is equal
    assert ("DIFFERS" in printed(told)) is not equal


def test_every_row_is_in_getkpis() -> None:
    known = {field.name for field in metrics_pb2.KpiRow.DESCRIPTOR.fields}
    assert {row.name for row in ROWS} <= known


def test_a_service_level_is_read_by_its_formula_and_absent_without_one() -> None:
    told = {"": metrics_pb2.KpiRow(service_levels={"answered20_per_offered": 0.75})}
    rows = {row.key: row for row in ROWS if row.key}

    assert rows["answered20_per_offered"].told(told) == 0.75
    assert rows["answered20_per_not_short"].told(told) is None


def test_a_share_of_a_difference_and_a_variation_are_the_same_in_the_log_and_in_promql() -> None:
    samples: dict[Sample, float] = {
        ("frontdesk_contacts_abandoned_total", (("short", "false"),)): 3.0,
        ("frontdesk_contacts_abandoned_total", (("short", "true"),)): 2.0,
        ("frontdesk_contacts_offered_total", ()): 12.0,
        ("frontdesk_contact_wait_seconds_sum", (("outcome", "answered"),)): 40.0,  # 10 s and 30 s
        ("frontdesk_contact_wait_seconds_count", (("outcome", "answered"),)): 2.0,
        ("frontdesk_contact_wait_square_seconds_total", ()): 1_000.0,
    }
    rows = {row.name: row for row in ROWS}

    assert rows["abandonment_not_short"].true(samples) == 0.3
    assert rows["wait_variation"].true(samples) == 0.5  # 10 s either side of 20 s
    assert rows["wait_variation"].true({}) is None
    assert rows["wait_variation"].promql().startswith("sqrt(clamp_min(")


def test_every_row_is_told_alike_by_getkpis_the_log_and_a_real_prometheus(
    tmp_path: Path, prometheus_tools: Tools
) -> None:
    log, board, ledger = random_log(7, 2_000), Board(4), Ledger(2)
    for offset, record in enumerate(log):
        ledger.apply(offset, record)
    board.own(ledger, target=0)
    board.publish()
    registry = CollectorRegistry()
    registry.register(DurableTotals(lambda: board.snapshot))
    rows = board.window().rows
    ours = {"": kpi_row(kpis(rows, ())[0])}
    ours |= {one.group[0]: kpi_row(one) for one in kpis(rows, (Dimension.CHANNEL,))}
    endpoint = serve_metrics(registry, host="127.0.0.1", port=0)
    try:
        job = {"metrics": [f"127.0.0.1:{endpoint.port}"]}
        with Prometheus.running(tmp_path, job, tools=prometheus_tools) as prometheus:
            prometheus.until_scraped()
            told = list(table(ours, ground_truth.samples(log, 2), prometheus))
    finally:
        endpoint.close()

    of_the_world = {row.words for row in ROWS if row.name == "topics"}
    assert [one for one in told if not one.equal and one.words not in of_the_world] == []
    assert sum(one.ours is not None for one in told) > 55
