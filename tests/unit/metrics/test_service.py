"""Watching measures, comparing them with their own past, and marking changes over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import metrics_pb2
from services.contract import decisions as d
from services.contract.codec import decode_fact, encode_decision
from services.contract.facts import ChangeMarked, Channel
from services.metrics import api
from services.metrics.api import MetricsApi
from services.metrics.baseline import z_score
from services.metrics.folding import fold
from services.metrics.ledger import Ledger
from services.metrics.marking import Marker
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from services.runtime.rpc import Refusal
from tests.unit.metrics.world import APPLIED, NOON_MS, QUARTER_MS, Writer, tally

DAY_MS = 86_400_000
WEEK_MS = 7 * 86_400_000
HOUR_MS = 3_600_000


@dataclass
class Context:
    """As much of a servicer's context as the service asks."""

    seconds: float = 5.0

    def time_remaining(self) -> float:
        return self.seconds


def board_of(writer: Writer, *, keep_quarters: int = 4_000) -> Board:
    made = Board(1)
    made.own(Ledger(0, keep_quarters=keep_quarters), target=0)
    feed(made, writer)
    return made


def feed(board: Board, writer: Writer) -> None:
    """What the log holds beyond what is folded."""
    for offset in range(board.ledgers[0].last_offset + 1, len(writer.records)):
        fold(board, 0, offset, encode_decision(writer.records[offset]))


def at(epoch_ms: int) -> Timestamp:
    return Timestamp(seconds=epoch_ms // 1000)


def hour(**more: Any) -> metrics_pb2.GetKpisRequest:
    return metrics_pb2.GetKpisRequest(
        from_at=at(NOON_MS + 2 * WEEK_MS), to_at=at(NOON_MS + 2 * WEEK_MS + HOUR_MS), **more
    )


def weeks_of_noons() -> Writer:
    """Three Fridays at noon: 20 scores, 17 of them good; as many; then 10, of which 6 are good."""
    writer = Writer().genesis().fact(APPLIED)
    for good, bad in ((17, 3), (17, 3), (6, 4)):
        began_ms = writer.now_ms
        for index in range(good + bad):
            score = 5 if index < good else 1
            writer.fact(d.SurveyNoted(score=score, channel=Channel.PHONE, queue_id="calls"))
        writer.fact(d.Resolved(tally=tally(topic="billing")))
        writer.wait(2 * HOUR_MS).fact(d.SurveyNoted(score=1, channel=Channel.PHONE, queue_id="calls"))
        writer.now_ms = began_ms + WEEK_MS
    return writer


# --- comparing ---------------------------------------------------------------------------------------------


async def compare(board: Board, query: metrics_pb2.GetKpisRequest, weeks: int = 0) -> Any:
    request = metrics_pb2.CompareWithBaselineRequest(query=query, weeks=weeks)
    return await MetricsApi(board).CompareWithBaseline(request, cast(Any, Context()))


async def test_a_window_is_compared_with_the_same_hours_of_earlier_weeks() -> None:
    """85 % is usual at this desk, so 60 % of ten answers is 2.2 standard errors below (operations.md 3.4)."""
    answer = await compare(board_of(weeks_of_noons()), hour())

    assert (answer.weeks, len(answer.rows)) == (2, 1)
    row = answer.rows[0]
    assert (row.now.survey_responses, row.baseline.survey_responses) == (10, 40)  # 14:00 is in neither
    found = next(one for one in row.deviations if one.ratio == "satisfaction")
    assert (found.now, found.baseline, found.n) == (0.6, 0.85, 10)
    assert found.z == pytest.approx((0.6 - 0.85) / (0.85 * 0.15 / 10) ** 0.5)
    assert found.z == pytest.approx(-2.214, abs=0.001)


async def test_changes_are_told_that_took_effect_in_the_window_or_its_past() -> None:
    writer = weeks_of_noons()
    for change, at_ms in (("before", NOON_MS - 1), ("shipper", NOON_MS + WEEK_MS), ("after", writer.now_ms)):
        writer.fact(d.ChangeNoted(change=change, effective_at_ms=at_ms))

    answer = await compare(board_of(writer), hour())

    assert [(mark.change, mark.desk_id, mark.effective_at.ToMilliseconds()) for mark in answer.changes] == [
        ("shipper", "acme", NOON_MS + WEEK_MS)
    ]


async def test_fewer_weeks_are_compared_where_fewer_are_asked_for() -> None:
    answer = await compare(board_of(weeks_of_noons()), hour(), weeks=1)

    assert (answer.weeks, answer.rows[0].baseline.survey_responses) == (1, 20)


async def test_a_whole_week_is_compared_with_the_four_before_it_as_metrics_comes() -> None:
    writer = Writer().genesis().fact(APPLIED)
    for _ in range(5 * 7 + 1):
        writer.fact(d.SurveyNoted(score=5, channel=Channel.PHONE, queue_id="calls")).wait(DAY_MS)
    end_ms = NOON_MS + 5 * WEEK_MS
    week = metrics_pb2.GetKpisRequest(from_at=at(end_ms - WEEK_MS), to_at=at(end_ms))

    answer = await compare(board_of(writer, keep_quarters=MetricsSettings().keep_quarters), week)

    assert (answer.weeks, answer.rows[0].baseline.survey_responses) == (4, 28)


async def test_a_desk_without_a_past_has_no_baseline() -> None:
    board = board_of(weeks_of_noons(), keep_quarters=96)

    with pytest.raises(Refusal) as refused:
        await compare(board, hour())

    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.OUT_OF_RANGE, "NO_BASELINE")


