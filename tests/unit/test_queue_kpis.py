"""A queue_log and call records as Frontdesk's KPIs: the same figures as a count by hand, and none where the file says none."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.queue_kpis import QueueKpis
from services.cli.read_queue_log import main
from services.intake.asterisk.cdr import Record
from services.intake.asterisk.queue_log import Entry
from services.metrics.kpis import Kpis

T = 1_775_203_200


def entry(
    at: int, event: str, *data: object, call: str = "1.1", queue: str = "support", agent: str = "A"
) -> Entry:
    return Entry(T + at, call, queue, agent, event, tuple(map(str, data)))


def entered(at: int, call: str = "1.1", queue: str = "support", caller: str = "+491515") -> Entry:
    return entry(at, "ENTERQUEUE", "", caller, 1, call=call, queue=queue, agent="NONE")


def rows(*entries: Entry, records: list[Record] | None = None) -> dict[str, Kpis]:
    calls = QueueKpis()
    for one in entries:
        calls.add(one)
    calls.add_records(records or [])
    return {one.group[0] if one.group else "all": one for one in calls.kpis()}


def parts(found: Kpis, *names: str) -> tuple[int, ...]:
    return tuple(found.parts[name] for name in names)


def test_an_answered_call_has_its_wait_and_its_talk() -> None:
    found = rows(
        entered(0),
        entry(8, "RINGNOANSWER", 7_000, agent="B"),
        entry(22, "CONNECT", 22, "1.2", 2),
        entry(90, "COMPLETEAGENT", 22, 68, 1),
    )["support"]

    assert parts(found, "arrived", "queued", "offered", "answered", "handled") == (1, 1, 1, 1, 1)
    assert parts(found, "wait_since_queue_ms", "handle_ms", "offers") == (22_000, 68_000, 2)
    assert found.service_levels["answered20_per_offered"] == 0.0


def test_who_gives_up_and_calls_again_tries_again() -> None:
    found = rows(
        entered(0),
        entry(3, "ABANDON", 1, 1, 3, agent="NONE"),
        entered(60, call="2.2"),
        entry(90, "ABANDON", 1, 1, 30, call="2.2", agent="NONE"),
        entered(95, call="3.3", caller="+491999"),
    )["support"]

    assert parts(found, "abandoned", "abandoned_short", "reattempts", "answered") == (2, 1, 1, 0)


def test_a_call_that_leaves_for_another_queue_was_offered_to_both() -> None:
    found = rows(
        entered(0),
        entry(30, "EXITWITHTIMEOUT", 1, agent="NONE"),
        entered(31, queue="sales"),
        entry(41, "CONNECT", 10, "1.2", 2, queue="sales"),
        entry(60, "COMPLETECALLER", 10, 19, 1, queue="sales"),
    )

    assert parts(found["support"], "queued", "offered", "flowed_out", "answered") == (1, 1, 1, 0)
    assert parts(found["sales"], "queued", "offered", "flowed_out", "answered") == (1, 1, 0, 1)
    assert parts(found["all"], "arrived", "handled") == (1, 1)


def test_a_call_that_leaves_for_nowhere_was_offered_to_nobody() -> None:
    found = rows(entered(0), entry(30, "EXITEMPTY", 1, 1, 30, agent="NONE"), entered(99, call="9.9"))[
        "support"
    ]

    assert parts(found, "queued", "offered", "flowed_out", "handled") == (2, 0, 0, 0)


def test_a_transfer_is_a_hop_of_the_contact() -> None:
    found = rows(
        entered(0),
        entry(5, "CONNECT", 5, "1.2", 2),
        entry(30, "BLINDTRANSFER", "300", "ctx", 5, 25, 1),
        entered(99, call="9.9"),
    )["support"]

    assert parts(found, "handled", "transfers", "transferred_contacts", "chains") == (1, 1, 1, 0)


def test_occupancy_needs_members_that_come_and_go() -> None:
    """The agent is there for 100 s and talks for 40 of them; an agent who is never named a member has no time."""
    talk = [entered(20), entry(30, "CONNECT", 10, "1.2", 2), entry(70, "COMPLETEAGENT", 10, 40, 1)]
    member = [entry(0, "ADDMEMBER", call="REALTIME"), entry(100, "REMOVEMEMBER", call="REALTIME")]

    with_member = rows(member[0], *talk, member[1])["all"]
    assert with_member.ratios()["occupancy"] == 0.4
    assert "occupancy" not in rows(*talk)["all"].ratios()


def test_what_the_file_does_not_say_has_no_value() -> None:
    found = rows(entered(0), entry(5, "CONNECT", 5, "1.2", 2), entry(30, "COMPLETEAGENT", 5, 25, 1))[
        "all"
    ].ratios()

    assert not {"fcr", "fcr_provisional", "within_target", "satisfaction"} & set(found)


def test_a_line_that_comes_twice_counts_once() -> None:
    log = [entered(0), entry(5, "CONNECT", 5, "1.2", 2), entry(30, "COMPLETEAGENT", 5, 25, 1)]

    assert rows(*log, *log)["all"].parts == rows(*log)["all"].parts


def test_calls_of_the_records_alone_stand_under_no_queue() -> None:
    records = [
        Record(
            uniqueid=f"{T}.{number}",
            began_at_ms=T * 1000,
            duration_seconds=40,
            billed_seconds=billed,
            disposition="ANSWERED" if billed else "NO ANSWER",
            agent="PJSIP/201",
        )
        for number, billed in ((1, 30), (2, 0))
    ]
    found = rows(entered(0), records=records)

    assert parts(found["all"], "arrived", "answered", "abandoned", "handled") == (3, 1, 1, 1)
    assert parts(found["other"], "wait_since_queue_ms", "handle_ms") == (10_000, 30_000)


def test_the_command_prints_them_in_plain_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "queue_log"
    log.write_text(
        f"{T}|1.1|support|NONE|ENTERQUEUE||+491515|1\n"
        f"{T + 22}|1.1|support|A|CONNECT|22|1.2|2\n"
        f"{T + 90}|1.1|support|A|COMPLETEAGENT|22|68|1\n"
    )
    assert main(["--kpis", str(log)]) == 0
    told = capsys.readouterr().out

    assert told.startswith("all\n") and "\nsupport\n" in told
    assert "22.0 s on average" in told and "68.0 s a contact" in told
    assert "first contact" not in told and "escalated" not in told  # the file does not say
