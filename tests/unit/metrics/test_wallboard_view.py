"""The wallboard's frame says what the board holds, beside what is usual, and claims nothing that chance explains."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.contract import decisions as d
from services.contract.facts import Channel
from services.contract.topics import partition_of
from services.metrics import folds
from services.metrics.ledger import Ledger
from services.metrics.rows import QUARTER_MS
from services.metrics.store import Board
from services.metrics.wallboard.counts import PARTS, Quarters
from services.metrics.wallboard.days import Day, day_of
from services.metrics.wallboard.figures import KINDS, figure
from services.metrics.wallboard.frame import DESKS_MAX, LINES_MAX, Frame, Line, encode
from services.metrics.wallboard.reading import read
from services.metrics.wallboard.view import Reading, Times, frame_of
from tests.unit.metrics.wallboard_day import DAY_MS, HOUR_MS, MIDNIGHT_MS, NOW_MS, made_up
from tests.unit.metrics.world import APPLIED, NOON_MS, Writer, random_log, tally

UTC = ZoneInfo("UTC")
WITHIN = next(kind for kind in KINDS if kind.name == "within_promise")


def board_of(writer: Writer, *, partitions: int = 1, target: int = 0) -> Board:
    board = Board(partitions)
    ledger = Ledger(partition_of("acme", partitions))
    for offset, record in enumerate(writer.records):
        ledger.apply(offset, record)
    board.own(ledger, target=target)
    return board


def frame(board: Board, *, desk: str = "", now_ms: int = NOW_MS, weeks: int = 4) -> Frame:
    times = Times(now_ms, UTC, weeks=weeks)
    return frame_of(read(board, Quarters(), desk, [times.today, *times.before]), times, assets="a")


def live(**reading: object) -> Reading:
    return Reading("live", "acme", ["acme"], **reading)  # type: ignore[arg-type]


# --- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "slots"),
    [
        ("UTC", NOON_MS, 96),
        ("Europe/Ljubljana", NOON_MS, 96),
        ("Europe/Ljubljana", 1_774_778_400_000, 92),  # 2026-03-29, the clocks go forward: 23 hours
        ("Europe/Ljubljana", 1_792_926_000_000, 100),  # 2026-10-25, they go back: 25 hours
        ("Asia/Kathmandu", NOON_MS, 96),  # UTC+5:45: midnight is on a quarter hour
    ],
)
def test_a_day_is_from_midnight_to_midnight_of_its_zone(zone: str, at: int, slots: int) -> None:
    day = day_of(at, ZoneInfo(zone))
    assert day.starts_at_ms <= at < day.end * QUARTER_MS
    assert day.slots == slots


def test_the_day_a_week_before_begins_at_the_same_hour_of_the_clock() -> None:
    zone = ZoneInfo("Europe/Ljubljana")
    after_change = 1_774_951_200_000  # Tuesday 2026-03-31, two days after the clocks went forward
    day, before = day_of(after_change, zone), day_of(after_change, zone, weeks_before=1)
    assert day.starts_at_ms - before.starts_at_ms == 7 * DAY_MS - HOUR_MS


# --- figures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "before", "verdict"),
    [
        ((60, 40), (85, 15), "below"),  # 60 % against 85 %, 100 cases each: 4.0 standard errors
        ((95, 5), (70, 30), "above"),  # 4.7
        ((75, 25), (85, 15), "usual"),  # 1.8: one bad day of 100 is none (operations.md 3.4)
        ((0, 10), (85, 15), ""),  # 10 cases today are too few to judge
        ((60, 40), (0, 0), ""),  # nothing to compare with
        ((100, 0), (100, 0), "usual"),  # all kept, then as now: no error to divide by
    ],
)
def test_a_figure_is_unusual_only_beyond_three_standard_errors(
    today: tuple[int, int], before: tuple[int, int], verdict: str
) -> None:
    counts = [{"promises_kept": kept, "promises_broken": broken} for kept, broken in (today, before)]
    assert figure(WITHIN, *counts).verdict == verdict


def test_a_figure_without_a_denominator_is_absent_and_not_0() -> None:
    assert figure(WITHIN, {}, {}).value is None
    assert msgspec.json.decode(msgspec.json.encode(figure(WITHIN, {}, {}))) == {
        "name": "within_promise",
        "part": 0,
        "of": 0,
    }


def test_transfers_are_a_number_per_contact_that_may_exceed_1() -> None:
    transfers = next(kind for kind in KINDS if kind.name == "transfers")
    found = figure(transfers, {"transfers": 60, "handled": 40}, {"transfers": 10, "handled": 100})
    assert (found.value, found.usual, found.verdict) == (1.5, 0.1, "above")


# --- the frame --------------------------------------------------------------------------------------------


def test_the_frame_of_a_day_agrees_with_get_kpis() -> None:
    """Counted here by quarter hours, there by one sum over the same window."""
    board = board_of(made_up())
    found = frame(board)
    totals: dict[tuple[str, ...], int] = {}
    for _, row in board.window(MIDNIGHT_MS // QUARTER_MS, None).rows:
        for series, amount in row.items():
            totals[series] = totals.get(series, 0) + amount
    parts = folds.result(totals)
    by_name = {one.name: (one.part, one.of) for one in found.figures}
    assert by_name == {
        "within_promise": (parts["promises_kept"], parts["promises_kept"] + parts["promises_broken"]),
        "resolution": (parts["fcr_provisional_resolved"], parts["fcr_provisional_closed"]),
        "escalation": (parts["escalated"], parts["handled"]),
        "transfers": (parts["transfers"], parts["handled"]),
        "abandonment": (parts["abandoned"], parts["offered"]),
        "resolution_matured": (parts["fcr_resolved"], parts["fcr_matured"]),
    }
    assert found.curve is not None
    assert sum(found.curve.today) == parts["arrived"] > 100
    assert min(of for _, of in list(by_name.values())[:5]) > 100


def test_the_frame_agrees_with_the_log_about_who_waits() -> None:
    """Opened and not yet assigned or gone, straight from the records."""
    writer = made_up()
    waiting: dict[str, tuple[str, int]] = {}
    for record in writer.records:
        for event in record.events:
            if isinstance(event, d.ContactQueued):
                waiting[event.contact_id] = (event.queue_id, event.queued_at_ms)
            elif isinstance(event, d.Assigned | d.Abandoned):
                waiting.pop(event.contact_id, None)
    found = frame(board_of(writer)).waiting
    assert found is not None
    assert found.now == len(waiting) > 0
    assert found.oldest_since_ms == min(at_ms for _, at_ms in waiting.values())
    for line in found.lines:
        mine = [at_ms for queue, at_ms in waiting.values() if queue == line.queue]
        assert (line.waiting, line.oldest_since_ms) == (len(mine), min(mine, default=0))
    assert [line.queue for line in found.lines if not line.waiting] == sorted(
        line.queue for line in found.lines if not line.waiting
    )


def test_today_is_compared_with_the_same_weekday_up_to_the_same_time_of_day() -> None:
    writer = Writer(now_ms=MIDNIGHT_MS - 7 * DAY_MS).genesis().fact(APPLIED)
    for hour, amount in ((9, 3), (20, 50)):  # 50 came in the evening, which has not begun today
        writer.now_ms = MIDNIGHT_MS - 7 * DAY_MS + hour * HOUR_MS
        for number in range(amount):
            writer.fact(
                d.Abandoned(contact_id=f"c{hour}-{number}", queue_id="calls", tally=tally(handled=False))
            )
    writer.now_ms = NOW_MS
    writer.fact(d.ContactOpened(contact_id="c", channel=Channel.PHONE))
    found = next(one for one in frame(board_of(writer)).figures if one.name == "abandonment")
    assert found.usual_of == 3


def test_a_day_before_the_desk_began_is_no_usual_day() -> None:
    found = frame(board_of(made_up()))
    assert found.usual is not None and found.curve is not None
    assert (found.usual.days, found.usual.weekday) == (1, "Friday")
    assert len(found.curve.usual) == 96


def test_a_day_that_is_summed_up_already_is_not_compared_with() -> None:
    quarters = {Day(0, 1).first: {"arrived": 1}, (MIDNIGHT_MS - 7 * DAY_MS) // QUARTER_MS: {"arrived": 5}}
    times = Times(NOW_MS, UTC)
    kept = frame_of(live(quarters=quarters), times, assets="")
    gone = frame_of(live(quarters=quarters, whole_from=MIDNIGHT_MS // QUARTER_MS - 96), times, assets="")
    assert kept.usual is not None and gone.usual is not None
    assert (kept.usual.days, gone.usual.days) == (1, 0)
    assert gone.curve is not None and gone.curve.usual == []


def test_a_day_of_23_hours_is_compared_slot_by_slot_from_midnight() -> None:
    zone = ZoneInfo("Europe/Ljubljana")
    long_day = day_of(1_775_383_200_000, zone)  # Sunday 2026-04-05
    short_day = day_of(1_775_383_200_000, zone, weeks_before=1)  # 2026-03-29 has 92 slots
    quarters = {short_day.end - 1: {"arrived": 8}, long_day.first: {"arrived": 1}}
    found = frame_of(live(quarters=quarters), Times(1_775_383_200_000, zone), assets="")
    assert found.curve is not None
    assert (found.curve.slots, len(found.curve.usual), found.curve.usual[91], found.curve.usual[92]) == (
        96,
        96,
        8,
        0,
    )


def test_broken_promises_come_first_then_calls_then_the_longest_wait() -> None:
    lines = [
        Line("quiet", "phone"),
        Line("post", "email", 9, 0, 1_000),
        Line("chat", "social", 2, 0, 50_000),
        Line("late post", "email", 1, 1, 500),
        Line("calls", "phone", 1, 0, 60_000),
        Line("more calls", "phone", 1, 0, 55_000),
    ]
    found = frame_of(live(lines=lines), Times(NOW_MS, UTC), assets="").waiting
    assert found is not None
    assert [line.queue for line in found.lines] == [
        "late post",
        "more calls",
        "calls",
        "chat",
        "post",
        "quiet",
    ]
    assert found.oldest_since_ms == 500


def test_lines_beyond_the_bound_are_summed_up_and_the_longest_wait_comes_first() -> None:
    lines = [Line(f"q{number:03}", "phone", 1, 0, 1_000 + number) for number in range(LINES_MAX + 5)]
    found = frame_of(live(lines=list(reversed(lines))), Times(NOW_MS, UTC), assets="").waiting
    assert found is not None
    assert (found.now, len(found.lines), found.more) == (LINES_MAX + 5, LINES_MAX, 5)
    assert found.lines[0].queue == "q000"


def test_a_frame_stays_small_whatever_the_desk() -> None:
    """What is sent at once must fit into the bytes that a connection takes without waiting (64 KiB)."""
    lines = [Line("q" * 60 + str(number), "social", 10_000, 10_000, NOW_MS) for number in range(300)]
    quarters = {
        quarter: {"arrived": 100_000}
        for quarter in range(MIDNIGHT_MS // QUARTER_MS - 28 * 96, NOW_MS // QUARTER_MS)
    }
    desks = [f"desk-{number:060}" for number in range(1_000)]
    reading = Reading("live", "acme", desks, NOW_MS, lines, {"idle": 10_000}, quarters=quarters)
    found = frame_of(reading, Times(NOW_MS, UTC), assets="a" * 16)
    assert len(found.desks) == DESKS_MAX
    assert len(encode(found)) < 48 * 1024


def test_the_same_log_gives_the_same_frame() -> None:
    assert encode(frame(board_of(made_up()))) == encode(frame(board_of(made_up())))


def test_quarters_are_summed_up_again_only_when_they_changed() -> None:
    writer = Writer().genesis().fact(APPLIED)
    board, quarters = board_of(writer), Quarters()
    day = day_of(NOON_MS, UTC)
    ledger = board.ledgers[0]
    for number in range(3):
        writer.fact(d.ContactOpened(contact_id=f"c{number}", channel=Channel.PHONE))
        ledger.apply(len(writer.records) - 1, writer.records[-1])
        found = quarters.of([ledger], "acme", [day])
        assert found[NOON_MS // QUARTER_MS]["arrived"] == number + 1
    kept = quarters.of([ledger], "acme", [day])
    assert quarters.of([ledger], "acme", [day]) == kept


def test_counts_of_a_random_log_are_those_of_its_window() -> None:
    board = board_of(Writer(records=random_log(11, 1_500)))
    ledger = board.ledgers[0]
    days = [day_of(NOON_MS + offset * DAY_MS, UTC) for offset in range(3)]
    found = Quarters().of([ledger], "", days)
    summed = {name: sum(counts.get(name, 0) for counts in found.values()) for name in PARTS}
    rows = [row for _, row in ledger.window(days[0].first, days[-1].end)]
    assert summed == {name: sum(folds.result(row)[name] for row in rows) for name in PARTS}


# --- when there is nothing to show ------------------------------------------------------------------------


def test_a_board_without_a_desk_says_that_none_is_configured() -> None:
    assert frame(board_of(Writer().genesis())).state == "unconfigured"


def test_an_unknown_desk_is_told_with_those_that_there_are() -> None:
    found = frame(board_of(made_up()), desk="acne")
    assert (found.state, found.desk, found.desks) == ("unconfigured", "acne", ["acme"])


def test_a_partition_that_is_still_read_shows_no_figures() -> None:
    writer = made_up()
    found = frame(board_of(writer, target=len(writer.records) + 1))
    assert (found.state, found.waiting, found.figures) == ("recovering", None, [])


def test_a_desk_of_another_replica_is_said_to_be_elsewhere() -> None:
    board = board_of(Writer().genesis(), partitions=4)
    home = partition_of("acme", 4)
    other = next(f"desk-{n}" for n in range(100) if partition_of(f"desk-{n}", 4) != home)
    assert frame(board, desk=other).state == "elsewhere"


def test_before_any_partition_is_owned_the_board_recovers() -> None:
    assert frame(Board(4)).state == "recovering"


def test_an_idle_desk_has_a_frame_of_zeros() -> None:
    found = frame(board_of(Writer().genesis().fact(APPLIED)), now_ms=NOON_MS)
    assert found.state == "live" and found.waiting is not None and found.curve is not None
    assert (found.waiting.now, found.waiting.oldest_since_ms, sum(found.curve.today)) == (0, 0, 0)
    assert {line.queue for line in found.waiting.lines} == {"calls", "post"}
    assert all(one.value is None for one in found.figures)


def test_the_frame_says_whether_heartbeats_come() -> None:
    """With them silence is never only quiet."""
    writer = Writer().genesis().fact(APPLIED)
    assert not frame(board_of(writer), now_ms=NOON_MS).beats
    writer.fact(d.HeartbeatPassed(born_at_ms=NOON_MS))
    assert frame(board_of(writer), now_ms=NOON_MS).beats


def test_a_frame_names_no_contact_case_customer_or_agent() -> None:
    text = encode(frame(board_of(made_up()))).decode()
    assert "agent-" not in text and "case-" not in text and '"t1' not in text and '"b1' not in text