async def test_a_wrong_comparison_is_refused_naming_every_field() -> None:
    board = board_of(weeks_of_noons())
    with pytest.raises(Refusal) as refused:
        await compare(board, metrics_pb2.GetKpisRequest(), weeks=9)
    assert set(refused.value.fields) == {"query.from_at", "query.to_at", "weeks"}
    too_long = metrics_pb2.GetKpisRequest(
        from_at=at(NOON_MS), to_at=at(NOON_MS + WEEK_MS + QUARTER_MS), service_level_seconds=7
    )
    with pytest.raises(Refusal) as refused:
        await compare(board, too_long)
    assert set(refused.value.fields) == {"query.service_level_seconds"}


@pytest.mark.parametrize(("base", "n"), [(0.0, 10), (1.0, 10), (0.5, 0)])
def test_without_spread_or_answers_there_is_no_z(base: float, n: int) -> None:
    assert z_score(0.5, base, n) is None


def test_one_bad_day_of_a_hundred_answers_is_not_three_sigma() -> None:
    assert z_score(0.75, 0.85, 100) == pytest.approx(-2.8, abs=0.01)


# --- watching ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def watching(service: MetricsApi, **request: Any) -> AsyncIterator[Any]:
    stream: Any = service.WatchKpis(metrics_pb2.WatchKpisRequest(**request), cast(Any, Context()))
    try:
        yield stream
    finally:
        await stream.aclose()


async def test_who_watches_is_told_at_once_and_whenever_something_was_folded() -> None:
    writer = weeks_of_noons()
    board = board_of(writer)
    async with watching(MetricsApi(board), interval_ms=250) as stream:
        first = (await anext(stream)).kpis
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        feed(board, writer.fact(d.SurveyNoted(score=5, channel=Channel.PHONE, queue_id="calls")))
        second = (await asyncio.wait_for(waiting, 30)).kpis

    assert second.rows[0].survey_responses == first.rows[0].survey_responses + 1


async def test_a_watcher_whose_partition_goes_elsewhere_is_told_so() -> None:
    board = board_of(weeks_of_noons())
    async with watching(MetricsApi(board), interval_ms=250) as stream:
        await anext(stream)
        board.drop(0)
        with pytest.raises(Refusal, match="not folded"):
            await asyncio.wait_for(anext(stream), 30)


async def test_watchers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WATCHERS_MAX", 1)
    service = MetricsApi(board_of(weeks_of_noons()))
    async with watching(service) as one:
        await anext(one)
        async with watching(service) as other:
            with pytest.raises(Refusal) as refused:
                await anext(other)
    assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    async with watching(service) as again:  # the first has gone
        await anext(again)


async def test_an_interval_out_of_bounds_is_refused() -> None:
    async with watching(MetricsApi(board_of(weeks_of_noons())), interval_ms=10) as stream:
        with pytest.raises(Refusal, match="interval_ms"):
            await anext(stream)


# --- marking -----------------------------------------------------------------------------------------------


class Log:
    """Takes facts; a router in the tests decides each as the real one does (tests/unit/router/test_noting.py)."""

    def __init__(self, writer: Writer, board: Board, *, away: bool = False, silent: bool = False) -> None:
        self.writer, self.board, self.away, self.silent = writer, board, away, silent
        self.facts: list[Any] = []

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        assert (topic, partition, key) == ("frontdesk.facts.v1", 0, b"acme")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.away:
            future.set_exception(LogUnavailable("no broker"))
            return future
        future.set_result(len(self.facts))
        fact = decode_fact(value)
        assert isinstance(fact.body, ChangeMarked)
        again = any(one.fact_id == fact.fact_id for one in self.facts)
        self.facts.append(fact)
        if not self.silent:
            noted = d.ChangeNoted(change=fact.body.change, effective_at_ms=fact.body.effective_at_ms)
            self.writer.fact(
                d.DuplicateIgnored(fact_id=fact.fact_id) if again else noted, fact_id=fact.fact_id
            )
            feed(self.board, self.writer)
        return future

    async def close(self) -> None:
        """Nothing is open."""


