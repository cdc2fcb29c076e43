"""What can go wrong for a caller.

ClientError
├── Refused          the service said no, by name; repeating the same call did not or will not help
├── NoAnswer         no answer within the deadline; of a write the outcome is unknown (also a TimeoutError)
└── SessionLost      a stream could not be kept up for as long as allowed (also a ConnectionError)
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

DOMAIN = "frontdesk"
NOT_SPOKEN_HERE = "what listens there does not know this call: another of the services, or an older version"
_TRANSPORT = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
    }
)
"""What a call ends with that met a dying process, a cut connection or one that hangs."""
_OURS = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)
"""Refusals of the service that another replica, or the same one later, may not give."""


class ClientError(Exception):
    """Any of the errors of this library."""


class Refused(ClientError):
    """The service said no, so that a program can act on it.

    `reason` is in capitals from a short list (docs/clients.md), empty when it was the transport; `fields` maps each
    field at fault to what is wrong with it.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(f"{code.name} {reason}: {message}" if reason else f"{code.name}: {message}")
        self.code, self.reason, self.message = code, reason, message
        self.fields, self.metadata = dict(fields or {}), dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds

    @property
    def may_repeat(self) -> bool:
        """True when the same call may be taken later, or elsewhere. Every call here is safe to repeat."""
        if self.reason:
            return self.code in _OURS or self.retry_after_seconds is not None
        if (
            self.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        ):  # gRPC's own: too many calls, or a message that is too long
            return "larger than max" not in self.message
        return self.code in _TRANSPORT

    @property
    def is_doubtful(self) -> bool:
        """True for a no that may only be too early, such as an agent configured a moment ago: it says when to come back."""
        return self.may_repeat and bool(self.reason) and self.code not in _OURS

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> Refused:
        """The refusal that an RPC ended with, with all details."""
        reason, fields, metadata, retry = "", {}, {}, None
        try:
            status = rpc_status.from_call(error)
        except ValueError:  # details that contradict the status: not of our services
            status = None
        for detail in status.details if status is not None else ():
            info, bad, pause = (
                error_details_pb2.ErrorInfo(),
                error_details_pb2.BadRequest(),
                error_details_pb2.RetryInfo(),
            )
            if detail.Unpack(info) and info.domain == DOMAIN:
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                fields = {one.field: one.description for one in bad.field_violations}
            elif detail.Unpack(pause):
                retry = pause.retry_delay.ToMilliseconds() / 1000
        message = error.details() or ""
        if error.code() is grpc.StatusCode.UNIMPLEMENTED and not reason:
            message = NOT_SPOKEN_HERE
        return cls(
            error.code(),
            reason,
            message,
            fields=fields,
            metadata=metadata,
            retry_after_seconds=retry,
        )


class NoAnswer(ClientError, TimeoutError):
    """No answer within the deadline. What a write did is unknown: repeat it with its `command_id`, it takes effect once."""

    def __init__(self, what: str, *, command_id: str = "", last: Exception | None = None) -> None:
        known = f" ({last})" if last is not None else ""
        super().__init__(f"{what}: no answer in time{known}")
        self.command_id, self.last = command_id, last


class SessionLost(ClientError, ConnectionError):
    """A stream could not be kept up for as long as allowed; the message says why."""
