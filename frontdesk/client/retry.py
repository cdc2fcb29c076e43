"""One call, repeated within a deadline until it is answered or refused for good."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc

from frontdesk.client.errors import NoAnswer, Refused

T = TypeVar("T")
DOUBTED_SECONDS_MAX = 5.0
"""Longest that "no such desk" or agent is doubted, where the service says that it may be too early: replicas are not
so far behind, and who misspelt a name is to be told."""


@dataclass(frozen=True)
class Backoff:
    """Pauses between attempts: exponential, with full jitter, so that many callers do not come back together.

    The service's own word (RetryInfo) is the least pause. One attempt takes `attempt_seconds_max` at most, so that a
    replica which hangs does not use up the deadline of the call.
    """

    first_seconds: float = 0.05
    factor: float = 2.0
    max_seconds: float = 2.0
    attempt_seconds_max: float = 5.0

    def pause_seconds(self, attempt: int, asked_seconds: float | None, chance: float) -> float:
        """Before attempt + 1, counted from 0; `chance` is uniform in [0, 1)."""
        most = min(self.max_seconds, self.first_seconds * self.factor ** min(attempt, 30))
        return (asked_seconds or 0.0) + most * chance

    def drawn_seconds(self, attempt: int, asked_seconds: float | None = None) -> float:
        """The same by a chance of its own."""
        return self.pause_seconds(attempt, asked_seconds, random.random())  # noqa: S311 - no secret hangs on it


class Patience:
    """How long refusals are met by repeating: those that may be too early only for DOUBTED_SECONDS_MAX in all."""

    def __init__(self) -> None:
        self._doubted_since: float | None = None

    def check(self, refused: Refused, now_seconds: float) -> None:
        """Raises the refusal once repeating makes no sense any more."""
        if not refused.may_repeat:
            raise refused
        if refused.is_doubtful:
            if self._doubted_since is None:
                self._doubted_since = now_seconds
            if now_seconds - self._doubted_since >= DOUBTED_SECONDS_MAX:
                raise refused


async def repeated(
    what: str,
    attempt: Callable[[float], Awaitable[T]],
    *,
    deadline_seconds: float,
    backoff: Backoff,
    command_id: str = "",
) -> T:
    """The answer of the first attempt that has one; `attempt` is given its own time limit in seconds.

    Raises Refused for what repeating cannot or did not mend, NoAnswer once the deadline has passed.
    """
    loop = asyncio.get_running_loop()
    ends, number = loop.time() + deadline_seconds, 0
    last: Refused | None = None
    patience = Patience()
    while (left := ends - loop.time()) > 0:
        try:
            return await attempt(min(left, backoff.attempt_seconds_max))
        except grpc.aio.AioRpcError as error:
            refused = Refused.of(error)
            patience.check(refused, loop.time())
            if refused.reason or last is None:  # the service's own word tells more than that time was up
                last = refused
        pause = backoff.drawn_seconds(number, refused.retry_after_seconds)
        number += 1
        if loop.time() + pause >= ends:
            break
        await asyncio.sleep(pause)
    if last is not None and last.is_doubtful:
        raise last
    raise NoAnswer(what, command_id=command_id, last=last)
