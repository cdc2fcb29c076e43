"""The table of make monitoring: a difference shows, a share without a whole is absent."""

from __future__ import annotations

import pytest

from frontdesk.v1 import metrics_pb2
from tests.monitoring.kpi_table import ROWS, Count, Told, printed
from tests.unit.metrics.ground_truth import Sample

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
    told = metrics_pb2.KpiRow(service_levels={"answered20_per_offered": 0.75})
    rows = {row.formula: row for row in ROWS if row.formula}

    assert rows["answered20_per_offered"].told(told) == 0.75
    assert rows["answered20_per_not_short"].told(told) is None
