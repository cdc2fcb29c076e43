"""MetricsService over gRPC: exact measures over windows of event time. Translates and validates, counts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.metrics.baseline import WEEKS_DEFAULT, WEEKS_MAX, WINDOW_QUARTERS_MAX, compared, earlier
from services.metrics.kpis import kpis
from services.metrics.marking import Marker
from services.metrics.query import Query, checked, kpi_row, timestamp
from services.metrics.rows import BASE, QUARTER_MS
from services.metrics.store import Board
from services.runtime.rpc import Refusal, invalid

NAME = "frontdesk.v1.MetricsService"
WATCHERS_MAX = 500
"""Streams of WatchKpis at one replica."""
INTERVAL_MS_MIN, INTERVAL_MS_DEFAULT, INTERVAL_MS_MAX = 250, 1_000, 3_600_000
Context = grpc.aio.ServicerContext[Any, Any]


class MetricsApi(metrics_pb2_grpc.MetricsServiceServicer):
    """The servicer; one per replica. Without a marker it refuses to mark changes."""

    def __init__(self, board: Board, marker: Marker | None = None) -> None:
        self._board, self._marker = board, marker
        self._watchers = 0

    def add_to(self, server: grpc.aio.Server) -> None:
        metrics_pb2_grpc.add_MetricsServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call] # generated

    async def GetKpis(
        self, request: metrics_pb2.GetKpisRequest, context: Context
    ) -> metrics_pb2.GetKpisResponse:
        """The rows are taken at once and summed up in a thread, so that a long window does not hold up the loop."""
        del context
        return await self._answer(checked(request))

    async def WatchKpis(
        self, request: metrics_pb2.WatchKpisRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.WatchKpisResponse]:
        """Answers at once, then whenever records were folded since; ends when the partition goes elsewhere."""
        del context
        query = checked(request.query, prefix="query.")
        interval_ms = request.interval_ms or INTERVAL_MS_DEFAULT
        if not INTERVAL_MS_MIN <= interval_ms <= INTERVAL_MS_MAX:
            raise invalid({"interval_ms": f"must be from {INTERVAL_MS_MIN} to {INTERVAL_MS_MAX}, or 0"})
        if self._watchers >= WATCHERS_MAX:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_WATCHERS",
                f"{WATCHERS_MAX} streams are open at this replica already",
                retry_after_ms=10_000,
            )
        self._watchers += 1
        try:
            told = -1
            while True:
                folded = self._board.folded()
                if folded != told:
                    told = folded
                    yield metrics_pb2.WatchKpisResponse(kpis=await self._answer(query))
                else:
                    self._all_here(query.desk_id)
                await asyncio.sleep(interval_ms / 1000)
        finally:
            self._watchers -= 1

    async def CompareWithBaseline(
        self, request: metrics_pb2.CompareWithBaselineRequest, context: Context
    ) -> metrics_pb2.CompareWithBaselineResponse:
        """The window beside the same hours of the same weekday in the weeks before it."""
        del context
        query, end, weeks = self._checked_comparison(request)
        self._all_here(query.desk_id)
        board = self._board
        oldest = max(board.oldest_quarter(query.desk_id), board.first_quarter(query.desk_id))
        before = earlier(query, weeks, oldest)
        if not before or query.first < oldest:
            raise Refusal(
                grpc.StatusCode.OUT_OF_RANGE,
                "NO_BASELINE",
                f"quarter hours are kept apart from {oldest * QUARTER_MS // 1000} s since the epoch on; "
                "no earlier week of this window is",
            )
        window = board.window(query.first, end, desk_id=query.desk_id)
        base = [row for ends in before for row in board.window(*ends, desk_id=query.desk_id).rows]
        rows = await asyncio.to_thread(compared, query, window.rows, base)
        since_ms = before[-1][0] * QUARTER_MS
        changes = [
            metrics_pb2.ChangeMark(change=change, desk_id=desk_id, effective_at=timestamp(at_ms))
            for at_ms, desk_id, change in board.changes(query.desk_id)
            if since_ms <= at_ms < end * QUARTER_MS
        ]
        return metrics_pb2.CompareWithBaselineResponse(
            rows=rows,
            weeks=len(before),
            changes=changes,
            watermark_at=timestamp(window.watermark_ms) if window.watermark_ms else None,
        )

    async def MarkChange(
        self, request: metrics_pb2.MarkChangeRequest, context: Context
    ) -> metrics_pb2.MarkChangeResponse:
        """Appends the fact and answers from the folded log, as commands of the router do."""
        if self._marker is None:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE, "CANNOT_WRITE", "this replica was given no log to write to"
            )
        left = context.time_remaining()
        return await self._marker.mark(request, timeout_seconds=10.0 if left is None else left)

    async def _answer(self, query: Query) -> metrics_pb2.GetKpisResponse:
        self._all_here(query.desk_id)
        self._kept(query)
        window = self._board.window(query.first, query.end, desk_id=query.desk_id)
        found = await asyncio.to_thread(
            kpis, window.rows, query.group_by, service_level_seconds=query.service_level_seconds
        )
        return metrics_pb2.GetKpisResponse(
            rows=[kpi_row(one) for one in found],
            watermark_at=timestamp(window.watermark_ms) if window.watermark_ms else None,
            decisions=window.decisions,
        )

    def _kept(self, query: Query) -> None:
        """Refuses a window whose ends lie in quarter hours that are no rows of their own any more."""
        oldest = self._board.oldest_quarter(query.desk_id)
        ends = {"from_at": query.first != BASE and query.first < oldest}
        ends["to_at"] = query.end is not None and query.end < oldest
        field = next((name for name, too_old in ends.items() if too_old), None)
        if field is not None:
            seconds = oldest * QUARTER_MS // 1000
            raise Refusal(
                grpc.StatusCode.OUT_OF_RANGE,
                "WINDOW_TOO_OLD",
                f"quarter hours before {seconds} s since the epoch are summed up; "
                "leave from_at out to take everything from the start of the log",
                fields={field: f"must be at least {seconds} s, or absent"},
            )

    def _checked_comparison(self, request: metrics_pb2.CompareWithBaselineRequest) -> tuple[Query, int, int]:
        query = checked(request.query, prefix="query.")
        weeks = request.weeks or WEEKS_DEFAULT
        faults = {}
        if query.first == BASE:
            faults["query.from_at"] = "is required"
        if query.end is None:
            faults["query.to_at"] = "is required"
        elif query.end - query.first > WINDOW_QUARTERS_MAX and query.first != BASE:
            faults["query.to_at"] = "must be at most seven days after from_at"
        if not 1 <= weeks <= WEEKS_MAX:
            faults["weeks"] = f"must be from 1 to {WEEKS_MAX}, or 0 for {WEEKS_DEFAULT}"
        if faults:
            raise invalid(faults)
        return query, query.end or 0, weeks

    def _all_here(self, desk_id: str) -> None:
        """Refuses rather than answering with the part of the log that this replica happens to own."""
        missing = self._board.missing(desk_id)
        if missing:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "NOT_FOLDED_HERE",
                f"{len(missing)} of the partitions asked for are not folded at this replica; ask another one, "
                "or one desk at a time",
                retry_after_ms=1000,
            )
