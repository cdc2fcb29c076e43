"""Answers that are no success, said so that a program can act on them; and how long a caller still waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

DOMAIN = "frontdesk"
DEADLINE_SECONDS_MAX = 60.0
"""Longest a unary call may take; a caller without a deadline gets this one."""
ANSWER_MARGIN_SECONDS, ANSWER_MARGIN_SHARE = 0.2, 0.1
"""Kept of a caller's deadline for the way back: so many seconds, at most this share of it."""


class Refusal(Exception):
    """An answer that is no success, said so that a program can act on it.

    `reason` is UPPER_SNAKE_CASE from a short list; `fields` maps a field's path to what is wrong with it and
    how to mend it; `retry_after_ms` tells when repeating makes sense; `metadata` is what a program may want to know.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.fields, self.metadata = dict(fields or {}), dict(metadata or {})
        self.retry_after_ms = retry_after_ms

    def status(self) -> status_pb2.Status:
        """The google.rpc.Status that carries all of it."""
        details: list[Any] = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        ]
        if self.fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
                for field, text in self.fields.items()
            ]
            details.append(error_details_pb2.BadRequest(field_violations=violations))
        if self.retry_after_ms is not None:
            delay = Duration(
                seconds=self.retry_after_ms // 1000, nanos=self.retry_after_ms % 1000 * 1_000_000
            )
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            one = PackedAny()
            one.Pack(detail)
            packed.append(one)
        number = code_pb2.Code.Value(self.code.name)
        return status_pb2.Status(code=number, message=self.message, details=packed)


def invalid(fields: Mapping[str, str]) -> Refusal:
    """INVALID_ARGUMENT naming every field at fault."""
    text = "; ".join(f"{field}: {fault}" for field, fault in fields.items())
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", text, fields=fields)


def seconds_left(context: grpc.aio.ServicerContext[Any, Any]) -> float:
    """Time the caller still waits, never more than DEADLINE_SECONDS_MAX."""
    left = context.time_remaining()
    return DEADLINE_SECONDS_MAX if left is None else min(left, DEADLINE_SECONDS_MAX)


def answer_seconds(context: grpc.aio.ServicerContext[Any, Any]) -> float:
    """How long an answer may take so that the caller still gets it: a refusal that is late is only a timeout."""
    left = seconds_left(context)
    return max(0.0, left - min(ANSWER_MARGIN_SECONDS, left * ANSWER_MARGIN_SHARE))
