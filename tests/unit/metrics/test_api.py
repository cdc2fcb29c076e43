"""GetKpis refuses what it cannot answer exactly, and divides only where there is something to divide by."""

from __future__ import annotations

from typing import Any, cast

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import metrics_pb2
from services.contract import decisions as d
from services.contract.facts import Channel
from services.contract.topics import partition_of
from services.metrics.api import MetricsApi
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.runtime.rpc import Refusal
from tests.unit.metrics.world import APPLIED, NOON_MS, QUARTER_MS, Writer, tally

HOME = partition_of("acme", 4)


def board(writer: Writer, *, partitions: int = 1, keep_quarters: int = 768, target: int = 0) -> Board:
    made = Board(partitions)
    ledger = Ledger(partition_of("acme", partitions), keep_quarters=keep_quarters)
    for offset, record in enumerate(writer.records):
        ledger.apply(offset, record)
    made.own(ledger, target=target)
    return made


async def get(made: Board, **request: Any) -> metrics_pb2.GetKpisResponse:
    return await MetricsApi(made).GetKpis(metrics_pb2.GetKpisRequest(**request), cast(Any, None))


def at(epoch_ms: int) -> Timestamp:
    return Timestamp(seconds=epoch_ms // 1000)


def day() -> Writer:
    """One quarter hour with known numbers."""
    return (
        Writer()
        .genesis()
        .fact(APPLIED)
        .fact(
            d.ContactOpened(contact_id="c1", channel=Channel.PHONE),
            d.Offered(
                contact_id="c1", channel=Channel.PHONE, queue_id="calls", authority=d.AuthorityCover.SHORT
            ),
        )
        .fact(
            d.Assigned(
                contact_id="c1",
                channel=Channel.PHONE,
                queue_id="calls",
                first=True,
                wait_since_arrival_ms=30_000,
                wait_since_queue_ms=10_000,
                within_target=True,
            )
        )
        .timer(d.TargetMissed(channel=Channel.PHONE, queue_id="calls", promise="target"))
        .fact(d.Abandoned(queue_id="calls", wait_since_arrival_ms=4_000, tally=tally(handled=False)))
        .fact(d.Transferred(channel=Channel.PHONE, queue_id="calls"))
        .fact(d.Resolved(tally=tally(transfers=2, escalated=True)))
        .fact(d.Closed(tally=tally(first=False)))
        .fact(d.Reopened(channel=Channel.PHONE, queue_id="calls", after_ms=1))
    )


async def test_the_parts_and_ratios_of_a_known_quarter_hour() -> None:
    answer = await get(board(day()))

    assert len(answer.rows) == 1
    row = answer.rows[0]
    assert (row.arrived, row.offered, row.answered, row.abandoned, row.abandoned_short) == (1, 2, 1, 1, 1)
    assert (row.handled, row.escalated, row.transfers, row.chains, row.repeats) == (2, 1, 1, 1, 1)
    assert (row.fcr_provisional_closed, row.fcr_provisional_resolved) == (1, 1)
    assert (row.promises_kept, row.promises_broken) == (1, 1)
    assert (row.offers, row.offers_authority_short) == (1, 1)
    assert (row.wait_since_arrival_seconds_sum, row.wait_since_queue_seconds_sum) == (30.0, 10.0)
    assert row.fcr_provisional == 1.0  # 1 / 1
    assert row.abandonment == 0.5  # 1 abandoned / 2 offered
    assert row.escalation == 0.5  # 1 escalated / 2 handled
    assert row.transfers_per_contact == 0.5  # 1 / 2
    assert row.average_speed_of_answer_seconds == 10.0  # 10 s / 1 leg
    assert answer.decisions == len(day().records)


async def test_nothing_counted_gives_a_row_of_zeros_and_no_ratio() -> None:
    row = (await get(board(Writer().genesis()))).rows[0]

    assert row.handled == 0
    assert not any(row.HasField(name) for name in ("fcr_provisional", "abandonment", "escalation"))


async def test_nothing_counted_gives_no_group() -> None:
    answer = await get(board(Writer().genesis()), group_by=[metrics_pb2.KPI_DIMENSION_QUEUE])

    assert list(answer.rows) == []
    assert not (await get(Board(0))).HasField("watermark_at")


async def test_an_answer_that_would_be_partial_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        await get(board(day(), partitions=4))  # this replica owns one of four

    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_FOLDED_HERE")
    assert refused.value.retry_after_ms


async def test_a_desk_whose_partition_is_here_is_answered() -> None:
    assert (await get(board(day(), partitions=4), desk_id="acme")).rows[0].handled == 2


async def test_a_log_that_is_not_folded_yet_is_refused() -> None:
    made = board(day(), target=len(day().records) + 1)

    with pytest.raises(Refusal, match="not folded"):
        await get(made)


async def test_quarter_hours_that_were_merged_can_only_be_had_from_the_start() -> None:
    writer = day()
    for _ in range(4):
        writer.wait(QUARTER_MS).fact(d.Resolved(tally=tally()))
    made = board(writer, keep_quarters=2)  # quarters 12:30, 12:45 and 13:00 are rows; 12:00 and 12:15 are not

    for window in ({"from_at": at(NOON_MS)}, {"to_at": at(NOON_MS + QUARTER_MS)}):
        with pytest.raises(Refusal) as refused:
            await get(made, **window)
        assert (refused.value.code, refused.value.reason) == (
            grpc.StatusCode.OUT_OF_RANGE,
            "WINDOW_TOO_OLD",
        )
    assert (await get(made)).rows[0].handled == 2 + 4
    assert (await get(made, from_at=at(0))).rows[0].handled == 2 + 4
    assert (await get(made, from_at=at(NOON_MS + 3 * QUARTER_MS))).rows[0].handled == 2


async def test_groups_come_in_the_order_of_their_names() -> None:
    writer = Writer().genesis().fact(APPLIED)
    for channel, queue in ((Channel.SOCIAL, "post"), (Channel.PHONE, "calls"), (Channel.EMAIL, "post")):
        writer.fact(d.Resolved(tally=tally(channel, queue)))

    answer = await get(
        board(writer), group_by=[metrics_pb2.KPI_DIMENSION_QUEUE, metrics_pb2.KPI_DIMENSION_CHANNEL]
    )

    assert [tuple(row.group) for row in answer.rows] == [
        ("calls", "phone"),
        ("post", "email"),
        ("post", "social"),
    ]


@pytest.mark.parametrize(
    ("request_fields", "fault"),
    [
        ({"from_at": Timestamp(seconds=899)}, "from_at"),
        ({"to_at": Timestamp(seconds=900, nanos=1)}, "to_at"),
        ({"from_at": at(NOON_MS), "to_at": at(NOON_MS)}, "to_at"),
        ({"group_by": [1, 2, 1]}, "group_by[2]"),
        ({"group_by": [42]}, "group_by[0]"),
    ],
)
async def test_a_wrong_field_is_named(request_fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(Refusal) as refused:
        await get(board(day()), **request_fields)

    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refused.value.fields) == [fault]
