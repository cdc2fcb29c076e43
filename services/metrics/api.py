"""MetricsService over gRPC: exact measures over windows of event time. Translates and validates, counts nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.metrics.kpis import Dimension, Kpis, kpis
from services.metrics.rows import BASE, QUARTER_MS
from services.metrics.store import Board
from services.runtime.rpc import Refusal, invalid

NAME = "frontdesk.v1.MetricsService"
DESK_ID_LENGTH_MAX = 200
Context = grpc.aio.ServicerContext[Any, Any]

_DIMENSIONS = {
    metrics_pb2.KPI_DIMENSION_CHANNEL: Dimension.CHANNEL,
    metrics_pb2.KPI_DIMENSION_QUEUE: Dimension.QUEUE,
    metrics_pb2.KPI_DIMENSION_DESK: Dimension.DESK,
}


class MetricsApi(metrics_pb2_grpc.MetricsServiceServicer):
    """The servicer; one per replica."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def add_to(self, server: grpc.aio.Server) -> None:
        metrics_pb2_grpc.add_MetricsServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call] # generated

    async def GetKpis(
        self, request: metrics_pb2.GetKpisRequest, context: Context
    ) -> metrics_pb2.GetKpisResponse:
        """The rows are taken at once and summed up in a thread, so that a long window does not hold up the loop."""
        del context
        first, end, group_by = _validated(request)
        self._all_here(request.desk_id)
        oldest = self._board.oldest_quarter(request.desk_id)
        if first != BASE and first < oldest:
            raise Refusal(
                grpc.StatusCode.OUT_OF_RANGE,
                "WINDOW_TOO_OLD",
                f"quarter hours before {oldest * QUARTER_MS // 1000} s since the epoch are summed up; "
                "leave from_at out to take everything from the start of the log",
                fields={"from_at": f"must be at least {oldest * QUARTER_MS // 1000} s, or absent"},
            )
        if end is not None and end < oldest:
            raise Refusal(
                grpc.StatusCode.OUT_OF_RANGE,
                "WINDOW_TOO_OLD",
                f"quarter hours before {oldest * QUARTER_MS // 1000} s since the epoch are summed up",
                fields={"to_at": f"must be at least {oldest * QUARTER_MS // 1000} s, or absent"},
            )
        window = self._board.window(first, end, desk_id=request.desk_id)
        found = await asyncio.to_thread(kpis, window.rows, group_by)
        return metrics_pb2.GetKpisResponse(
            rows=[kpi_row(one) for one in found],
            watermark_at=_timestamp(window.watermark_ms) if window.watermark_ms else None,
            decisions=window.decisions,
        )

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


def _validated(
    request: metrics_pb2.GetKpisRequest,
) -> tuple[int, int | None, tuple[Dimension, ...]]:
    """First quarter, first quarter after, dimensions; raises Refusal naming every field at fault."""
    faults: dict[str, str] = {}
    first = (_quarter("from_at", request.from_at, faults) if request.HasField("from_at") else 0) or BASE
    end = _quarter("to_at", request.to_at, faults) if request.HasField("to_at") else None
    if end is not None and not faults and end <= first:
        faults["to_at"] = "must be after from_at"
    group_by = []
    for index, number in enumerate(request.group_by):
        dimension = _DIMENSIONS.get(number)
        if dimension is None:
            faults[f"group_by[{index}]"] = "must be CHANNEL, QUEUE or DESK"
        elif dimension in group_by:
            faults[f"group_by[{index}]"] = "is named twice"
        else:
            group_by.append(dimension)
    if len(request.desk_id) > DESK_ID_LENGTH_MAX:
        faults["desk_id"] = f"must have at most {DESK_ID_LENGTH_MAX} characters"
    if faults:
        raise invalid(faults)
    return first, end, tuple(group_by)


def _quarter(field: str, at: Timestamp, faults: dict[str, str]) -> int:
    if at.seconds < 0 or at.nanos or at.seconds * 1000 % QUARTER_MS:
        faults[field] = "must be on a quarter of an hour (00, 15, 30, 45) since the epoch"
    return at.seconds * 1000 // QUARTER_MS


def kpi_row(one: Kpis) -> metrics_pb2.KpiRow:
    """A row as told over gRPC; parts in milliseconds become sums of seconds."""
    parts: dict[str, float] = {}
    for name, value in one.parts.items():
        if name.endswith("_ms"):
            parts[f"{name.removesuffix('_ms')}_seconds_sum"] = value / 1000
        else:
            parts[name] = value
    return metrics_pb2.KpiRow(
        group=one.group,
        service_levels=one.service_levels,
        topics=one.topics,
        outbound=one.outbound,
        **parts,  # type: ignore[arg-type] # by name
        **one.ratios(),  # type: ignore[arg-type] # by name
    )


def _timestamp(epoch_ms: int) -> Timestamp:
    return Timestamp(seconds=epoch_ms // 1000, nanos=epoch_ms % 1000 * 1_000_000)
