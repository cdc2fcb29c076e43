"""The shared queue_log as Frontdesk's KPIs: the figures of its expected totals, by folds that know nothing of Asterisk."""

from __future__ import annotations

import pytest

from services.cli.queue_kpis import QueueKpis
from services.intake.asterisk.queue_log import Lines, in_order
from services.metrics.kpis import Kpis
from tests.outside.data import DATA, load, need_data

need_data()
TOTALS = load("phone/asterisk/queue_log.expected.json")


@pytest.fixture(scope="module")
def rows() -> dict[str, Kpis]:
    lines, calls = Lines(), QueueKpis()
    entries = [*lines.feed((DATA / "phone/asterisk/queue_log").read_bytes()), *lines.end()]
    for entry in in_order(entries):
        calls.add(entry)
    return {one.group[0]: one for one in calls.kpis() if one.group}


@pytest.mark.parametrize("queue", TOTALS)
def test_every_figure_of_the_queue_is_the_expected_one(rows: dict[str, Kpis], queue: str) -> None:
    found, wanted = rows[queue], TOTALS[queue]

    assert {
        "offered": found.parts["queued"],  # Asterisk calls every entry an offer
        "answered": found.parts["answered"],
        "abandoned": found.parts["abandoned"],
        "transferred": found.parts["transfers"],
        "wait_sum": found.parts["wait_since_queue_ms"] // 1000,
        "mean_wait_answered_s": round(found.ratios()["average_speed_of_answer_seconds"], 3),
        "service_level_20s_of_answered": round(found.service_levels["answered20_per_answered"], 4),
    } == {name: wanted[name] for name in _COMPARED}


_COMPARED = (
    *("offered", "answered", "abandoned", "transferred", "wait_sum"),
    *("mean_wait_answered_s", "service_level_20s_of_answered"),
)
