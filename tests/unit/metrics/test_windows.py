"""Windows of event time: what GetKpis says of the same quarter hours, whenever one looks and however long nothing came."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract.facts import Channel
from services.metrics.folds import result
from services.metrics.folds.totals import agg, initialize
from services.metrics.ledger import Ledger
from services.metrics.rows import QUARTER_MS
from services.metrics.windows import WINDOWED, WINDOWS, together
from tests.unit.metrics.world import APPLIED, Writer, random_log

HOUR_MS = 3_600_000


@pytest.mark.parametrize("seed", range(8))
def test_windows_kept_up_are_those_summed_up_anew(seed: int) -> None:
    """However often they are asked for, and over pauses longer than any window."""
    rng = random.Random(seed)
    log = _with_pauses(random_log(seed, 2_500, desks=("acme", "bond")), rng)
    kept_up, anew = Ledger(0), Ledger(0)
    for offset, record in enumerate(log):
        kept_up.apply(offset, record)
        if rng.random() < 0.1:
            kept_up.snapshot()
    for offset, record in enumerate(log):
        anew.apply(offset, record)

    assert kept_up.snapshot().windows == anew.snapshot().windows
    assert any(sums for desk in anew.snapshot().windows for _, sums in desk)


def _with_pauses(log: list[d.Decision], rng: random.Random) -> list[d.Decision]:
    late_ms, found = 0, []
    for record in log:
        if rng.random() < 0.002:
            late_ms += rng.choice([HOUR_MS, 30 * HOUR_MS, 8 * 24 * HOUR_MS])
        found.append(replace(record, decided_at_ms=record.decided_at_ms + late_ms))
    return found


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_says_what_getkpis_says_of_its_quarters(window: str) -> None:
    ledger = Ledger(0)
    for offset, record in enumerate(random_log(3, 5_000)):
        ledger.apply(offset, record)

    sums = together(ledger.snapshot().windows)[window]

    newest = ledger.watermark_ms // QUARTER_MS
    totals = initialize()
    for _, row in ledger.window(newest - WINDOWS[window] + 1, None):
        agg(totals, row.items())
    parts = result(totals)
    for kpi, (over, under) in {
        "abandonment": ("abandoned", "offered"),
        "fcr": ("fcr_resolved", "fcr_matured"),
        "escalation": ("escalated", "handled"),
        "satisfaction": ("satisfied", "survey_responses"),
        "repeat_rate": ("repeats", "arrived"),
    }.items():
        told = [both for (_, name), both in sums.items() if name == kpi]
        assert (sum(part for part, _ in told), sum(whole for _, whole in told)) == (
            parts[over],
            parts[under],
        ), kpi


def test_what_happened_leaves_the_window_when_its_quarter_does() -> None:
    writer = Writer().genesis().fact(APPLIED)
    writer.now_ms = writer.now_ms // QUARTER_MS * QUARTER_MS
    arrived = d.ContactOpened(contact_id="c", channel=Channel.PHONE)
    writer.fact(arrived, d.ContactQueued(contact_id="c", channel=Channel.PHONE, queue_id="calls"))
    ledger, told = Ledger(0), []
    for _ in range(5):
        for offset in range(ledger.last_offset + 1, len(writer.records)):
            ledger.apply(offset, writer.records[offset])
        hour = together(ledger.snapshot().windows)["1h"]
        told.append(hour.get(("calls", "repeat_rate"), (0, 0))[1])
        writer.wait(QUARTER_MS).fact(d.ChangeNoted(change="tick"))

    assert told == [1, 1, 1, 1, 0]


def test_a_window_that_is_not_kept_whole_is_not_told() -> None:
    ledger = Ledger(0, keep_quarters=96)
    for offset, record in enumerate(random_log(3, 500)):
        ledger.apply(offset, record)

    assert set(together(ledger.snapshot().windows)) == {"1h"}


def test_each_kpi_of_a_window_is_a_share_of_counters_with_its_queue() -> None:
    for part, whole in WINDOWED.values():
        assert not (part.measure.of_desk or whole.measure.of_desk or part.measure.bounds)
