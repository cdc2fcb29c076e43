"""queue_log: lines, their order within a second, the states of calls, the queues' totals."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.intake.asterisk.queue_calls import OPEN_SECONDS_MAX, REENTRY_SECONDS, QueueCalls
from services.intake.asterisk.queue_log import LINE_BYTES_MAX, Entry, Lines, in_order, read_line
from services.intake.asterisk.queue_metrics import queue_metrics
from services.intake.canonical import CanonicalEvent, Collector, Known
from services.intake.values import Unreadable
from tests.unit.intake.test_asterisk_ami import facts, joined, packet, read

T = 1_775_203_200
KNOWN = Known(regions={"support": "RS"})


def entry(at: int, event: str, *data: object, call: str = "1.1", queue: str = "support") -> Entry:
    return Entry(T + at, call, queue, "PJSIP/201", event, tuple(str(one) for one in data))


def events(*entries: Entry, calls: QueueCalls | None = None, end: bool = True) -> list[CanonicalEvent]:
    calls, found = calls or QueueCalls(KNOWN), Collector()
    for one in entries:
        calls.read(one, found)
    if end:
        calls.end(found)
    return found.events


def told(*entries: Entry, **given: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind, dict(event.extras)) for event in events(*entries, **given)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"|||||",
        b"garbage",
        b"1775203290|1.1|support|NONE|ABAND",
        b"1775203290|1.1|support|NONE|ABANDON|1|4",
        b"1775203290|1.1|support|NONE|CONNECT|soon|2|3",
        b"17752|1.1|support|NONE|ENTERQUEUE||1|1",
        b"-1775203290|1.1|support|NONE|ENTERQUEUE||1|1",
        b"\xff\xfe|\x00|a|b|ENTERQUEUE",
        b"1775203290|1.1|support|NONE|enterqueue||1|1",
        b"9" * (LINE_BYTES_MAX + 1),
    ],
)
def test_a_malformed_line_is_refused(line: bytes) -> None:
    with pytest.raises(Unreadable):
        read_line(line)


LOG = b"1775203290|1.1|support|NONE|ENTERQUEUE||064|5\r\nrubbish\n\n1775203305|1.1|support|NONE|ABANDON|1|4|15\n"


@pytest.mark.parametrize("size", [1, 3, 10, 10_000])
def test_lines_are_the_same_in_any_portions(size: int) -> None:
    lines = Lines()
    found: list[Entry] = []
    for place in range(0, len(LOG), size):
        found += lines.feed(LOG[place : place + size])
    assert ([one.event for one in found], lines.malformed) == (["ENTERQUEUE", "ABANDON"], 1)


def test_the_last_line_waits_for_its_end_unless_it_is_whole() -> None:
    for cut, wanted in ((0, 1), (1, 1), (3, 0), (6, 0)):
        lines = Lines()
        data = b"1775203305|1.1|support|NONE|ABANDON|1|4|15\n"
        assert list(lines.feed(data[: len(data) - 1 - cut])) == []
        assert len(list(lines.end())) == wanted, cut


def test_an_endless_line_is_one_malformed_line() -> None:
    lines = Lines()
    began = time.thread_time()
    found = [one for _ in range(2_000) for one in lines.feed(b"x" * 1_000)]
    found += lines.feed(b"\n1775203305|1.1|support|NONE|ABANDON|1|4|15\n")
    assert (len(found), lines.malformed) == (1, 1)
    assert time.thread_time() - began < 2.0


def test_an_enterqueue_goes_before_what_its_call_did_in_the_same_second() -> None:
    entries = [
        entry(0, "ABANDON", 1, 1, 0),
        entry(0, "ENTERQUEUE", "", "064", 1, call="2.2"),
        entry(0, "ENTERQUEUE", "", "064", 1),
        entry(1, "ABANDON", 1, 1, 1, call="2.2"),
    ]
    assert [(one.call_id, one.event) for one in in_order(entries)] == [
        ("1.1", "ENTERQUEUE"),
        ("2.2", "ENTERQUEUE"),
        ("1.1", "ABANDON"),
        ("2.2", "ABANDON"),
    ]


def test_leaving_and_entering_again_in_one_second_keeps_its_order() -> None:
    entries = [entry(0, "EXITWITHTIMEOUT", 1, 1, 90), entry(0, "ENTERQUEUE", "", "064", 1)]
    assert [one.event for one in in_order(entries)] == ["EXITWITHTIMEOUT", "ENTERQUEUE"]


def test_an_answered_call() -> None:
    assert told(
        entry(0, "ENTERQUEUE", "", "0641112223", 1),
        entry(7, "RINGNOANSWER", 7000),
        entry(22, "CONNECT", 22, "1.2", 2),
        entry(326, "COMPLETEAGENT", 22, 304, 1),
    ) == [
        ("call_queued", {}),
        ("call_connected", {"wait_s": 22, "agent": "PJSIP/201"}),
        ("call_ended", {"duration_s": 304, "status": "completed", "agent": "PJSIP/201"}),
    ]


def test_abandon_has_its_wait_third() -> None:
    (event,) = events(entry(15, "ABANDON", 1, 4, 15))
    assert event.extras == {"wait_s": 15, "status": "abandoned", "abandoned": True}


@pytest.mark.parametrize(
    ("event", "data", "wait", "status"),
    [
        ("EXITWITHTIMEOUT", (1, 2, 90), 90, "timeout"),
        ("EXITWITHKEY", (5, 1, 2, 33), 33, "key"),
        ("EXITEMPTY", (1, 1, 4), 4, "empty"),
    ],
)
def test_who_leaves_unserved_has_ended(event: str, data: tuple[int, ...], wait: int, status: str) -> None:
    assert told(entry(0, "ENTERQUEUE", "", "064", 1), entry(90, event, *data))[1:] == [
        ("call_ended", {"wait_s": wait, "status": status})
    ]


def test_who_enters_another_queue_soon_goes_on_as_the_same_contact() -> None:
    found = events(
        entry(0, "ENTERQUEUE", "", "064", 1),
        entry(90, "EXITWITHTIMEOUT", 1, 1, 90),
        entry(93, "ENTERQUEUE", "", "064", 1, queue="sales"),
        entry(99, "ABANDON", 1, 1, 6, queue="sales"),
    )
    assert [event.kind for event in found] == ["call_queued", "call_queued", "call_ended"]
    assert len({one.fact_id for one in facts(found)}) == 2


def test_who_enters_no_other_queue_has_ended_once_that_time_is_over() -> None:
    calls = QueueCalls(KNOWN)
    left = (entry(0, "ENTERQUEUE", "", "064", 1), entry(90, "EXITEMPTY", 1, 1, 90))
    later = entry(90 + REENTRY_SECONDS, "ADDMEMBER", call="REALTIME")
    assert [kind for kind, _ in told(*left, later, calls=calls, end=False)] == ["call_queued", "call_ended"]


def test_a_transfer_ends_what_the_log_can_tell() -> None:
    found = told(
        entry(0, "ENTERQUEUE", "", "064", 1), entry(60, "ATTENDEDTRANSFER", "BRIDGE", "b-1", 7, 405, 1)
    )
    assert found[1] == ("call_ended", {"duration_s": 405, "status": "transferred", "agent": "PJSIP/201"})


def test_a_missing_exit_ends_after_hours_or_at_a_new_start() -> None:
    entered = entry(0, "ENTERQUEUE", "", "064", 1)
    started = Entry(T + 60, "NONE", "NONE", "NONE", "QUEUESTART", ("",))
    late = entry(OPEN_SECONDS_MAX, "ENTERQUEUE", "", "065", 1, call="2.2")
    for after in (started, late):
        assert told(entered, after)[1] == ("call_ended", {"status": "lost"})


def test_the_manager_interface_and_the_log_tell_of_the_same_facts() -> None:
    log = events(
        entry(0, "ENTERQUEUE", "", "0641112223", 1),
        entry(22, "CONNECT", 22, "1.2", 2),
        entry(326, "COMPLETECALLER", 22, 304, 1),
    )
    ami = read(joined("1.1"), packet("AgentConnect", "1.1"), packet("AgentComplete", "1.1")).events
    assert [one.fact_id for one in facts(log)] == [one.fact_id for one in facts(ami)]


def test_totals_of_a_queue() -> None:
    lines = [
        entry(0, "ENTERQUEUE", "", "064", 1),
        entry(0, "ENTERQUEUE", "", "064", 1),  # the same line of two rotated copies
        entry(20, "CONNECT", 20, "1.2", 2),
        entry(30, "COMPLETEAGENT", 20, 10, 1),
        entry(40, "ENTERQUEUE", "", "065", 1, call="2.2"),
        entry(79, "ABANDON", 1, 1, 39, call="2.2"),
        entry(80, "ENTERQUEUE", "", "066", 1, call="3.3"),
        entry(90, "EXITWITHTIMEOUT", 1, 1, 10, call="3.3"),
        entry(91, "ENTERQUEUE", "", "067", 1, call="4.4"),
        entry(99, "ADDMEMBER", call="REALTIME"),
    ]
    totals = queue_metrics(lines)["support"]
    assert (totals["offered"], totals["answered"], totals["abandoned"], totals["timeout"]) == (4, 1, 1, 1)
    assert (totals["unfinished"], totals["within_20s"], totals["abandoned_before_40s"]) == (1, 1, 1)
    assert (totals["mean_wait_answered_s"], totals["abandonment_rate"]) == (20.0, 0.25)


def test_rates_of_nothing_are_none() -> None:
    totals = queue_metrics([entry(0, "ABANDON", 1, 1, 5)])["support"]
    assert (totals["abandonment_rate"], totals["mean_wait_answered_s"]) == (None, None)


def test_white_space_of_any_kind_about_the_time_is_no_fault() -> None:
    entry = read_line(b"\x1d1775204807\x1d\x0b|1.1|support|NONE|ENTERQUEUE||+4915112345678|1")

    assert entry.at_seconds == 1775204807