async def mark(log: Log, seconds: float = 5.0, **request: Any) -> metrics_pb2.MarkChangeResponse:
    service = MetricsApi(log.board, Marker(log, log.board, ManualClock(NOON_MS)))
    filled = {"desk_id": "acme", "request_id": "r1", "change": "new-shipper", **request}
    return await service.MarkChange(metrics_pb2.MarkChangeRequest(**filled), cast(Any, Context(seconds)))


def log_of(**how: bool) -> Log:
    writer = weeks_of_noons()
    return Log(writer, board_of(writer), **how)


async def test_a_change_is_marked_through_the_log_and_once() -> None:
    log = log_of()
    first, again = await mark(log), await mark(log)

    assert (first.mark.change, first.mark.effective_at.ToMilliseconds()) == ("new-shipper", NOON_MS)
    assert (first.newly_marked, again.newly_marked) == (True, False)
    assert len({fact.fact_id for fact in log.facts}) == 1
    assert log.board.changes("acme") == [(NOON_MS, "acme", "new-shipper")]
    assert log.board.waiting() == 0


@pytest.mark.parametrize(
    ("how", "request_fields", "code", "reason"),
    [
        ({"away": True}, {}, grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE"),
        ({"silent": True}, {}, grpc.StatusCode.DEADLINE_EXCEEDED, "OUTCOME_UNKNOWN"),
        ({}, {"change": "Ana!"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ({}, {"request_id": ""}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
    ],
)
async def test_a_mark_that_cannot_be_made_says_why(
    how: dict[str, bool], request_fields: dict[str, str], code: grpc.StatusCode, reason: str
) -> None:
    log = log_of(**how)
    with pytest.raises(Refusal) as refused:
        await mark(log, 0.05 if how.get("silent") else 5.0, **request_fields)

    assert (refused.value.code, refused.value.reason) == (code, reason)
    assert log.board.waiting() == 0


async def test_a_partition_that_is_elsewhere_is_not_written_to() -> None:
    log = log_of()
    log.board.drop(0)
    with pytest.raises(Refusal, match="not folded"):
        await mark(log)
    assert log.facts == []


async def test_a_replica_without_a_log_marks_nothing() -> None:
    with pytest.raises(Refusal) as refused:
        await MetricsApi(Board(1)).MarkChange(metrics_pb2.MarkChangeRequest(), cast(Any, Context()))
    assert refused.value.reason == "CANNOT_WRITE"


# --- service level -----------------------------------------------------------------------------------------


async def test_each_formula_of_the_service_level_has_its_name() -> None:
    """Nine answered, six of them within 20 s; two gave up after 3 s and 30 s; one went to another queue."""
    writer = Writer().genesis().fact(APPLIED)
    for wait_ms in (1_000, 2_000, 3_000, 4_000, 5_000, 20_000, 20_001, 30_000, 40_000):
        writer.fact(
            d.ContactOpened(contact_id=f"c{wait_ms}", channel=Channel.PHONE),
            d.ContactQueued(contact_id=f"c{wait_ms}", channel=Channel.PHONE, queue_id="calls"),
            d.Assigned(
                contact_id=f"c{wait_ms}",
                channel=Channel.PHONE,
                queue_id="calls",
                first=True,
                wait_since_queue_ms=wait_ms,
            ),
        )
    for wait_ms in (3_000, 30_000):
        writer.fact(
            d.Abandoned(
                queue_id="calls",
                wait_since_arrival_ms=wait_ms,
                wait_since_queue_ms=wait_ms,
                tally=tally(handled=False),
            )
        )
    writer.fact(
        d.ContactOpened(contact_id="x", channel=Channel.PHONE),
        d.ContactQueued(contact_id="x", channel=Channel.PHONE, queue_id="calls"),
        d.ContactQueued(contact_id="x", channel=Channel.PHONE, queue_id="post"),
    )
    request = metrics_pb2.GetKpisRequest()
    row = (await MetricsApi(board_of(writer)).GetKpis(request, cast(Any, Context()))).rows[0]

    assert row.service_levels == {
        "answered20_per_offered": 6 / 12,
        "answered20_per_answered": 6 / 9,
        "left20_per_left": 7 / 11,
        "left20_per_queued": 8 / 11,  # of eleven entries: nine, and two of the one that went on
        "answered20_per_not_short": 6 / 11,
        "answered20_per_answered_or_late": 6 / 10,
    }
    assert (row.offered, row.queued, row.flowed_out) == (12, 11, 1)
