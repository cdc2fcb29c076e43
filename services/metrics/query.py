"""A question to GetKpis, checked; and an answer's rows as messages."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import metrics_pb2
from services.metrics.contact_measures import QUEUE_WAIT
from services.metrics.kpis import Dimension, Kpis
from services.metrics.rows import BASE, QUARTER_MS
from services.runtime.rpc import invalid

DESK_ID_LENGTH_MAX = 200
SERVICE_LEVEL_SECONDS = 20
_DIMENSIONS = {
    metrics_pb2.KPI_DIMENSION_CHANNEL: Dimension.CHANNEL,
    metrics_pb2.KPI_DIMENSION_QUEUE: Dimension.QUEUE,
    metrics_pb2.KPI_DIMENSION_DESK: Dimension.DESK,
}


@dataclass(frozen=True, slots=True)
class Query:
    """First quarter, first quarter after (None: up to now), groups, one desk or all, bound of the service level."""

    first: int
    end: int | None
    group_by: tuple[Dimension, ...]
    desk_id: str
    service_level_seconds: int


def checked(request: metrics_pb2.GetKpisRequest, *, prefix: str = "") -> Query:
    """The question; raises Refusal naming every field at fault, each with `prefix` before it."""
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
    seconds = request.service_level_seconds or SERVICE_LEVEL_SECONDS
    if seconds not in QUEUE_WAIT.bounds:
        faults["service_level_seconds"] = f"must be one of {', '.join(map(str, QUEUE_WAIT.bounds))}"
    if faults:
        raise invalid({prefix + field: fault for field, fault in faults.items()})
    return Query(first, end, tuple(group_by), request.desk_id, seconds)


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


def timestamp(epoch_ms: int) -> Timestamp:
    """The instant as a message."""
    return Timestamp(seconds=epoch_ms // 1000, nanos=epoch_ms % 1000 * 1_000_000)
