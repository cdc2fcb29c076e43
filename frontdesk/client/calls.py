"""A connection to a service: unary calls that are repeated within their deadline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from frontdesk.client.endpoint import Endpoint
from frontdesk.client.retry import Backoff, repeated

DEADLINE_SECONDS = 10.0
Response = TypeVar("Response")


def random_id() -> str:
    """An id for one intent: 128 random bits."""
    return uuid.uuid4().hex


class Calls:
    """Use it as an async context manager."""

    def __init__(
        self,
        endpoint: Endpoint | str | Sequence[str],
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        backoff: Backoff | None = None,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.endpoint, self.deadline_seconds = Endpoint.of(endpoint), deadline_seconds
        self.backoff, self._new_id = backoff or Backoff(), new_id
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        self._channel = await self.endpoint.channel()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel is not None:
            await self._channel.close()

    @property
    def channel(self) -> grpc.aio.Channel:
        if self._channel is None:
            raise RuntimeError(f"use `async with {type(self).__name__}(...)`")
        return self._channel

    async def _call(
        self,
        method: Callable[..., Any],
        request: Any,
        answer: type[Response],  # noqa: ARG002 - tells the type of an untyped stub's answer
        *,
        deadline_seconds: float | None = None,
        command_id: str = "",
    ) -> Response:
        """The answer; raises Refused and NoAnswer."""

        async def attempt(seconds: float) -> Response:
            return await method(request, timeout=seconds)  # type: ignore[no-any-return] # generated stubs have no types

        return await repeated(
            type(request).__name__.removesuffix("Request"),
            attempt,
            deadline_seconds=self.deadline_seconds if deadline_seconds is None else deadline_seconds,
            backoff=self.backoff,
            command_id=command_id,
        )
