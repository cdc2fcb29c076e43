"""Appends that nobody waits for any more are still owed an answer."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.in_flight import InFlight, Pending
from services.runtime.log import BufferFull, LogUnavailable


def _flight(found: list[Pending]) -> InFlight:
    """Appends that are overdue after 20 ms, and are then found."""

    def overdue(pending: Pending) -> None:
        found.append(pending)
        pending.fail(LogUnavailable("too late"))

    return InFlight(asyncio.get_running_loop(), records_max=10, deadline_ms=20, overdue=overdue)


async def _overdue(*, sent: bool, answered: bool) -> list[Pending]:
    """Which appends were overdue, of one whose caller cancelled it."""
    found: list[Pending] = []
    flight = _flight(found)
    pending = flight.admit("topic", 0, b"k", b"v")
    pending.sent = sent
    pending.future.cancel()
    if answered:
        assert not pending.settle(7)
    await asyncio.sleep(0.1)
    flight.close()
    assert len(flight) == 0
    return found


async def test_who_went_away_hides_no_log_that_never_answers() -> None:
    """The producer of it is replaced at the deadline: aiokafka keeps an idempotent batch for ever (engine.md 4.2)."""
    assert len(await _overdue(sent=True, answered=False)) == 1


async def test_what_was_answered_or_never_sent_is_not_overdue() -> None:
    assert await _overdue(sent=True, answered=True) == []
    assert await _overdue(sent=False, answered=False) == []


async def test_a_cancelled_append_is_still_overdue_when_others_came_since() -> None:
    overdue: list[Pending] = []
    flight = _flight(overdue)
    first = flight.admit("topic", 0, b"k", b"v")
    first.sent = True
    first.future.cancel()
    second = flight.admit("topic", 0, b"k", b"w")
    second.settle(1)
    await asyncio.sleep(0.1)
    flight.close()

    assert overdue == [first]


async def test_cancelled_appends_are_bounded_too() -> None:
    """They are kept behind one that the log still owes an answer, each with its value."""
    flight = _flight([])
    flight.admit("topic", 0, b"k", b"v").sent = True
    for _ in range(9):
        flight.admit("topic", 0, b"k", b"v").future.cancel()
        await asyncio.sleep(0)
    with pytest.raises(BufferFull):
        flight.admit("topic", 0, b"k", b"v")
    assert len(flight) == 10

    await asyncio.sleep(0.1)
    assert len(flight) == 0
    flight.admit("topic", 0, b"k", b"v").settle(1)
    await asyncio.sleep(0)
    assert len(flight) == 0
    flight.close()
