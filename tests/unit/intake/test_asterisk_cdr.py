"""Asterisk's call detail records."""

from __future__ import annotations

import time

import pytest

from services.intake.asterisk.cdr import LINE_CHARS_MAX, CdrReader, besides, calls_of, clid, event, record_of
from services.intake.canonical import Known


def row(uniqueid: str = "1775210400.17", **changed: str) -> str:
    values = {
        "accountcode": "",
        "src": "+4915112345678",
        "dst": "support",
        "dcontext": "from-trunk",
        "clid": '""Hans"" <+4915112345678>',
        "channel": "PJSIP/trunk-0017",
        "dstchannel": "PJSIP/201-0018",
        "lastapp": "Queue",
        "lastdata": "support,t",
        "start": "2026-10-25 02:30:00",
        "answer": "2026-10-25 02:30:31",
        "end": "2026-10-25 02:33:20",
    }
    values |= changed
    cells = [f'"{values[name]}"' for name in list(values)[:12]]
    numbers = [changed.get("duration", "200"), changed.get("billsec", "169")]
    last = [f'"{changed.get("disposition", "ANSWERED")}"', '"DOCUMENTATION"', f'"{uniqueid}"', '""']
    return ",".join([*cells, *numbers, *last])


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ('"Hans ""H"" Müller" <+4915112345678>', 'Hans "H" Müller', "+4915112345678"),
        ('"Hans \\"H\\" Müller" <12>', 'Hans "H" Müller', "12"),
        ("Hans Müller <12>", "Hans Müller", "12"),
        ('"" <12>', "", "12"),
        ("<12>", "", "12"),
        ("12", "", "12"),
        ("Hans", "Hans", ""),
        ('"a < b" <7>', "a < b", "7"),
        ("", "", ""),
    ],
)
def test_a_caller_id_is_a_name_and_a_number(text: str, name: str, number: str) -> None:
    assert clid(text) == (name, number)


def test_the_epoch_in_the_uniqueid_is_the_beginning_whatever_the_local_hour() -> None:
    first, second = record_of(row("1792888200.1")), record_of(row("pbx1-1792891800.2"))
    assert first is not None and second is not None
    assert first.start_local == second.start_local  # the hour that comes twice
    assert second.began_at_ms - first.began_at_ms == 3_600_000
    assert first.wait_seconds == 31


def test_the_legs_of_a_call_are_one_call() -> None:
    lines = [row(disposition="NO ANSWER", billsec="0", duration="20"), row(), row("1775210401.9")]
    calls = calls_of(CdrReader().read(lines))
    assert {uniqueid: one.billed_seconds for uniqueid, one in calls.items()} == {
        "1775210400.17": 169,
        "1775210401.9": 169,
    }


def test_a_call_that_a_queue_told_of_counts_there() -> None:
    calls = calls_of(CdrReader().read([row(), row("1775210401.9")]))
    assert [one.uniqueid for one in besides(calls, {"1775210400.17"})] == ["1775210401.9"]


def test_a_call_has_its_end_and_its_agent() -> None:
    record = record_of(row())
    assert record is not None
    found = event(record, Known())
    assert (found.kind, found.direction, found.occurred_at_ms) == ("call_ended", "inbound", 1_775_210_600_000)
    assert found.extras == {"status": "completed", "duration_s": 169, "wait_s": 31, "agent": "PJSIP/201"}


def test_an_extension_that_dials_a_number_is_ours() -> None:
    record = record_of(row(src="201", dst="+4915112345678", disposition="NO ANSWER", billsec="0"))
    assert record is not None
    found = event(record, Known())
    assert (found.direction, found.extras["status"]) == ("outbound", "no-answer")
    assert found.customer is not None and found.customer.value == "+4915112345678"


@pytest.mark.parametrize(
    "line",
    [
        "x",
        '"',
        ",,,",
        row(disposition="MAYBE"),
        row(duration="-1"),
        row(""),
        "a" * (LINE_CHARS_MAX + 1),
        row()[:60],
    ],
)
def test_a_malformed_line_is_counted(line: str) -> None:
    reader = CdrReader()
    assert list(reader.read([line])) == []
    assert reader.malformed == 1


def test_hostile_lines_take_linear_time() -> None:
    began = time.thread_time()
    for text in ('"' * 16_000, " " * 16_000 + "<", "<" * 16_000 + ">", "-" * 16_000):
        clid(text)
        record_of(row(text))
        record_of(row(clid=text))
    assert time.thread_time() - began < 2.0
